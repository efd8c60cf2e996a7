//! Container images without a registry and without Docker: a layer, its configuration and
//! a manifest in one tar archive, as `docker save` writes it.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::layout::{BUSYBOX, PAUSE};

const PATH: &str = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
/// Fixed, so that the same files give the same image.
const TIME: &str = "1970-01-01T00:00:00Z";

/// Writes the images of pods and of their sandboxes to a directory. Both are Debian's
/// static busybox and nothing else.
pub(super) fn write_all(directory: &Path) -> Result<Vec<PathBuf>> {
    let layer = busybox_layer(&static_busybox()?)?;
    let images = [
        (BUSYBOX, &["/bin/sh"][..]),
        (PAUSE, &["/bin/busybox", "sleep", "infinity"]),
    ];
    let mut written = Vec::new();
    for (name, command) in images {
        let base = name.rsplit('/').next().unwrap_or(name);
        let path = directory.join(format!("{}.tar", base.replace(':', "-")));
        write_archive(&path, name, &layer, command)?;
        written.push(path);
    }
    Ok(written)
}

/// One that needs no libraries.
fn static_busybox() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join("busybox"));
    let found = places
        .find(|place| place.is_file())
        .context("no busybox: run `cargo xtask setup`")?;
    let bytes = fs::read(&found)?;
    // The interpreter's name stands in the first page of a program that is linked to
    // libraries.
    let start = bytes.get(..4096).unwrap_or(&bytes);
    if start.windows(4).any(|window| window == b"/ld-") {
        bail!(
            "{} is linked to libraries, which an image of it alone would lack: \
             install busybox-static",
            found.display()
        );
    }
    Ok(found)
}

/// Busybox under the name of each of its applets.
fn busybox_layer(busybox: &Path) -> Result<Vec<u8>> {
    let list = Command::new(busybox).arg("--list").output()?;
    let applets = String::from_utf8_lossy(&list.stdout).into_owned();
    let mut tar = tar::Builder::new(Vec::new());
    for (directory, mode) in [
        ("bin/", 0o755),
        ("dev/", 0o755),
        ("etc/", 0o755),
        ("proc/", 0o755),
        ("root/", 0o700),
        ("sys/", 0o755),
        ("tmp/", 0o1777),
        ("www/", 0o755),
    ] {
        add(&mut tar, tar::EntryType::Directory, directory, mode, &[])?;
    }
    let regular = tar::EntryType::Regular;
    add(&mut tar, regular, "bin/busybox", 0o755, &fs::read(busybox)?)?;
    let users = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
    add(&mut tar, regular, "etc/passwd", 0o644, users)?;
    for applet in applets.lines().filter(|name| *name != "busybox") {
        let mut header = header(tar::EntryType::Symlink, 0o777, 0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    Ok(tar.into_inner()?)
}

/// Writes a `docker save` archive of one layer.
fn write_archive(path: &Path, name: &str, layer: &[u8], command: &[&str]) -> Result<()> {
    let digest = digest(layer);
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": TIME,
        "config": {"Cmd": command, "Env": [PATH], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        "history": [{"created": TIME}],
    });
    let config = serde_json::to_vec(&config)?;
    let config_name = format!("{}.json", self::digest(&config));
    let layer_name = format!("{digest}/layer.tar");
    let manifest = json!([{
        "Config": config_name,
        "RepoTags": [name],
        "Layers": [layer_name],
    }]);
    let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    let mut tar = tar::Builder::new(file);
    let regular = tar::EntryType::Regular;
    add(&mut tar, regular, &layer_name, 0o644, layer)?;
    add(&mut tar, regular, &config_name, 0o644, &config)?;
    let manifest = serde_json::to_vec(&manifest)?;
    add(&mut tar, regular, "manifest.json", 0o644, &manifest)?;
    tar.finish()?;
    Ok(())
}

fn add<W: std::io::Write>(
    tar: &mut tar::Builder<W>,
    kind: tar::EntryType,
    path: &str,
    mode: u32,
    bytes: &[u8],
) -> Result<()> {
    let mut header = header(kind, mode, bytes.len() as u64);
    Ok(tar.append_data(&mut header, path, bytes)?)
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// SHA-256 in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As Go calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read as _};

    use super::*;

    fn entries(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut entries = BTreeMap::new();
        for entry in tar::Archive::new(archive).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            entries.insert(entry.path().unwrap().display().to_string(), bytes);
        }
        entries
    }

    #[test]
    fn an_archive_names_its_layer_by_what_is_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.tar");
        write_archive(&path, "a.example/b:1", b"layer", &["/bin/b"]).unwrap();
        let first = fs::read(&path).unwrap();
        let entries = entries(&first);
        let manifest: serde_json::Value =
            serde_json::from_slice(&entries["manifest.json"]).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], "a.example/b:1");
        let layer = manifest[0]["Layers"][0].as_str().unwrap();
        assert_eq!(entries[layer], b"layer");
        let config = manifest[0]["Config"].as_str().unwrap();
        let config: serde_json::Value = serde_json::from_slice(&entries[config]).unwrap();
        assert_eq!(
            config["rootfs"]["diff_ids"][0],
            format!("sha256:{}", digest(b"layer"))
        );
        write_archive(&path, "a.example/b:1", b"layer", &["/bin/b"]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first, "not reproducible");
    }

    #[test]
    fn digests_are_those_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
