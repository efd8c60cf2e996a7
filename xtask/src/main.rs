//! Developer tasks: `cargo xtask <task>`. Nothing here is needed at run time.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]

mod bench;
mod build;
mod cache;
mod cluster;
mod demo;
mod fetch_rules;
mod fuzz;
mod image;
mod load;
mod process;
mod setup;
mod test;
mod tidy;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Developer tasks of dpi-agent.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Find what a build, the tests or the demo lack on this machine, and install it
    Setup(setup::Options),
    /// Build the eBPF object and dpi-agent with it inside
    Build(build::Options),
    /// Attach the programs to an interface or a cgroup and show their counters live
    Load(load::Options),
    /// Show live inspection without a cluster (needs root)
    Demo(demo::Options),
    /// Write the agent's container image, without Docker
    Image(image::Options),
    /// A two-node Kubernetes on this machine: up, down, run, status (needs root)
    Cluster(cluster::Options),
    /// Pass every test that this machine can run, tier by tier
    Test(test::Options),
    /// Measure (prints ratios within one run; no thresholds)
    Bench(bench::Options),
    /// Fuzz the parsers for a given time
    Fuzz(fuzz::Options),
    /// Check the rules of this code base that a program can check
    Tidy(tidy::Options),
    /// Put the Snort community rules into the cache, from their download or from a file
    FetchRules(fetch_rules::Options),
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Setup(options) => setup::run(&options),
        Task::Build(options) => build::run(&options),
        Task::Load(options) => load::run(&options),
        Task::Demo(options) => demo::run(&options),
        Task::Image(options) => image::run(&options),
        Task::Cluster(options) => cluster::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Tidy(options) => tidy::run(&options),
        Task::FetchRules(options) => fetch_rules::run(&options),
    }
}
