//! The files under version control.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{process, workspace};

/// A file of the repository.
pub(super) struct Source {
    /// Path from the root of the checkout, with `/`.
    pub(super) path: String,
    /// Its text; `None` if it is not UTF-8.
    pub(super) text: Option<String>,
    /// Bytes.
    pub(super) size: usize,
}

impl Source {
    /// Whether it is Rust.
    pub(super) fn is_rust(&self) -> bool {
        self.extension() == Some("rs")
    }

    /// What follows the last dot of its name.
    pub(super) fn extension(&self) -> Option<&str> {
        Path::new(&self.path)
            .extension()
            .and_then(|extension| extension.to_str())
    }

    /// Whether it holds nothing but tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// Its lines without the unit tests at its end.
    pub(super) fn code_lines(&self) -> usize {
        let text = self.text.as_deref().unwrap_or_default();
        text.lines()
            .position(|line| line == "#[cfg(test)]")
            .unwrap_or(text.lines().count())
    }
}

/// Every tracked file, and new ones that are not ignored.
pub(super) fn tracked() -> Result<Vec<Source>> {
    let root = workspace::root();
    let root = root.to_string_lossy();
    let list = process::output(
        "git",
        &[
            "-C",
            &root,
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
    )
    .context("`git ls-files` failed: tidy needs a git checkout")?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // A file may be deleted and not yet staged.
        if let Ok(bytes) = fs::read(workspace::root().join(path)) {
            let size = bytes.len();
            files.push(Source {
                path: path.to_owned(),
                text: String::from_utf8(bytes).ok(),
                size,
            });
        }
    }
    Ok(files)
}
