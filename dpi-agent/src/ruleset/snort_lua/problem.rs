//! What can be wrong with a `snort.lua`, by place and reason.

use std::{fmt, sync::Arc};

use dpi_snort::{filters::FilterError, parser::HeaderError};
use thiserror::Error;

use super::sandbox::{MAX_FILE, MAX_FILES, MAX_INSTRUCTIONS, MAX_MEMORY, MAX_TIME};

/// Something, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The file.
    pub file: Arc<str>,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// What it is.
    pub what: T,
}

/// Why a whole file has no effect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The system does not let the agent read it.
    #[error("cannot be read: {0}")]
    Denied(String),
    /// Lua's own words, of a mistake in writing or in running.
    #[error("{0}")]
    Lua(String),
    /// It does not come to an end.
    #[error(
        "stopped after {MAX_INSTRUCTIONS} instructions or {} s: does this loop ever end?",
        MAX_TIME.as_secs()
    )]
    Endless,
    /// It wants more memory than there is for it.
    #[error("stopped: it needs more than {} MiB of memory", MAX_MEMORY >> 20)]
    Memory,
    /// Tables within tables, or more of them than any file needs.
    #[error("{name} has more than {max} values, or tables more than {depth} deep")]
    TooMuch {
        /// The global.
        name: String,
        /// Values at most.
        max: usize,
        /// Tables within tables at most.
        depth: usize,
    },
    /// A network or a list of ports that is none.
    #[error("variable {name}: {error}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: HeaderError,
    },
    /// Variables that are set by each other.
    #[error("variable {name} is set by itself, perhaps by way of others")]
    Circle {
        /// One of them.
        name: String,
    },
    /// A value of another kind than it must be.
    #[error("{name} must be {wanted}, not {found}")]
    Kind {
        /// What is set.
        name: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
}

/// A filter that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{entry}: {error}")]
pub struct RefusedEntry {
    /// As in `suppress[2]`.
    pub entry: String,
    /// Why.
    pub error: EntryError,
}

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum EntryError {
    #[error("a list of tables is expected: {{ {{ gid = 1, sid = … }}, … }}, not {found}")]
    NoList { found: &'static str },
    #[error("a table is expected, not {found}")]
    NoTable { found: &'static str },
    #[error("{field} is missing")]
    Missing { field: &'static str },
    #[error("unknown field {found:?}: there are {known}")]
    Unknown { found: String, known: &'static str },
    #[error("{field} must be a whole number from {min} to 4294967295, not {found}")]
    Number {
        field: &'static str,
        min: u32,
        found: String,
    },
    #[error("{field} must be one of {words}, not {found}")]
    Word {
        field: &'static str,
        words: &'static str,
        found: String,
    },
    #[error("{field}: {error}")]
    Addresses {
        field: &'static str,
        error: HeaderError,
    },
    #[error("{0}")]
    Filter(#[from] FilterError),
}

/// Something that is set and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{name} has no effect here: read are networks and ports (HOME_NET, ips.variables), suppress, \
     event_filter and rate_filter; what only this file needs may be local"
)]
pub struct NoEffect {
    /// What is set.
    pub name: String,
}

impl<T> At<T> {
    /// Another thing at the same place.
    pub(super) fn with<U>(self, what: U) -> At<U> {
        At {
            file: self.file,
            line: self.line,
            what,
        }
    }
}

impl<T: fmt::Display> fmt::Display for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl Fault {
    /// Of a file that the system does not give.
    pub(super) fn of(error: &std::io::Error) -> Fault {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Fault::Denied(error.to_string()),
            _ => Fault::Unreadable(error.to_string()),
        }
    }

    /// Of a file that is too long.
    pub(super) fn too_long(len: u64) -> Fault {
        Fault::Unreadable(format!("{len} bytes; a snort.lua has at most {MAX_FILE}"))
    }

    /// Of files that include files without end.
    pub(super) fn too_many_files() -> String {
        format!("more than {MAX_FILES} files: does one include itself?")
    }
}
