//! `cargo xtask tidy`: the rules of this code base that a program can check, each with
//! file, line and remedy. Formatting and lints are cargo's business, not ours.
//!
//! `source` lists the files, `layout` holds rules on files and folders, `words` on what
//! texts may say, `crates` on who may depend on whom.

mod crates;
mod layout;
mod source;
mod words;

use std::fmt;

use anyhow::{Result, bail};
use clap::Args;

use source::Source;

/// Options of `tidy`.
#[derive(Args)]
pub(crate) struct Options {}

/// A broken rule.
struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Checks and says that all is well.
pub(crate) fn run(_options: &Options) -> Result<()> {
    check()?;
    println!("tidy");
    Ok(())
}

/// Checks; prints what is broken.
pub(crate) fn check() -> Result<()> {
    let files = source::tracked()?;
    let mut findings = Vec::new();
    for file in &files {
        layout::check(file, &mut findings);
        words::check(file, &mut findings);
    }
    layout::check_crates(&files, &mut findings);
    crates::check(&files, &mut findings)?;
    if !findings.is_empty() {
        for finding in &findings {
            eprintln!("{finding}");
        }
        bail!("{} places are not tidy", findings.len());
    }
    Ok(())
}

fn report(findings: &mut Vec<Finding>, file: &Source, line: usize, what: impl Into<String>) {
    findings.push(Finding {
        file: file.path.clone(),
        line,
        what: what.into(),
    });
}
