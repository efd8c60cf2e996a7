//! `cargo xtask fuzz --budget TIME`: every target of `fuzz/` in turn, with libFuzzer.
//!
//! Built with the coverage instrumentation of a stable compiler (no sanitizer: the parsers
//! forbid unsafe code), in a target directory of their own (`build`). The corpus grows in the cache;
//! a crash is written to `fuzz/regressions/TARGET/`, where the tests replay it. How much each
//! run did is added to `fuzz.log` in the cache, from which the totals are printed.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::{build::build, log::Log};
use crate::{cache, process, workspace};

mod build;
mod log;

/// Options of `fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// Time for all targets together: seconds, or a number with s, m or h
    #[arg(long, default_value = "120s", value_parser = seconds)]
    budget: u64,
    /// Only these targets; one named twice has twice the time
    #[arg(long, value_delimiter = ',')]
    target: Vec<String>,
}

/// Builds the targets and runs them one after the other.
pub(crate) fn run(options: &Options) -> Result<()> {
    let targets = targets(&options.target)?;
    let binaries = build(&options.target)?;
    let seconds = (options.budget / targets.len() as u64).max(1);
    let log = Log::new(&cache::dir()?);
    let mut crashed = Vec::new();
    for target in &targets {
        let start = Instant::now();
        let run = fuzz(&binaries, target, seconds)?;
        log.add(target, run.executions, start.elapsed(), run.crashed)?;
        if run.crashed {
            crashed.push(target.as_str());
        }
    }
    log.print()?;
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

fn targets(only: &[String]) -> Result<Vec<String>> {
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
    for name in only {
        if !names.contains(name) {
            bail!("no fuzz target {name}; there are: {}", names.join(", "));
        }
    }
    Ok(if only.is_empty() {
        names
    } else {
        only.to_vec()
    })
}

/// What one target did.
struct Run {
    executions: u64,
    crashed: bool,
}

fn fuzz(binaries: &Path, target: &str, seconds: u64) -> Result<Run> {
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
            // Which inputs reach rare places, and which could be shorter, is asked after each
            // execution: a third of the time of the fastest targets.
            "-entropic=0",
            "-reduce_inputs=0",
            "-verbosity=0",
        ])
        .arg(&corpus);
    command.args([regressions, seeds].iter().filter(|folder| folder.is_dir()));
    let run = watch(&mut command);
    // An empty folder is no regression: leave the checkout as it was.
    let _ = fs::remove_dir(workspace::root().join("fuzz/regressions").join(target));
    run
}

/// Runs a target, shows what it says and reads the number of its executions from that.
fn watch(command: &mut Command) -> Result<Run> {
    let line = process::line(command);
    eprintln!("+ {line}");
    let child = command.stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot run {line}"))?;
    let mut executions = 0;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            executions = executions_of(&line).unwrap_or(executions);
            eprintln!("{line}");
        }
    }
    Ok(Run {
        executions,
        crashed: !child.wait()?.success(),
    })
}

/// The number in the line of libFuzzer's final statistics that tells of executions.
fn executions_of(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("stat::number_of_executed_units:")?;
    rest.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read_from_the_final_statistics() {
        for (line, expected) in [
            ("stat::number_of_executed_units: 123456", Some(123_456)),
            ("stat::average_exec_per_sec:     3858", None),
            ("stat::number_of_executed_units: many", None),
            ("", None),
        ] {
            assert_eq!(executions_of(line), expected, "{line}");
        }
    }

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
