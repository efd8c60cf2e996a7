//! Compiler and linker for eBPF, by one of two routes.
//!
//! *Debian*: `rustc-web` with its prebuilt `core` for `bpfel-unknown-none`; no download
//! of toolchains. *rustup*: a nightly with `rust-src`, which builds `core` itself. Both
//! link with bpf-linker, built once into the cache.

use std::{
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::apt;
use crate::{cache, process, workspace};

/// Newer releases ask for a newer LLVM than Debian's rustc-web has.
const BPF_LINKER: &str = "0.13.0";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none";
const DEBIAN_LLVM: &str = "/usr/lib/llvm-22";
const DEBIAN_PACKAGES: &[&str] = &[
    "rustc-web",
    "libstd-rust-web-dev-bpf",
    "rust-web-src",
    "llvm-22-dev",
    "libpolly-22-dev",
    "libzstd-dev",
    "zlib1g-dev",
];

/// A compiler and a linker that make eBPF objects.
pub(crate) struct EbpfToolchain {
    route: Route,
    linker: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Debian,
    Rustup,
}

impl EbpfToolchain {
    /// Finds the toolchain; installs what is missing unless `check`.
    pub(crate) fn ready(check: bool) -> Result<EbpfToolchain> {
        let route = if debian_present() {
            Route::Debian
        } else if rustup_present() {
            Route::Rustup
        } else if check {
            bail!("no eBPF compiler: run `cargo xtask setup`");
        } else {
            install_compiler()?
        };
        let linker = cache::dir()?.join(format!("bpf-linker-{BPF_LINKER}"));
        if !linker.join("bin/bpf-linker").is_file() {
            if check {
                bail!("no bpf-linker {BPF_LINKER}: run `cargo xtask setup`");
            }
            install_linker(route, &linker)?;
        }
        Ok(EbpfToolchain {
            route,
            linker: linker.join("bin"),
        })
    }

    /// `cargo build` for eBPF: the caller adds package and profile.
    pub(crate) fn cargo_build(&self) -> Result<Command> {
        let mut command = match self.route {
            Route::Debian => {
                let mut command = process::cargo();
                // aya-ebpf uses asm_experimental_arch, a nightly feature.
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .arg("build");
                command
            }
            Route::Rustup => {
                let mut command = Command::new("rustup");
                command
                    .current_dir(workspace::root())
                    .args(["run", "nightly", "cargo", "build", "-Zbuild-std=core"])
                    .env_remove("RUSTC")
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO");
                command
            }
        };
        // The object's BTF names its sources.
        let mut flags = workspace::remapped();
        flags.extend(["-Cdebuginfo=2", "-Clink-arg=--btf"].map(str::to_owned));
        command
            .env("PATH", path_with(&self.linker)?)
            // Read instead of RUSTFLAGS; its parts may contain spaces.
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env_remove("CARGO_TARGET_DIR")
            .args([
                "--target",
                "bpfel-unknown-none",
                "--target-dir",
                "target/ebpf",
            ]);
        Ok(command)
    }
}

impl fmt::Display for EbpfToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compiler = match self.route {
            Route::Debian => "Debian's rustc-web",
            Route::Rustup => "rustup's nightly with rust-src",
        };
        write!(
            f,
            "{compiler}, bpf-linker {BPF_LINKER} in {}",
            self.linker.display()
        )
    }
}

fn debian_present() -> bool {
    Path::new(DEBIAN_RUSTC).exists()
        && Path::new(DEBIAN_CORE).is_dir()
        && Path::new(DEBIAN_LLVM).is_dir()
}

fn rustup_present() -> bool {
    process::output(
        "rustup",
        &["component", "list", "--toolchain", "nightly", "--installed"],
    )
    .is_some_and(|list| list.lines().any(|line| line.starts_with("rust-src")))
}

fn install_compiler() -> Result<Route> {
    if apt::usable() && apt::offers(DEBIAN_PACKAGES) {
        apt::install_packages(DEBIAN_PACKAGES)?;
        return Ok(Route::Debian);
    }
    if process::exists("rustup") {
        let mut command = Command::new("rustup");
        command.args([
            "toolchain",
            "install",
            "nightly",
            "--profile",
            "minimal",
            "--component",
            "rust-src",
        ]);
        process::run(&mut command)?;
        return Ok(Route::Rustup);
    }
    bail!(
        "no eBPF compiler, and none can be installed here. Either (Debian 12 or later, as root):\n  \
         apt-get install {}\nor, with rustup:\n  rustup toolchain install nightly --component rust-src",
        DEBIAN_PACKAGES.join(" ")
    )
}

/// Builds bpf-linker into the cache: first beside its place, then moved, so that a build
/// that was cut short is not taken for a whole one.
fn install_linker(route: Route, place: &Path) -> Result<()> {
    let unfinished = place.with_extension("partial");
    let mut command = process::cargo();
    command
        .args([
            "install",
            "bpf-linker",
            "--version",
            BPF_LINKER,
            "--locked",
            "--root",
        ])
        .arg(&unfinished)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR");
    if route == Route::Debian {
        command
            .args(["--no-default-features", "--features", "llvm-22"])
            .env("LLVM_SYS_221_PREFIX", DEBIAN_LLVM)
            .env("LLVM_PREFIX", DEBIAN_LLVM);
    }
    process::run(&mut command)?;
    fs::rename(&unfinished, place)
        .with_context(|| format!("cannot move bpf-linker to {}", place.display()))
}

fn path_with(first: &Path) -> Result<OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&rest));
    std::env::join_paths(dirs).context("PATH holds a directory with a colon in its name")
}
