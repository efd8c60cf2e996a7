//! Compiling the targets, with coverage of this repository's crates alone.
//!
//! A compiler wrapper gives them the flags: `RUSTFLAGS` would count the edges of `memchr`,
//! `aho-corasick` and whatever else is searched with, which costs time and tells a fuzzer
//! nothing. Comparisons are not traced, for speed as well: the corpora hold the words that
//! rules are made of.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{process, workspace};

/// For all crates. The promises that are checked in debug builds are what a fuzzer looks for.
const RUSTFLAGS: &str = "--cfg fuzzing -C codegen-units=1 -C debug-assertions";
const HOST: &str = "x86_64-unknown-linux-gnu";
/// The target with a feature of its own.
const SELECTOR: &str = "selector";
const WRAPPER: &str = r#"#!/bin/sh
# Counts the edges of the crates that are fuzzed; the compiler comes first.
case "$2 $3" in
"--crate-name dpi_"*)
    exec "$@" -C passes=sancov-module \
        -C llvm-args=-sanitizer-coverage-level=3 \
        -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
        -C llvm-args=-sanitizer-coverage-pc-table
    ;;
esac
exec "$@"
"#;

/// Builds all targets, or some of them and what they need; gives the folder of the programs.
pub(super) fn build(only: &[String]) -> Result<PathBuf> {
    let target_dir = workspace::target_dir().join("fuzz");
    let wrapper = wrapper(&target_dir)?;
    let mut command = process::cargo();
    command
        .args([
            "build",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            HOST,
            "--target-dir",
        ])
        .arg(&target_dir)
        .env("RUSTFLAGS", RUSTFLAGS)
        .env("RUSTC_WRAPPER", wrapper);
    for target in only {
        command.args(["--bin", target]);
    }
    if !only.is_empty() && !only.iter().any(|target| target == SELECTOR) {
        command.arg("--no-default-features");
    }
    process::run(&mut command)?;
    Ok(target_dir.join(HOST).join("release"))
}

/// Writes the wrapper. Cargo does not look into it: where it has changed, all that was built
/// with the old one goes.
fn wrapper(target_dir: &Path) -> Result<PathBuf> {
    let path = target_dir.join("rustc.sh");
    if fs::read_to_string(&path).is_ok_and(|text| text == WRAPPER) {
        return Ok(path);
    }
    if target_dir.exists() {
        fs::remove_dir_all(target_dir)
            .with_context(|| format!("cannot remove {}", target_dir.display()))?;
    }
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(target_dir)?;
        fs::write(&path, WRAPPER)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
