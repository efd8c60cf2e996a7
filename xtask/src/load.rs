//! `cargo xtask load`: attaches the programs to an interface or a cgroup and shows
//! their counters live. Nothing is handed over: no sink, only the kernel's own books.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::{build, process, setup};

/// Options of `load`.
#[derive(Args)]
pub(crate) struct Options {
    /// A network interface ("eth0") or the path of a cgroup ("/sys/fs/cgroup/my.slice")
    target: PathBuf,
    /// Stop after this many seconds (default: at Ctrl-C)
    #[arg(long)]
    seconds: Option<u64>,
}

/// Builds the programs and runs the loader.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("attaching programs needs root: run `sudo -E cargo xtask load …`");
    }
    build::ebpf(&setup::ensure()?)?;
    let mut command = process::cargo();
    command.args([
        "run",
        "--quiet",
        "--package",
        "dpi-tests",
        "--bin",
        "kernel_load",
        "--",
    ]);
    command.arg(&options.target);
    if let Some(seconds) = options.seconds {
        command.arg("--seconds").arg(seconds.to_string());
    }
    process::run(&mut command)
}
