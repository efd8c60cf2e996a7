//! What the programs cost: CPU per GB and per packet for each verdict, in one run.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts of packets and bytes far below 2^52"
)]

mod cpu;
mod programs;
mod road;
mod traffic;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use dpi_agent::error_line::error_line;
use dpi_tests::lab;

use crate::{
    road::{Road, Setting},
    traffic::Kind,
};

/// Measures what the eBPF programs cost on a routed veth between two pods.
///
/// The CPU time is that of sender, receiver, readers and the kernel's softirq threads, who all
/// together take both processors: keep the machine quiet. Rounds take turns among the settings;
/// each figure is the median of its rounds, each ratio the median of the ratios to the
/// same round without a program.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds of each setting
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Seconds of traffic a round
    #[arg(long, default_value_t = 0.7)]
    seconds: f64,
    /// Only this traffic (default: all three)
    #[arg(long, value_enum)]
    traffic: Option<Kind>,
    /// Leave out the traffic and run the programs alone (`BPF_PROG_TEST_RUN`)
    #[arg(long)]
    programs_only: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {}", error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if options.rounds == 0 {
        bail!("--rounds 0 measures nothing");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("needs root: run with sudo -E");
    }
    dpi_agent::kernel::check()?;
    println!(
        "The programs alone, ns a packet (median of {} runs)",
        options.rounds
    );
    for (name, nanos) in programs::measure(options.rounds)? {
        println!("  {name:<34} {nanos:>7.1}");
    }
    if options.programs_only {
        return Ok(());
    }
    let mut road = Road::new()?;
    for kind in Kind::ALL {
        if options.traffic.is_some_and(|only| only != kind) {
            continue;
        }
        measure(&mut road, kind, options)?;
    }
    Ok(())
}

fn measure(road: &mut Road, kind: Kind, options: &Options) -> Result<()> {
    kind.prepare(&road.lab)?;
    let mut costs = vec![Vec::new(); Setting::ALL.len()];
    for round in 0..options.rounds {
        for place in 0..Setting::ALL.len() {
            // Another order in each round, so that none always follows the dearest.
            let index = (place + round) % Setting::ALL.len();
            let setting = Setting::ALL[index];
            costs[index].push(kind.run(road, setting, options.seconds)?);
        }
    }
    println!("\n{} (median of {} rounds)", kind.title(), options.rounds);
    for (index, setting) in Setting::ALL.into_iter().enumerate() {
        let ratios = costs[index]
            .iter()
            .zip(&costs[0])
            .map(|(cost, base)| cost / base);
        println!(
            "  {:<34} {:>7.3} {}  {:>5.2}",
            setting.title(),
            median(costs[index].clone()),
            kind.unit(),
            median(ratios.collect())
        );
    }
    if let Some(lost) = road.ring_drops()? {
        println!("  (the readers' rings refused {lost} packets)");
    }
    Ok(())
}

/// The middle one; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The lab needs no agent here, only its namespaces.
fn pods(lab: &lab::Lab) -> (&lab::Pod, &lab::Pod) {
    (lab.pod("a"), lab.pod("b"))
}
