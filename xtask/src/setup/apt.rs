//! Installing Debian and Ubuntu packages.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::packages::Program;
use crate::process;

/// Installs the packages of `programs`, or says how if that cannot be done here.
pub(crate) fn install(programs: &[&Program], check: bool) -> Result<()> {
    for program in programs {
        eprintln!(
            "missing: {} ({}): {}",
            program.name, program.package, program.purpose
        );
    }
    let mut packages: Vec<&str> = programs.iter().map(|program| program.package).collect();
    packages.sort_unstable();
    packages.dedup();
    if check {
        return Ok(());
    }
    install_packages(&packages)
}

/// Installs packages by name.
pub(crate) fn install_packages(packages: &[&str]) -> Result<()> {
    if !usable() {
        bail!(
            "cannot install packages here (needs root and apt-get). Run:\n  sudo apt-get install {}\n\
             or install the same with your system's package manager",
            packages.join(" ")
        );
    }
    let install = || {
        let mut command = apt_get();
        command
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages);
        process::run(&mut command)
    };
    // The package lists of a fresh image are empty or old: update only if the first try fails.
    if install().is_err() {
        process::run(apt_get().arg("update"))?;
        install()?;
    }
    Ok(())
}

/// Whether every one of `packages` can be had from this system's sources.
pub(crate) fn offers(packages: &[&str]) -> bool {
    let known = || {
        packages
            .iter()
            .all(|name| process::output("apt-cache", &["show", name]).is_some())
    };
    if !process::exists("apt-cache") {
        return false;
    }
    known() || (usable() && process::run(apt_get().args(["update", "--quiet"])).is_ok() && known())
}

/// Whether apt-get is here and may be used.
pub(crate) fn usable() -> bool {
    process::exists("apt-get") && rustix::process::geteuid().is_root()
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .arg("--quiet")
        .stdin(Stdio::null());
    command
}
