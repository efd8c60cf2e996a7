//! Files that rule files include.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use dpi_snort::parser::{RuleText, Surroundings};

/// Reads included files from disk, and shows what it reads to a listener.
pub(super) struct Disk<'l> {
    pub(super) listener: &'l mut dyn FnMut(Seen<'_>),
}

/// What a rule file holds.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'r> {
    /// A rule that is valid.
    Rule(&'r RuleText<'r>),
    /// A comment, or a line that sets a variable or a filter.
    Between(&'r [u8]),
}

impl Surroundings for Disk<'_> {
    /// The path as it is seen from the folder of the including file, else from here.
    fn include(&mut self, from: &str, path: &str) -> Result<(String, Vec<u8>), String> {
        if path.is_empty() {
            return Err("no file is named".to_owned());
        }
        let beside = Path::new(from).with_file_name(path);
        let found = if beside.is_file() {
            beside
        } else {
            Path::new(path).to_path_buf()
        };
        match super::load::read(&found) {
            Ok(bytes) => Ok((plain(found).to_string_lossy().into_owned(), bytes)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn rule(&mut self, rule: &RuleText<'_>) {
        (self.listener)(Seen::Rule(rule));
    }

    fn between(&mut self, text: &[u8]) {
        (self.listener)(Seen::Between(text));
    }
}

/// The path without `..`, by which a file that includes itself is known, unless links make
/// another file of it.
fn plain(path: PathBuf) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        let below = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        if component == Component::ParentDir && below {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    match (fs::canonicalize(&plain), fs::canonicalize(&path)) {
        (Ok(a), Ok(b)) if a == b => plain,
        _ => path,
    }
}
