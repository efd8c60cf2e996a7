//! `cargo xtask build`: the eBPF object, then the agent that embeds it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{process, setup, workspace};

/// Options of `build`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the eBPF object
    #[arg(long)]
    ebpf: bool,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// Cargo profiles of the agent.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Profile {
    /// Whole-program optimisation: what is shipped
    Release,
    /// Optimised, but linked in seconds: what tests and demo run
    Quick,
    /// Not optimised
    Dev,
}

impl Profile {
    /// Its name for cargo.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Quick => "quick",
            Profile::Dev => "dev",
        }
    }

    /// Where its programs are put.
    pub(crate) fn output(self) -> PathBuf {
        self.output_below(&workspace::target_dir())
    }

    /// The same with another target directory.
    pub(crate) fn output_below(self, target: &Path) -> PathBuf {
        target.join(match self {
            Profile::Dev => "debug",
            Profile::Release | Profile::Quick => self.name(),
        })
    }
}

/// Builds both.
pub(crate) fn run(options: &Options) -> Result<()> {
    ebpf(&setup::ensure()?)?;
    println!("eBPF object: {}", workspace::ebpf_object().display());
    if !options.ebpf {
        println!("agent: {}", agent(options.profile)?.display());
    }
    Ok(())
}

/// Builds the eBPF object.
pub(crate) fn ebpf(toolchain: &setup::EbpfToolchain) -> Result<()> {
    process::run(
        toolchain
            .cargo_build()?
            .args(["--package", "dpi-ebpf", "--release"]),
    )
}

/// Builds the agent; returns its path. It embeds the eBPF object if that is there.
pub(crate) fn agent(profile: Profile) -> Result<PathBuf> {
    let mut command = process::cargo();
    command.args([
        "build",
        "--package",
        "dpi-agent",
        "--bin",
        "dpi-agent",
        "--profile",
        profile.name(),
    ]);
    process::run(&mut command)?;
    Ok(profile.output().join("dpi-agent"))
}
