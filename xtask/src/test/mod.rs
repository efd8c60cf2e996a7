//! `cargo xtask test`: everything that this machine can run, tier by tier.
//!
//! `tier` says what each tier runs. Those that need the machine's network wait most of
//! their time; those that need no more than a processor run beside them, in a [`Lane`] of
//! their own. A tier that fails does not stop the next. What a test had to skip it says in a
//! line that begins with `skipped:`; these are gathered at the end.

mod lane;
mod tier;

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use lane::Lane;
use tier::{Built, Tier};

use crate::{build, setup, workspace};

/// Options of `test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these tiers (default: all)
    #[arg(long, value_enum)]
    tier: Vec<Tier>,
}

struct Outcome {
    tier: Tier,
    time: Duration,
    result: Result<()>,
}

/// Runs the tiers and prints a table of them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let asked = |tier: &&Tier| options.tier.is_empty() || options.tier.contains(tier);
    let mut tiers: Vec<Tier> = Tier::ALL.iter().filter(asked).copied().collect();
    let mut first = Lane::foreground();
    prepare(&mut first);
    let mut outcomes = Vec::new();
    // It takes a minute, and what it finds is found by nothing else.
    if let Some(at) = tiers.iter().position(|tier| *tier == Tier::Tidy) {
        outcomes.extend(play(&[tiers.remove(at)], &Built::default(), &mut first));
    }
    let built = tier::build(&tiers, &mut first)?;
    let (waiting, mut busy): (Vec<Tier>, Vec<Tier>) = tiers.into_iter().partition(|t| t.waits());
    // Cargo keeps the others waiting while it compiles: what compiles for minutes comes last,
    // when none of them has to be started any more.
    busy.sort_by_key(|tier| *tier == Tier::Unit);
    let mut second = Lane::beside(!waiting.is_empty());
    let beside = thread::scope(|scope| {
        let beside = scope.spawn(|| play(&busy, &built, &mut second));
        outcomes.extend(play(&waiting, &built, &mut first));
        beside.join()
    });
    outcomes.extend(beside.map_err(|_| anyhow!("a bug of this task: its thread panicked"))?);
    second.tell();
    outcomes.sort_by_key(|outcome| outcome.tier);
    report(&outcomes, &[first.skipped, second.skipped].concat())
}

/// The README's section on clusters, played on one.
pub(crate) fn page() -> Result<()> {
    let mut lane = Lane::foreground();
    prepare(&mut lane);
    let built = tier::build(&[Tier::Cluster], &mut lane)?;
    lane.run(built.cross(&["cluster_page".to_owned()], true))?;
    match lane.skipped.first() {
        Some(reason) => bail!("the page was not played; {reason}"),
        None => Ok(()),
    }
}

/// Runs these tiers one after the other.
fn play(tiers: &[Tier], built: &Built, lane: &mut Lane) -> Vec<Outcome> {
    let outcome = |tier: &Tier| {
        lane.say(format!("\n== tier {tier}"));
        let start = Instant::now();
        let result = tier.run(built, lane);
        Outcome {
            tier: *tier,
            time: start.elapsed(),
            result,
        }
    };
    tiers.iter().map(outcome).collect()
}

fn prepare(lane: &mut Lane) {
    if let Err(error) = setup::ensure().and_then(|toolchain| build::ebpf(&toolchain)) {
        lane.skipped.push(format!(
            "skipped: everything that loads programs: no eBPF object: {error:#}"
        ));
    }
    if workspace::test_data().is_none() {
        lane.skipped.push(
            "skipped: checks on shared captures and probes: set DPI_TEST_DATA to their folder"
                .to_owned(),
        );
    }
}

fn report(outcomes: &[Outcome], skipped: &[String]) -> Result<()> {
    println!("\n{:<8} {:>7}  result", "tier", "seconds");
    for outcome in outcomes {
        let result = match &outcome.result {
            Ok(()) => "passed".to_owned(),
            Err(error) => format!("FAILED: {error:#}"),
        };
        println!(
            "{:<8} {:>7.1}  {result}",
            outcome.tier.to_string(),
            outcome.time.as_secs_f64()
        );
    }
    for line in skipped {
        println!("{line}");
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err());
    match failed.count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} tiers failed", outcomes.len()),
    }
}
