//! Calico's selector language: which labels an endpoint must present.
//!
//! ```text
//! selector := "" | or
//! or       := and ("||" and)*
//! and      := not ("&&" not)*
//! not      := "!"* ( "has(" LABEL ")" | "all()" | "global()" | "(" or ")" | match )
//! match    := LABEL ("==" | "!=" | "contains" | "starts with" | "ends with") STRING
//!           | LABEL ("in" | "not in") "{" [STRING ("," STRING)* [","]] "}"
//! LABEL    := [A-Za-z0-9_./-]{1,512}
//! STRING   := '"' [^"]* '"' | "'" [^']* "'"
//! ```
//! Space and tab separate words. A word is an operator only right after a label,
//! so `in in {"in"}` asks for the label `in`. Every selector that Calico accepts is
//! accepted with the same meaning, up to [`MAX_BYTES`] and [`MAX_DEPTH`], which Calico
//! does not have; beyond Calico, line breaks around the whole selector are accepted,
//! because a YAML block scalar (`selector: |`) ends with one.
//!
//! This folder knows labels as text. Which labels a pod presents is not said here.

mod ast;
mod error;
mod lexer;
mod parser;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::BuildHasher,
    str::FromStr,
};

use ast::Expr;
pub use error::{Expected, Problem, SelectorError};

/// Longest selector in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of parentheses, written or (around `&&` and `||`) implied.
pub const MAX_DEPTH: usize = 128;
/// Longest label name in bytes.
pub const MAX_LABEL: usize = 512;

/// A parsed selector. Printing it gives Calico's canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(Expr);

impl Selector {
    /// The selector that matches every endpoint: `all()`.
    pub fn all() -> Self {
        Self(Expr::All)
    }

    /// Reads `text`; empty text is `all()`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parser::parse(text).map(Self)
    }

    /// Whether an endpoint that presents `labels` is selected.
    pub fn matches(&self, labels: &impl LabelLookup) -> bool {
        self.0.matches(labels)
    }

    /// Calls `visit` with the name of each label that the selector asks about, in
    /// the order of the text; a name may come more than once.
    pub fn visit_labels(&self, mut visit: impl FnMut(&str)) {
        self.0.visit_labels(&mut visit);
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Labels by name.
pub trait LabelLookup {
    /// The value of label `name`, `None` where it is not present.
    fn label(&self, name: &str) -> Option<&str>;
}

impl LabelLookup for BTreeMap<String, String> {
    fn label(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

impl<S: BuildHasher> LabelLookup for HashMap<String, String, S> {
    fn label(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
