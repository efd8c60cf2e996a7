//! `cargo xtask bench churn`: pods and inspections come and go at random, and the agent
//! follows.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Parser;
use dpi_tests::mock_node::{Options, churn};

/// How long and how much.
#[derive(Parser)]
struct Arguments {
    /// For how long
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Pods at most
    #[arg(long, default_value_t = 500)]
    pods: usize,
    /// Inspections at most
    #[arg(long, default_value_t = 50)]
    inspections: usize,
    /// The same seed gives the same changes
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Growth between the second and the last quarter that a flat memory may show, in percent.
const FLAT: u64 = 10;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let options = Options {
        time: Duration::from_secs(arguments.minutes.saturating_mul(60)),
        pods: arguments.pods,
        inspections: arguments.inspections,
        seed: arguments.seed,
    };
    let Some(figures) = churn(options, &mut |line| println!("{line}"))? else {
        bail!("the reason is printed above");
    };
    println!("{figures}");
    ensure!(
        figures.report_writes <= figures.budget(),
        "more writes than are allowed"
    );
    let (early, late) = (figures.memory_of(1, 4), figures.memory_of(3, 4));
    ensure!(
        late <= early + early * FLAT / 100,
        "memory grew by more than {FLAT} %"
    );
    Ok(())
}
