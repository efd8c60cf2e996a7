//! What a build, the tests and the demo need beyond Rust itself: found, and installed
//! where that can be done without asking (as root with apt; Rust toolchains where
//! Rust came by rustup). Otherwise the exact commands are printed.
//!
//! `packages` knows the system's packages, `ebpf_toolchain` the compiler and the linker
//! for eBPF in two routes, `kube` the programs of Kubernetes for tests, which `go_module`
//! builds, `kernel` what this machine's kernel and rights allow.

mod apt;
mod ebpf_toolchain;
mod go_module;
mod kernel;
mod kube;
mod packages;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

pub(crate) use ebpf_toolchain::EbpfToolchain;

/// Options of `setup`.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Only say what is missing; install nothing
    #[arg(long)]
    check: bool,
}

/// Finds what is missing and installs it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let missing = packages::missing();
    if !missing.is_empty() {
        apt::install(&missing, options.check)?;
    }
    let toolchain = EbpfToolchain::ready(options.check)?;
    println!("eBPF toolchain: {toolchain}");
    match kube(options.check) {
        Ok(place) => println!("Kubernetes for tests: {}", place.display()),
        // Only tests on an API server and `cluster` need it.
        Err(error) => println!("Kubernetes for tests: {error:#}"),
    }
    for line in kernel::report() {
        println!("{line}");
    }
    Ok(())
}

/// `setup` as other tasks call it: quiet when nothing is missing.
pub(crate) fn ensure() -> Result<EbpfToolchain> {
    let missing = packages::missing();
    if !missing.is_empty() {
        apt::install(&missing, false)?;
    }
    EbpfToolchain::ready(false)
}

/// The programs of Kubernetes, and what a cluster needs besides: the directory of the
/// former. They take minutes to build, so that only tasks that use them ask for them.
pub(crate) fn kube(check: bool) -> Result<PathBuf> {
    let missing = packages::missing_for_clusters();
    if !missing.is_empty() {
        apt::install(&missing, check)?;
    }
    kube::ready(check)
}
