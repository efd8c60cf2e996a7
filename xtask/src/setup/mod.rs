//! What a build, the tests and the demo need beyond Rust itself: found, and installed
//! where that can be done without asking (as root with apt; Rust toolchains where
//! Rust came by rustup). Otherwise the exact commands are printed.
//!
//! `packages` knows the system's packages, `ebpf_toolchain` the compiler and the linker
//! for eBPF in two routes, `kernel` what this machine's kernel and rights allow.

mod apt;
mod ebpf_toolchain;
mod kernel;
mod packages;

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
