//! `cargo xtask bench match`: sets × corpora × engines, in turns, medians of thread CPU time.
//!
//! Compare figures of one run only. What two engines find is compared in every cell before
//! anything is measured.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to the person at the terminal"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "measured figures, and made-up bytes"
)]

mod corpora;
mod cycles;
mod engines;
#[cfg(feature = "hyperscan")]
mod hyperscan;
mod measure;
mod report;
mod rules;
mod sets;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use corpora::Corpus;
use sets::Set;

/// Measures dpi-match beside other matchers
#[derive(Parser)]
struct Options {
    /// File of Snort 3 rules, whose fast patterns are searched for
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Folder of capture files, whose TCP payloads are searched
    #[arg(long)]
    captures: Option<PathBuf>,
    /// NAME=PATH: a file, or the files of a folder, to be searched as segments
    #[arg(long = "corpus")]
    corpora: Vec<String>,
    /// Measured runs of each engine in each cell; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only sets whose name contains this
    #[arg(long, default_value = "")]
    set: String,
    /// Only engines whose name contains this
    #[arg(long, default_value = "")]
    engine: String,
    /// Where the results are written as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let rules = if let Some(path) = &options.rules {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        rules::fast_patterns(&String::from_utf8_lossy(&text))
    } else {
        eprintln!("no --rules: the sets of Snort's rules are left out");
        Vec::new()
    };
    let corpora = corpora::all(&options.corpora, options.captures.as_deref(), &rules)?;
    let ghz = cycles::ghz();
    let mut cells = Vec::new();
    for set in sets::all(&rules) {
        if !set.name.contains(&options.set) {
            continue;
        }
        let mut engines = engines::all(&set, &options.engine)?;
        report::built(&set, &engines);
        for corpus in fitting(&set, &corpora) {
            let cell = measure::cell(&set, corpus, &mut engines, options.runs)?;
            report::cell(&cell, ghz);
            cells.push(cell);
        }
    }
    report::summary(&cells);
    if let Some(path) = &options.json {
        let text = serde_json::to_vec_pretty(&report::json(&cells, ghz))?;
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn fitting<'a>(set: &Set, corpora: &'a [Corpus]) -> impl Iterator<Item = &'a Corpus> {
    let names = set.corpora;
    corpora
        .iter()
        .filter(move |corpus| names.contains(&corpus.name.as_str()))
}
