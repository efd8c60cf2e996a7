//! The images of pods and of their sandboxes: Debian's static busybox and nothing else. And
//! the image that brings custom rules, made as its Dockerfile says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use dpi_image::{Image, Layer, is_static};

use super::layout::{BUSYBOX, PAUSE};

const PATH: &str = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";

/// Writes the images of pods and of their sandboxes to a directory.
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
        let image = Image {
            name: name.to_owned(),
            layers: vec![layer.clone()],
            command: command.iter().map(|&word| word.to_owned()).collect(),
            environment: vec![PATH.to_owned()],
            ..Image::default()
        };
        image.write_archive(&path)?;
        written.push(path);
    }
    Ok(written)
}

/// Writes what `docker build` makes of the Dockerfile in the README, with busybox instead of
/// alpine: the files of `rules` as /snort-rules, copied when it runs.
pub fn write_rules_image(path: &Path, name: &str, rules: &Path) -> Result<()> {
    let base = busybox_layer(&static_busybox()?)?;
    let mut layer = Layer::new().directory("snort-rules", 0o755);
    for entry in fs::read_dir(rules).with_context(|| format!("reading {}", rules.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a rule file's name is not UTF-8")?;
        layer = layer.file(
            &format!("snort-rules/{name}"),
            0o644,
            fs::read(entry.path())?,
        );
    }
    let entrypoint = ["/bin/sh", "-c", "cp /snort-rules/* /usr/etc/snort/rules/"];
    let image = Image {
        name: name.to_owned(),
        layers: vec![base, layer],
        entrypoint: entrypoint.map(str::to_owned).to_vec(),
        environment: vec![PATH.to_owned()],
        ..Image::default()
    };
    image.write_archive(path)?;
    Ok(())
}

/// One that needs no libraries.
fn static_busybox() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join("busybox"));
    let found = places
        .find(|place| place.is_file())
        .context("no busybox: run `cargo xtask setup`")?;
    ensure!(
        is_static(&fs::read(&found)?),
        "{} is linked to libraries, which an image of it alone would lack: \
         install busybox-static",
        found.display()
    );
    Ok(found)
}

/// Busybox under the name of each of its applets.
fn busybox_layer(busybox: &Path) -> Result<Layer> {
    let list = Command::new(busybox).arg("--list").output()?;
    let applets = String::from_utf8_lossy(&list.stdout).into_owned();
    let mut layer = Layer::new();
    for (directory, mode) in [
        ("bin", 0o755),
        ("dev", 0o755),
        ("etc", 0o755),
        ("proc", 0o755),
        ("root", 0o700),
        ("sys", 0o755),
        ("tmp", 0o1777),
        ("www", 0o755),
    ] {
        layer = layer.directory(directory, mode);
    }
    let users = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
    layer = layer.file("bin/busybox", 0o755, fs::read(busybox)?).file(
        "etc/passwd",
        0o644,
        users.to_vec(),
    );
    for applet in applets.lines().filter(|name| *name != "busybox") {
        layer = layer.link(&format!("bin/{applet}"), "busybox");
    }
    Ok(layer)
}
