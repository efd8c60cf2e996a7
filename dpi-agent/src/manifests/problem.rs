//! What is wrong in a directory of manifests.

use std::{fmt, io, path::PathBuf, sync::Arc};

use dpi_api::selector::SelectorError;

use crate::snapshot::ObjectError;

/// One thing that is wrong, and where. Printed as `file:line: reason; remedy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the directory itself.
    pub file: Arc<PathBuf>,
    /// Line of the file, from 1.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: Reason,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is ignored that was meant for others.
    Warning,
    /// Something does not count that was meant to.
    Error,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The file or directory cannot be read.
    #[error("cannot be read ({message}); {}", io_remedy(*kind))]
    Unreadable {
        /// Kind of the error.
        kind: io::ErrorKind,
        /// The system's words.
        message: String,
    },
    /// The file is too long to be a manifest.
    #[error("has {len} bytes, at most {max} are read; split it")]
    TooLarge {
        /// Its length.
        len: u64,
        /// The length allowed.
        max: u64,
    },
    /// The file is not text.
    #[error("is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
    /// The document is not YAML (or JSON), or not what its kind has.
    #[error("{message}; correct this document, the others are read")]
    Syntax {
        /// The reader's words.
        message: String,
    },
    /// The document says no `apiVersion` or no `kind`.
    #[error("no {missing} is given; each document begins with apiVersion and kind")]
    Untyped {
        /// The missing field.
        missing: &'static str,
    },
    /// A kind that means nothing here.
    #[error(
        "{kind} ({api_version}) is ignored; DeepPacketInspection (projectcalico.org/v3), Pod, \
         Namespace, ServiceAccount and List (v1) are read"
    )]
    UnknownKind {
        /// The document's `apiVersion`.
        api_version: String,
        /// The document's `kind`.
        kind: String,
    },
    /// The object cannot be taken.
    #[error(transparent)]
    Object(ObjectError),
    /// An inspection's selector cannot be read.
    #[error("DeepPacketInspection {inspection} selects nothing: selector, {error}")]
    Selector {
        /// Namespace and name.
        inspection: String,
        /// What is wrong with it.
        error: SelectorError,
    },
    /// Objects that the file held before it turned bad still count.
    #[error(
        "{} kept as the file had before: {}; correct the file or remove it",
        count(objects),
        names(objects)
    )]
    Stale {
        /// Kind, namespace and name of each.
        objects: Vec<String>,
    },
}

impl Problem {
    /// How bad it is.
    pub fn level(&self) -> Level {
        match self.reason {
            Reason::UnknownKind { .. } | Reason::Stale { .. } => Level::Warning,
            _ => Level::Error,
        }
    }
}

impl Reason {
    pub(super) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.reason)
    }
}

fn io_remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => "let the agent read it, for example with chmod a+r",
        io::ErrorKind::NotFound => "a link may point nowhere; make the file or remove the link",
        io::ErrorKind::NotADirectory => "name a directory",
        io::ErrorKind::IsADirectory => "name files, not directories, *.yaml",
        _ => "check the file system",
    }
}

fn count(objects: &[String]) -> String {
    match objects.len() {
        1 => "one object is".to_owned(),
        n => format!("{n} objects are"),
    }
}

/// The first few names; a message must stay a line.
fn names(objects: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = objects
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if objects.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
