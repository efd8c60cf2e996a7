//! `cargo xtask test`: everything that this machine can run, tier by tier.
//!
//! A tier that fails does not stop the next. What a test had to skip it says in a line
//! that begins with `skipped:`; these are gathered at the end.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::{build, image, process, setup, tidy, workspace};

/// Options of `test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these tiers (default: all)
    #[arg(long, value_enum)]
    tier: Vec<Tier>,
}

/// What is tested, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tier {
    /// The rules of this code base, formatting and lints
    Tidy,
    /// Each crate by itself
    Unit,
    /// The loaded programs and the rings, in network namespaces (needs root)
    Kernel,
    /// The whole agent in network namespaces (needs root)
    Node,
    /// A real API server; pods of a real cluster, the one that is up or one of its own
    /// (the latter needs root)
    Cluster,
    /// Starter rules, captures, fidelity to Snort 3 (parts need the shared test data)
    Data,
}

const UNIT_CRATES: &[&str] = &[
    "dpi-common",
    "dpi-match",
    "dpi-snort",
    "dpi-api",
    "dpi-capture",
    "dpi-agent",
    "dpi-image",
];

struct Outcome {
    tier: Tier,
    time: Duration,
    result: Result<()>,
}

/// Runs the tiers and prints a table of them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut skipped = Vec::new();
    let mut outcomes = Vec::new();
    prepare(&mut skipped);
    for tier in Tier::value_variants() {
        if options.tier.is_empty() || options.tier.contains(tier) {
            eprintln!("\n== tier {}", name(*tier));
            let start = Instant::now();
            let result = run_tier(*tier, &mut skipped);
            outcomes.push(Outcome {
                tier: *tier,
                time: start.elapsed(),
                result,
            });
        }
    }
    report(&outcomes, &skipped)
}

/// The README's section on clusters, played on one.
pub(crate) fn page() -> Result<()> {
    prepare(&mut Vec::new());
    let mut skipped = Vec::new();
    let page = ["cluster_page".to_owned()];
    run_targets(Tier::Cluster, &page, &mut skipped)?;
    match skipped.first() {
        Some(reason) => bail!("the page was not played; {reason}"),
        None => Ok(()),
    }
}

/// Builds the eBPF object, without which the kernel and node tiers are skipped.
fn prepare(skipped: &mut Vec<String>) {
    if let Err(error) = setup::ensure().and_then(|toolchain| build::ebpf(&toolchain)) {
        skipped.push(format!(
            "skipped: everything that loads programs: no eBPF object: {error:#}"
        ));
    }
    if workspace::test_data().is_none() {
        skipped.push(
            "skipped: checks on shared captures and probes: set DPI_TEST_DATA to their folder"
                .to_owned(),
        );
    }
}

fn run_tier(tier: Tier, skipped: &mut Vec<String>) -> Result<()> {
    match tier {
        Tier::Tidy => {
            tidy::check()?;
            process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
            let mut clippy = process::cargo();
            clippy.args([
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]);
            process::run(&mut clippy)
        }
        Tier::Unit => {
            let mut command = process::cargo();
            command.args(["test", "--quiet", "--no-fail-fast"]);
            command.args(["--profile", build::Profile::Quick.name()]);
            for package in UNIT_CRATES {
                command.args(["--package", package]);
            }
            let crates = run_tests(&mut command, skipped);
            // By itself: it asks other features of what all share, which would then be built
            // twice.
            let mut own = process::cargo();
            own.args(["test", "--quiet", "--package", "xtask"]);
            crates.and(run_tests(&mut own, skipped))
        }
        Tier::Kernel | Tier::Node | Tier::Data => run_cross(tier, skipped),
        Tier::Cluster => {
            // The tests themselves say what they miss; this says why it cannot be had.
            if std::env::var_os("KUBEBUILDER_ASSETS").is_none()
                && let Err(error) = setup::kube(false)
            {
                skipped.push(format!("skipped: tests on Kubernetes: {error:#}"));
            }
            run_cross(tier, skipped)
        }
    }
}

/// The tier that a test file of package dpi-tests belongs to, by its name.
fn tier_of(file: &str) -> Tier {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| file.starts_with(prefix));
    if begins(&["kernel_", "capture_"]) {
        Tier::Kernel
    } else if begins(&["node_"]) {
        Tier::Node
    } else if begins(&["cluster_"]) {
        Tier::Cluster
    } else {
        Tier::Data
    }
}

/// The test files of package dpi-tests that belong to a tier.
fn run_cross(tier: Tier, skipped: &mut Vec<String>) -> Result<()> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(workspace::root().join("tests/tests"))? {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str())
            && tier_of(name) == tier
        {
            targets.push(name.to_owned());
        }
    }
    targets.sort();
    if targets.is_empty() {
        skipped.push(format!(
            "skipped: tier {}: this tree has no such tests",
            name(tier)
        ));
        return Ok(());
    }
    run_targets(tier, &targets, skipped)
}

fn run_targets(tier: Tier, targets: &[String], skipped: &mut Vec<String>) -> Result<()> {
    build::agent(build::Profile::Quick)?;
    let mut command = cross(targets, tier != Tier::Data);
    if tier == Tier::Cluster {
        match image::for_tests() {
            Ok(image) => {
                command.env("DPI_IMAGE", image);
            }
            Err(error) => skipped.push(format!("skipped: what needs the agent's image: {error:#}")),
        }
    }
    run_tests(&mut command, skipped)
}

/// Tests of package dpi-tests; `alone`: one at a time, as they share the machine's network.
fn cross(targets: &[String], alone: bool) -> Command {
    let mut command = process::cargo();
    command.args(["test", "--no-fail-fast", "--package", "dpi-tests"]);
    command.args(["--profile", build::Profile::Quick.name()]);
    for target in targets {
        command.args(["--test", target]);
    }
    if !alone {
        // Its own parts, such as what writes frames and images.
        command.arg("--lib");
    }
    // An error tells its chain; fifty frames behind it would hide it.
    command.env("RUST_LIB_BACKTRACE", "0");
    command.args(["--", "--nocapture"]);
    if alone {
        command.arg("--test-threads=1");
    }
    command.env(
        "DPI_AGENT",
        build::Profile::Quick.output().join("dpi-agent"),
    );
    if let Some(data) = workspace::test_data() {
        command.env("DPI_TEST_DATA", data);
    }
    command
}

/// Runs tests, shows what they print and keeps the lines that tell of skipped parts.
fn run_tests(command: &mut Command, skipped: &mut Vec<String>) -> Result<()> {
    let line = process::line(command);
    eprintln!("+ {line}");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {line}"))?;
    let (sender, lines) = mpsc::channel();
    let readers = [
        child.stdout.take().map(|out| forward(out, sender.clone())),
        child.stderr.take().map(|err| forward(err, sender)),
    ];
    for text in lines {
        println!("{text}");
        if let Some(at) = text.find("skipped:") {
            skipped.push(text[at..].to_owned());
        }
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(())
}

fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if to
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
        }
    })
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
            name(outcome.tier),
            outcome.time.as_secs_f64()
        );
    }
    for line in skipped {
        println!("{line}");
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.result.is_err())
        .count();
    if failed > 0 {
        bail!("{failed} of {} tiers failed", outcomes.len());
    }
    Ok(())
}

fn name(tier: Tier) -> String {
    format!("{tier:?}").to_lowercase()
}
