//! The one program of the image: static, without symbols, without paths of this machine.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{
    build::{self, Profile},
    process, setup, workspace,
};

/// Builds the agent with the eBPF object inside; returns it.
pub(super) fn build(profile: Profile) -> Result<Vec<u8>> {
    build::ebpf(&setup::ensure()?)?;
    let target = match profile {
        // Other compiler flags than `cargo xtask build` has; one of them would always have
        // to compile everything anew.
        Profile::Release => workspace::target_dir().join("image"),
        Profile::Quick | Profile::Dev => workspace::target_dir(),
    };
    let mut command = process::cargo();
    command
        .args(["rustc", "--package", "dpi-agent", "--bin", "dpi-agent"])
        .args(["--profile", profile.name()])
        .arg("--target-dir")
        .arg(&target)
        // How the last step links is all that static programs differ in.
        .args(["--", "-C", "target-feature=+crt-static"]);
    if matches!(profile, Profile::Release) {
        // Read by cargo instead of RUSTFLAGS; its parts may contain spaces.
        command.env(
            "CARGO_ENCODED_RUSTFLAGS",
            workspace::remapped().join("\u{1f}"),
        );
    }
    process::run(&mut command)?;
    let built = profile.output_below(&target).join("dpi-agent");
    let stripped = workspace::target_dir().join("image/dpi-agent");
    fs::create_dir_all(workspace::target_dir().join("image"))?;
    strip(&built, &stripped)?;
    let program = fs::read(&stripped)?;
    ensure!(
        dpi_image::is_static(&program),
        "{} is linked to libraries, which an image of it alone would lack: a static C library \
         is needed (Debian: libc6-dev, Fedora: glibc-static)",
        built.display()
    );
    Ok(program)
}

/// Symbols and line tables stay beside the program that was built.
fn strip(from: &Path, to: &Path) -> Result<()> {
    let mut command = std::process::Command::new("strip");
    command.args(["--strip-all", "-o"]).arg(to).arg(from);
    process::run(&mut command).context("strip is part of binutils, as the linker is")
}
