//! `cargo xtask cluster`: a two-node Kubernetes on this machine, for tests and for people.

use std::{os::unix::process::CommandExt as _, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::{build, process, setup};

/// Options of `cluster`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring it up and say how to use it
    Up {
        /// How pods are wired to their node
        #[arg(long, value_enum, default_value_t = Cni::Ptp)]
        cni: Cni,
    },
    /// Take it down, whatever state it is in
    Down,
    /// Say whether it is up and how to use it
    Status,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cni {
    /// A routed veth for each pod, as Calico has it
    Ptp,
    /// A bridge on each node, as Flannel has it
    Bridge,
}

/// Sees to what is needed and becomes the program that does it.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("namespaces and containers need root: run `sudo -E cargo xtask cluster …`");
    }
    if matches!(options.task, Task::Up { .. }) {
        setup::kube(false)?;
    }
    let mut cluster = Command::new(program()?);
    match options.task {
        Task::Up { cni } => {
            let value = cni.to_possible_value();
            let name = value.as_ref().map_or("ptp", |value| value.get_name());
            cluster.args(["up", "--cni", name])
        }
        Task::Down => cluster.arg("down"),
        Task::Status => cluster.arg("status"),
    };
    Err(cluster.exec()).context("cannot run the cluster")
}

fn program() -> Result<PathBuf> {
    let profile = build::Profile::Quick;
    process::run(process::cargo().args([
        "build",
        "--quiet",
        "--profile",
        profile.name(),
        "--package",
        "dpi-tests",
        "--bin",
        "cluster",
    ]))?;
    Ok(profile.output().join("cluster"))
}
