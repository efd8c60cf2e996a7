//! `dpi-agent rules check`: which rules load, which wait for an inspector, what is wrong.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::{Args, ValueEnum};
use dpi_snort::{
    Config,
    detection::Detection,
    parser::{RuleError, RuleWarning},
};
use serde::Serialize;

use super::{Dialect, Loaded, load};

/// Options of `rules check`.
#[derive(Args, Debug)]
pub struct Options {
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How rule texts are read
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// Rule files, or folders with *.rules
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What was found, as JSON prints it.
#[derive(Debug, Default, Serialize)]
struct Report {
    loaded: usize,
    inactive: Vec<Inactive>,
    errors: Vec<Error>,
    warnings: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Inactive {
    file: String,
    line: u32,
    sid: Option<u32>,
    option: Option<String>,
    needs: String,
}

#[derive(Debug, Serialize)]
struct Error {
    file: String,
    line: u32,
    column: Option<u32>,
    sid: Option<u32>,
    option: Option<String>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Note {
    file: String,
    line: u32,
    reason: String,
}

/// Checks the rules; true if there is no error.
pub fn run(options: &Options) -> io::Result<bool> {
    let report = Report::of(load(&options.paths, Arc::default()));
    let mut out = io::stdout().lock();
    match options.format {
        Format::Json => {
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
        Format::Text => report.print(&mut out)?,
    }
    Ok(report.errors.is_empty())
}

impl Report {
    fn of(loaded: Loaded) -> Report {
        let mut report = Report::default();
        for error in &loaded.unreadable {
            report.errors.push(Error {
                file: error.path.display().to_string(),
                line: 0,
                column: None,
                sid: None,
                option: None,
                reason: format!("cannot be read: {}", error.source),
            });
        }
        report.add_errors(&loaded.ruleset.errors);
        report
            .warnings
            .extend(loaded.ruleset.warnings.iter().map(Note::of));
        match Detection::compile(loaded.ruleset, &Config::default()) {
            Ok((detection, left_out)) => {
                report.loaded = detection.len();
                report.add_errors(&left_out);
            }
            Err(error) => report.errors.push(Error {
                file: String::new(),
                line: 0,
                column: None,
                sid: None,
                option: None,
                reason: error.to_string(),
            }),
        }
        report
    }

    fn add_errors(&mut self, errors: &[RuleError]) {
        for error in errors {
            let (file, option) = (
                error.file.to_string(),
                error.option.as_deref().map(str::to_owned),
            );
            let (line, sid, reason) = (error.line, error.sid, error.reason.to_string());
            if error.is_inactive() {
                self.inactive.push(Inactive {
                    file,
                    line,
                    sid,
                    option,
                    needs: reason,
                });
            } else {
                self.errors.push(Error {
                    file,
                    line,
                    column: error.column,
                    sid,
                    option,
                    reason,
                });
            }
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for error in &self.errors {
            write!(out, "error: {}", error.file)?;
            if error.line > 0 {
                write!(out, ":{}", error.line)?;
            }
            if let Some(sid) = error.sid {
                write!(out, ": sid {sid}")?;
            }
            if let Some(option) = &error.option {
                write!(out, ": {option}")?;
            }
            writeln!(out, ": {}", error.reason)?;
        }
        for note in &self.warnings {
            writeln!(out, "warning: {}:{}: {}", note.file, note.line, note.reason)?;
        }
        for rule in &self.inactive {
            let sid = rule
                .sid
                .map_or_else(String::new, |sid| format!(": sid {sid}"));
            writeln!(
                out,
                "inactive: {}:{}{sid}: {}",
                rule.file, rule.line, rule.needs
            )?;
        }
        writeln!(
            out,
            "{} rules loaded, {} inactive, {} errors, {} warnings",
            self.loaded,
            self.inactive.len(),
            self.errors.len(),
            self.warnings.len()
        )
    }
}

impl Note {
    fn of(warning: &RuleWarning) -> Note {
        Note {
            file: warning.file.to_string(),
            line: warning.line,
            reason: warning.what.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_file_line_sid_and_option() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mixed.rules");
        let text = "alert tcp any any -> any any (content:\"a\"; sid:1;)\n\
                    alert tcp any any -> any any (content:\"a\"; dce_opnum:1; sid:2;)\n\
                    alert tcp any any -> any any (content:\"a\",bogus; sid:3;)\n";
        std::fs::write(&path, text).unwrap();
        let report = Report::of(load(&[path, "absent.rules".into()], Arc::default()));
        assert_eq!(report.loaded, 1);
        assert_eq!(
            (report.inactive[0].line, report.inactive[0].sid),
            (2, Some(2))
        );
        let error = &report.errors[1];
        assert_eq!((error.line, error.sid), (3, Some(3)));
        assert_eq!(error.option.as_deref(), Some("content"));
        assert!(report.errors[0].file.contains("absent.rules"));
        let mut printed = Vec::new();
        report.print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert!(
            printed.ends_with("1 rules loaded, 1 inactive, 2 errors, 0 warnings\n"),
            "{printed}"
        );
    }
}
