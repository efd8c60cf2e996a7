//! `cargo xtask cluster`: a two-node Kubernetes on this machine, for tests and for people.

use std::{os::unix::process::CommandExt as _, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::{build, process, setup, test};

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
    /// Play the README's section on clusters on it, command by command, with the image
    ///
    /// On the cluster that is up, else on one of its own.
    Run,
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
    let arguments = match options.task {
        Task::Up { cni } => {
            setup::kube(false)?;
            let value = cni.to_possible_value();
            let name = value.as_ref().map_or("ptp", |value| value.get_name());
            ["up", "--cni", name].map(str::to_owned).to_vec()
        }
        Task::Run => {
            setup::kube(false)?;
            return test::page();
        }
        Task::Down => vec!["down".to_owned()],
        Task::Status => vec!["status".to_owned()],
    };
    let mut cluster = Command::new(program()?);
    cluster.args(arguments);
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
