//! What the program is made of: a bill of materials in `CycloneDX` 1.5.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use dpi_image::Digest;
use serde_json::{Value, json};

use crate::{process, workspace};

/// Roots and the target that each is built for.
const ROOTS: [(&str, &str); 2] = [
    ("dpi-agent", "x86_64-unknown-linux-gnu"),
    ("dpi-ebpf", "bpfel-unknown-none"),
];

/// The bill of materials of an image, as JSON. It has neither a time nor a number of its own,
/// so that the same image has the same.
pub(super) fn of(name: &str, id: &Digest) -> Result<Vec<u8>> {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock"))?;
    let checksums = checksums(&lock);
    let mut components = BTreeMap::new();
    for (root, target) in ROOTS {
        for line in tree(root, target)?.lines() {
            if let Some((key, component)) = component(line, &checksums) {
                components.insert(key, component);
            }
        }
    }
    let mut components: Vec<Value> = components.into_values().collect();
    components.extend(c_libraries()?);
    let (title, version) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "container",
            "name": title,
            "version": version,
            "hashes": [{"alg": "SHA-256", "content": id.hex()}],
        }},
        "components": components,
    });
    Ok(serde_json::to_vec_pretty(&bill)?)
}

/// What is linked in, a line a crate: name, version and licence.
fn tree(root: &str, target: &str) -> Result<String> {
    let output = process::cargo()
        .args(["tree", "--locked", "--package", root, "--target", target])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .output()
        .context("cannot run cargo tree")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// `name v1.2.3 (more)|licence`, with ` (*)` at the end of what was listed before.
fn component(line: &str, checksums: &BTreeMap<(&str, &str), &str>) -> Option<(String, Value)> {
    let (package, licence) = line.split_once('|')?;
    let licence = licence.trim_end_matches(" (*)");
    let mut words = package.split(' ');
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    let mut component = json!({
        "type": "library",
        "name": name,
        "version": version,
        "purl": format!("pkg:cargo/{name}@{version}"),
    });
    if !licence.is_empty() {
        // Crates from before SPDX expressions separate alternatives by a slash.
        let expression = licence.replace('/', " OR ");
        component["licenses"] = json!([{"expression": expression}]);
    }
    if let Some(checksum) = checksums.get(&(name, version)) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    Some((format!("{name}@{version}"), component))
}

/// Checksums of crates, by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| {
            let line = package.lines().find(|line| line.starts_with(key))?;
            line.split('"').nth(1)
        };
        if let (Some(name), Some(version), Some(checksum)) =
            (value("name ="), value("version ="), value("checksum ="))
        {
            found.insert((name, version), checksum);
        }
    }
    found
}

/// What is linked in and not from Rust: the C library, and the PCRE2 that its crate brings.
fn c_libraries() -> Result<Vec<Value>> {
    let mut libraries = Vec::new();
    if let Some(version) = process::output("getconf", &["GNU_LIBC_VERSION"]) {
        let version = version.trim().trim_start_matches("glibc ").to_owned();
        libraries.push(json!({
            "type": "library",
            "name": "glibc",
            "version": version,
            "licenses": [{"expression": "LGPL-2.1-or-later"}],
        }));
    }
    let header = pcre2_sys()?.join("upstream/include/pcre2.h");
    let header =
        fs::read_to_string(&header).with_context(|| format!("reading {}", header.display()))?;
    let number = |name: &str| -> Option<String> {
        let line = header.lines().find(|line| line.contains(name))?;
        Some(line.split_whitespace().nth(2)?.to_owned())
    };
    let version = number("PCRE2_MAJOR").zip(number("PCRE2_MINOR"));
    let (major, minor) = version.context("pcre2.h does not say its version")?;
    libraries.push(json!({
        "type": "library",
        "name": "pcre2",
        "version": format!("{major}.{minor}"),
        "licenses": [{"expression": "BSD-3-Clause"}],
    }));
    Ok(libraries)
}

/// Folder of that crate's sources.
fn pcre2_sys() -> Result<std::path::PathBuf> {
    let output = process::cargo()
        .args(["metadata", "--locked", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array();
    let package = packages
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "pcre2-sys");
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let folder = manifest.and_then(|path| Path::new(path).parent());
    Ok(folder.context("no crate pcre2-sys")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tree_are_read() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                    source = \"s\"\nchecksum = \"ff\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let checksums = checksums(lock);
        for (line, name, licence, hash) in [
            (
                "a v1.0.0|MIT/Apache-2.0",
                Some("a"),
                "MIT OR Apache-2.0",
                Some("ff"),
            ),
            ("a v1.0.0|MIT (*)", Some("a"), "MIT", Some("ff")),
            (
                "own v0.1.0 (/home/x/own)|Apache-2.0",
                Some("own"),
                "Apache-2.0",
                None,
            ),
            ("", None, "", None),
            ("nonsense", None, "", None),
        ] {
            let found = component(line, &checksums);
            assert_eq!(
                found.as_ref().map(|(_, c)| c["name"].clone()),
                name.map(Value::from)
            );
            if let Some((_, found)) = found {
                assert_eq!(found["licenses"][0]["expression"], licence);
                assert_eq!(found["hashes"][0]["content"].as_str(), hash);
            }
        }
    }
}
