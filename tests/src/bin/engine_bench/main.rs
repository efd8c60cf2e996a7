//! What the engine costs: MB a user-CPU second and allocations a packet on captures, time and
//! memory to load rules. One thread; compare figures of one run only.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts of packets and bytes far below 2^52"
)]

mod captures;
mod cpu;
mod rules;
mod stages;

use std::{alloc::System, path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use dpi_agent::error_line::error_line;
use dpi_tests::fidelity::test_data;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts allocations; nothing else is different from the system's allocator.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Measures the engine on the shared captures (`DPI_TEST_DATA`) with the community rules.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Rule file, or folder with *.rules (default: those of the shared data)
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Count the instructions of each stage instead (`pcap`; needs valgrind)
    #[arg(long)]
    stages: bool,
    /// Go through the captures once and print their bytes: what `--stages` counts
    #[arg(long, hide = true)]
    once: bool,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The engine on captures
    Pcap,
    /// Loading and compiling rules
    Rules,
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
    let Some(data) = test_data() else {
        bail!("no captures and rules: set DPI_TEST_DATA to the folder of shared data");
    };
    let rules = options.rules.clone().unwrap_or_else(|| data.join("rules"));
    match options.what {
        What::Pcap if options.once => captures::once(&data, &rules),
        What::Pcap if options.stages => stages::measure(&rules),
        What::Pcap => captures::measure(&data, &rules, options.rounds, ALLOCATOR),
        What::Rules => rules::measure(&rules, options.rounds, ALLOCATOR),
    }
}

/// The middle one; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
