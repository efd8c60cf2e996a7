//! What `rules check` says, for people and for programs.

use std::io::{self, Write};

use dpi_snort::{
    builtin::BuiltinEvent,
    parser::{RuleError, RuleWarning},
};
use serde::Serialize;

use super::{At, LoadError};

/// What was found, as JSON prints it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) loaded: usize,
    pub(super) builtin: Vec<Builtin>,
    pub(super) inactive: Vec<Inactive>,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Note>,
}

/// A built-in event that a rule asks for.
#[derive(Debug, Serialize)]
pub(super) struct Builtin {
    pub(super) gid: u32,
    pub(super) sid: u32,
    pub(super) msg: &'static str,
}

/// A rule that waits for an inspector.
#[derive(Debug, Serialize)]
pub(super) struct Inactive {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) sid: Option<u32>,
    pub(super) option: Option<String>,
    pub(super) needs: String,
}

/// Something that is refused.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: Option<u32>,
    pub(super) sid: Option<u32>,
    pub(super) option: Option<String>,
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

/// Something that is accepted and odd.
#[derive(Debug, Serialize)]
pub(super) struct Note {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) sid: Option<u32>,
    pub(super) reason: String,
}

impl Report {
    /// Adds a file that could not be read.
    pub(super) fn unreadable(&mut self, error: &LoadError) {
        let file = error.path.display().to_string();
        self.errors.push(Problem::of_file(
            file,
            format!("cannot be read: {}", error.source),
        ));
    }

    /// Adds what is wrong in a `snort.lua`.
    pub(super) fn settings<T: ToString>(&mut self, at: &At<T>) {
        let problem = Problem::of_file(at.file.to_string(), at.what.to_string());
        self.errors.push(Problem {
            line: at.line,
            ..problem
        });
    }

    /// Adds what was refused, and what is inactive; strictly that is refused as well.
    pub(super) fn refused(&mut self, error: &RuleError, strict: bool) {
        if error.is_inactive() && !strict {
            self.inactive(error);
            return;
        }
        self.errors.push(Problem {
            file: error.file.to_string(),
            line: error.line,
            column: error.column,
            sid: error.sid,
            option: error.option.as_deref().map(str::to_owned),
            reason: error.reason.to_string(),
            hint: error.hint(),
        });
    }

    /// Adds a rule once, with the first of its options that wait.
    fn inactive(&mut self, error: &RuleError) {
        let file = error.file.to_string();
        let known = self.inactive.last().is_some_and(|last| {
            (last.line, last.sid) == (error.line, error.sid) && last.file == file
        });
        if known && error.sid.is_some() {
            return;
        }
        self.inactive.push(Inactive {
            file,
            line: error.line,
            sid: error.sid,
            option: error.option.as_deref().map(str::to_owned),
            needs: error.reason.to_string(),
        });
    }

    /// Prints it for people: the worst last, where the eye is.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for note in &self.warnings {
            write!(out, "warning: {}:{}", note.file, note.line)?;
            sid(note.sid, out)?;
            writeln!(out, ": {}", note.reason)?;
        }
        for event in &self.builtin {
            writeln!(out, "built-in: {}:{}: {}", event.gid, event.sid, event.msg)?;
        }
        for rule in &self.inactive {
            write!(out, "inactive: {}:{}", rule.file, rule.line)?;
            sid(rule.sid, out)?;
            option(rule.option.as_deref(), out)?;
            writeln!(out, ": {}", rule.needs)?;
        }
        for problem in &self.errors {
            problem.print(out)?;
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

impl Builtin {
    pub(super) fn of(event: BuiltinEvent) -> Builtin {
        let id = event.id();
        Builtin {
            gid: id.gid,
            sid: id.sid,
            msg: event.message(),
        }
    }
}

impl Problem {
    /// A problem of a whole file, or of all rules together.
    pub(super) fn of_file(file: String, reason: String) -> Problem {
        Problem {
            file,
            line: 0,
            column: None,
            sid: None,
            option: None,
            reason,
            hint: None,
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "error: {}", self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if let Some(column) = self.column {
            write!(out, ":{column}")?;
        }
        sid(self.sid, out)?;
        option(self.option.as_deref(), out)?;
        write!(out, ": {}", self.reason)?;
        if let Some(hint) = &self.hint {
            write!(out, "; {hint}")?;
        }
        writeln!(out)
    }
}

impl Note {
    pub(super) fn of_settings<T: ToString>(at: &At<T>) -> Note {
        Note {
            file: at.file.to_string(),
            line: at.line,
            sid: None,
            reason: at.what.to_string(),
        }
    }

    pub(super) fn of(warning: &RuleWarning) -> Note {
        Note {
            file: warning.file.to_string(),
            line: warning.line,
            sid: warning.sid,
            reason: warning.what.to_string(),
        }
    }
}

fn sid(sid: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    sid.map_or(Ok(()), |sid| write!(out, ": sid {sid}"))
}

fn option(option: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    option.map_or(Ok(()), |option| write!(out, ": {option}"))
}
