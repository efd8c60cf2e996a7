//! `dpi-agent pcap`: the engine on capture files.
//!
//! `capture` reads pcap and pcapng, `inspect` runs one file through a fresh engine, `line`
//! writes an alert, `trace` tells what became of a rule that is followed. Rules are loaded once, by `ruleset`.

mod capture;
mod inspect;
mod line;
mod trace;

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use dpi_snort::{Config, detection::Detection};
use indicatif::{ProgressBar, ProgressStyle};

use crate::ruleset::{
    Dialect,
    explain::{Wanted, find},
    load,
};

pub use capture::{CaptureError, Captured, ReadError, read};
pub use inspect::{Inspected, Traced, inspect, inspect_traced};
pub use line::Format;

/// Where rules are when none are named: the folder that the image has them in.
const DEFAULT_RULES: &str = "/usr/etc/snort/rules";

/// Options of `pcap`.
#[derive(Args, Debug)]
pub struct Options {
    /// Rule file, or folder with *.rules; may be given more than once
    #[arg(long, value_name = "PATH", default_value = DEFAULT_RULES)]
    rules: Vec<PathBuf>,
    /// Where alerts are written; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// How alerts are written
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// How rule texts are read
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// Make errors of rules that wait for an inspector
    #[arg(long)]
    strict: bool,
    /// Say for each packet and message at which option this rule (SID or GID:SID) stopped, to
    /// standard error
    #[arg(long, value_name = "SID")]
    trace: Option<Wanted>,
    /// Drop packets with wrong checksums, as a live receiver does
    #[arg(long)]
    verify_checksums: bool,
    /// Print every counter that is not zero to standard error at the end
    #[arg(long)]
    stats: bool,
    /// Capture files: pcap or pcapng
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Inspects the files; false if a rule file or a capture could not be read whole.
pub fn run(options: &Options) -> Result<bool> {
    let (detection, rules_whole) = detection(options)?;
    let followed = followed(options)?;
    let mut out = open(&options.output)?;
    let progress = progress(options.files.len());
    let config = Config {
        verify_checksums: options.verify_checksums,
        ..Config::default()
    };
    let mut all_whole = rules_whole;
    let mut counters = std::collections::BTreeMap::<&str, u64>::new();
    for path in &options.files {
        progress.set_message(path.display().to_string());
        let mut line = Vec::new();
        let mut told = |step: &Traced| trace::tell(&progress, followed.as_ref(), step);
        let trace = followed
            .as_ref()
            .map(|followed| (followed.rule, &mut told as &mut dyn FnMut(&Traced)));
        let inspected = inspect_traced(path, &detection, &config, trace, &mut |record| {
            line.clear();
            line::write(options.format, record, &mut line)?;
            out.write_all(&line)
        });
        let inspected = inspected.with_context(|| unwritable(&options.output))?;
        if let Some(error) = &inspected.error {
            progress.suspend(|| complain(&format!("{}: {error}", path.display())));
            all_whole = false;
        }
        for (name, value) in inspected.counters {
            let sum = counters.entry(name).or_default();
            *sum = sum.saturating_add(value);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    out.flush().with_context(|| unwritable(&options.output))?;
    if options.stats {
        for (name, value) in counters.iter().filter(|(_, value)| **value > 0) {
            complain(&format!("{name} {value}"));
        }
    }
    Ok(all_whole)
}

/// Compiled rules, and whether every one of them could be read.
fn detection(options: &Options) -> Result<(Arc<Detection>, bool)> {
    let paths = &options.rules;
    let loaded = load(paths, options.dialect, Arc::default());
    for error in &loaded.unreadable {
        complain(&error.to_string());
    }
    let faults = loaded.faults.iter().map(ToString::to_string);
    let refused = loaded.refused.iter().map(ToString::to_string);
    let of_settings: Vec<String> = faults.chain(refused).collect();
    let no_effect = loaded.no_effect.iter().map(ToString::to_string);
    for text in of_settings.iter().cloned().chain(no_effect).take(20) {
        complain(&text);
    }
    let errors: Vec<_> = loaded
        .ruleset
        .errors
        .iter()
        .filter(|e| options.strict || !e.is_inactive())
        .collect();
    for error in errors.iter().take(20) {
        complain(&error.to_string());
    }
    if errors.len() > 20 {
        complain(&format!(
            "… {} rule errors in all: `dpi-agent rules check`",
            errors.len()
        ));
    }
    let whole = errors.is_empty() && loaded.unreadable.is_empty() && of_settings.is_empty();
    if loaded.files == 0 {
        let names: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        bail!(
            "no rule file in {}: name one with --rules PATH",
            names.join(", ")
        );
    }
    let (detection, left_out) = Detection::compile(loaded.ruleset, &Config::default())?;
    for error in &left_out {
        complain(&error.to_string());
    }
    Ok((Arc::new(detection), whole && left_out.is_empty()))
}

/// The rule that `--trace` names.
fn followed(options: &Options) -> Result<Option<trace::Followed>> {
    let Some(Wanted(rule)) = options.trace else {
        return Ok(None);
    };
    let Some(found) = find(&options.rules, options.dialect, rule) else {
        bail!(
            "no rule {}:{} is loaded: `dpi-agent rules check` says why",
            rule.gid,
            rule.sid
        );
    };
    Ok(Some(trace::Followed::new(rule, found.explanation)))
}

fn open(path: &Path) -> Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    }
    let file = File::create(path).with_context(|| unwritable(path))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn unwritable(path: &Path) -> String {
    format!(
        "cannot write alerts to {}: name a writable file with room with --output",
        path.display()
    )
}

/// A bar on a terminal; nothing elsewhere, and nothing for a single file.
fn progress(files: usize) -> ProgressBar {
    if files < 2 || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} {bar:30} {elapsed} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files as u64).with_style(style)
}

#[expect(clippy::print_stderr, reason = "a command speaks to its user")]
fn complain(text: &str) {
    eprintln!("{text}");
}
