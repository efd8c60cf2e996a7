//! Live inspection without a cluster: four pods in network namespaces, attacks between them,
//! and the alerts that they must and must not give.
//!
//! `scenario` says what is done and expected, `show` is what a person sees.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]

mod expected;
mod keep;
mod scenario;
mod show;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use clap::Parser;
use tokio::signal;

/// Shows live inspection without a cluster.
///
/// Exit status 0 only if the expected alerts, and only those, came.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Folder of the starter rules
    #[arg(long)]
    starter: PathBuf,
    /// Folder of the Snort community rules; the demo does without if it is not given
    #[arg(long)]
    community: Option<PathBuf>,
    /// Leave it running to play with, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let mut scene = tokio::task::spawn_blocking(move || scenario::run(&options, &flag));
    let outcome = tokio::select! {
        outcome = &mut scene => outcome,
        _ = signal::ctrl_c() => {
            // The scene takes its namespaces and its agent down before it returns.
            stop.store(true, Ordering::Relaxed);
            scene.await
        }
    };
    match outcome
        .context("the demo panicked")
        .and_then(|result| result)
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// An error once the person has asked for the end.
fn going_on(stop: &AtomicBool) -> Result<()> {
    anyhow::ensure!(!stop.load(Ordering::Relaxed), "interrupted");
    Ok(())
}
