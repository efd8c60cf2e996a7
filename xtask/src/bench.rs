//! `cargo xtask bench`: measurements as commands. Compare figures of one run only: the
//! machine is not known.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{build, process, setup};

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Passed on to the measurement
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Cost of the eBPF programs: CPU per GB and per packet, for each verdict
    Kernel,
    /// The engine on the shared captures: MB per user-CPU second, allocations per packet; with
    /// `-- --stages` the instructions of each stage
    Pcap,
    /// Loading rules: time and memory
    Rules,
    /// Throughput of dpi-match beside other matchers: `-- --rules FILE --captures FOLDER`
    Match,
    /// The agent while pods and inspections come and go on a real API server: what the kernel
    /// ends up with, writes, memory (`-- --minutes 5 --pods 500 --inspections 50`)
    Churn,
    /// What the agent weighs, as released: idle and with one pod inspected (`-- --rules DIR`)
    Memory,
}

/// Runs one measurement.
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.what {
        What::Kernel => kernel(&options.rest),
        What::Pcap => engine("pcap", &options.rest),
        What::Rules => engine("rules", &options.rest),
        What::Match => matchers(&options.rest),
        What::Churn => on_mock_node("churn", build::Profile::Quick, &options.rest),
        What::Memory => on_mock_node("memory", build::Profile::Release, &options.rest),
    }
}

fn kernel(rest: &[String]) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("measuring eBPF programs needs root: run `sudo -E cargo xtask bench kernel`");
    }
    build::ebpf(&setup::ensure()?)?;
    let mut command = process::cargo();
    command
        .args([
            "run",
            "--quiet",
            "--profile",
            "quick",
            "--package",
            "dpi-tests",
            "--bin",
            "kernel_bench",
            "--",
        ])
        .args(rest);
    process::run(&mut command)
}

/// The agent on a real API server, without kubelets.
fn on_mock_node(what: &str, agent: build::Profile, rest: &[String]) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("programs and namespaces need root: run `sudo -E cargo xtask bench {what}`");
    }
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        setup::kube(false)?;
    }
    build::ebpf(&setup::ensure()?)?;
    let agent = build::agent(agent)?;
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--profile", build::Profile::Quick.name()]);
    command.args(["--package", "dpi-tests", "--bin", what, "--"]);
    process::run(command.args(rest).env("DPI_AGENT", agent))
}

/// One thread, without privileges.
fn engine(what: &str, rest: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "dpi-tests",
            "--bin",
            "engine_bench",
            "--",
            what,
        ])
        .args(rest);
    process::run(&mut command)
}

/// Hyperscan or Vectorscan is measured too where Debian's package is installed.
fn matchers(rest: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "dpi-match-bench",
        "--bin",
        "dpi-match-bench",
    ]);
    if process::output("pkg-config", &["--exists", "libhs"]).is_some() {
        command.args(["--features", "hyperscan"]);
    } else {
        eprintln!("no libhs: install libvectorscan-dev or libhyperscan-dev to measure it too");
    }
    process::run(command.arg("--").args(rest))
}
