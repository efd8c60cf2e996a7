//! `cargo xtask cluster`: a two-node Kubernetes on this machine, up, down, or looked at.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use dpi_tests::cluster::{self, Cluster, Cni};

/// A two-node Kubernetes on this machine.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring it up, or say that it is
    Up {
        /// How pods are wired: routed veths or a bridge
        #[arg(long, value_enum, default_value_t = Network::Ptp)]
        cni: Network,
    },
    /// Take it down, whatever state it is in
    Down,
    /// Say whether it is up and how to use it; exit status 1 if it is not
    Status,
}

#[derive(Clone, Copy, ValueEnum)]
enum Network {
    Ptp,
    Bridge,
}

fn main() -> ExitCode {
    match run(&Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<ExitCode> {
    let mut progress = |line: &str| eprintln!("{line}");
    match task {
        Task::Up { cni } => {
            let cni = match cni {
                Network::Ptp => Cni::Ptp,
                Network::Bridge => Cni::Bridge,
            };
            let cluster = cluster::up(cluster::Options { cni }, &mut progress)?;
            println!("{}", cluster.describe()?);
        }
        Task::Down => {
            let there = cluster::down(&mut progress)?;
            println!(
                "{}",
                if there {
                    "the cluster is down"
                } else {
                    "no cluster is up"
                }
            );
        }
        Task::Status => {
            let Some(cluster) = Cluster::running()? else {
                println!("no cluster is up, or not whole: cargo xtask cluster up, or down");
                return Ok(ExitCode::FAILURE);
            };
            println!("{}", cluster.describe()?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
