//! `cargo xtask fuzz --budget TIME`: every target of `fuzz/` in turn, with libFuzzer.
//!
//! Built with the coverage instrumentation of a stable compiler (no sanitizer: the parsers
//! forbid unsafe code), in a target directory of their own. The corpus grows in the cache;
//! a crash is written to `fuzz/regressions/TARGET/`, where the tests replay it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{cache, process, workspace};

const RUSTFLAGS: &str = "--cfg fuzzing -C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 \
     -C llvm-args=-sanitizer-coverage-inline-8bit-counters -C llvm-args=-sanitizer-coverage-pc-table \
     -C llvm-args=-sanitizer-coverage-trace-compares -C codegen-units=1 -C debug-assertions";
const HOST: &str = "x86_64-unknown-linux-gnu";

/// Options of `fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// Time for all targets together: seconds, or a number with s, m or h
    #[arg(long, default_value = "120s", value_parser = seconds)]
    budget: u64,
    /// Only this target
    #[arg(long)]
    target: Option<String>,
}

/// Builds the targets and runs them one after the other.
pub(crate) fn run(options: &Options) -> Result<()> {
    let targets = targets(options.target.as_deref())?;
    let binaries = build()?;
    let seconds = (options.budget / targets.len() as u64).max(1);
    let mut crashed = Vec::new();
    for target in &targets {
        if fuzz(&binaries, target, seconds).is_err() {
            crashed.push(target.as_str());
        }
    }
    if !crashed.is_empty() {
        bail!(
            "crashes in {}: inputs are in fuzz/regressions/",
            crashed.join(", ")
        );
    }
    println!("{} targets, {seconds} s each: no crash", targets.len());
    Ok(())
}

/// `90`, `90s`, `15m` or `2h` in seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.as_bytes()[text.len() - 1]),
        None => (text, b's'),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("{text:?} is no time: write 90, 90s, 15m or 2h"))?;
    Ok(match unit {
        b'h' => number.saturating_mul(3600),
        b'm' => number.saturating_mul(60),
        _ => number,
    })
}

fn targets(only: Option<&str>) -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/targets");
    let mut names = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    match only {
        Some(name) if !names.iter().any(|known| known == name) => {
            bail!("no fuzz target {name}; there are: {}", names.join(", "))
        }
        Some(name) => Ok(vec![name.to_owned()]),
        None => Ok(names),
    }
}

fn build() -> Result<PathBuf> {
    let target_dir = workspace::root().join("target/fuzz");
    let mut command = process::cargo();
    command
        .args([
            "build",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            HOST,
            "--target-dir",
        ])
        .arg(&target_dir)
        .env("RUSTFLAGS", RUSTFLAGS);
    process::run(&mut command)?;
    Ok(target_dir.join(HOST).join("release"))
}

fn fuzz(binaries: &Path, target: &str, seconds: u64) -> Result<()> {
    let corpus = cache::dir()?.join("fuzz").join(target);
    let regressions = workspace::root().join("fuzz/regressions").join(target);
    let seeds = workspace::root().join("fuzz/seeds").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&regressions)?;
    let mut command = Command::new(binaries.join(target));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", regressions.display()))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ])
        .arg(&corpus);
    command.args([regressions, seeds].iter().filter(|folder| folder.is_dir()));
    let run = process::run(&mut command);
    // An empty folder is no regression: leave the checkout as it was.
    let _ = fs::remove_dir(workspace::root().join("fuzz/regressions").join(target));
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read() {
        for (text, expected) in [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "s", "1d", "-1s", "1.5m"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
