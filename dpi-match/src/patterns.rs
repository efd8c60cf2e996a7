//! The set of literals that a matcher is built from.

use thiserror::Error;

use crate::{AhoCorasickMpm, Mpm};

/// Number of a pattern within its set, in order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub u32);

/// One literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The bytes, at least one.
    pub bytes: Box<[u8]>,
    /// Whether ASCII letters match in either case.
    pub nocase: bool,
}

/// A growing set of literals; [`Patterns::build`] makes the matcher.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

/// Why a matcher could not be built.
#[derive(Debug, Error)]
pub enum PatternError {
    /// A pattern without bytes would match everywhere.
    #[error("pattern {} is empty", .0.0)]
    Empty(PatternId),
    /// More patterns than a 32-bit id can count.
    #[error("{0} patterns are more than a matcher can hold")]
    TooMany(usize),
    /// The automaton would be too large.
    #[error("the patterns do not fit into one automaton: {0}")]
    Automaton(#[from] aho_corasick::BuildError),
}

impl Patterns {
    /// An empty set.
    pub fn new() -> Patterns {
        Patterns::default()
    }

    /// Adds a literal and returns its number.
    pub fn add(&mut self, bytes: &[u8], nocase: bool) -> Result<PatternId, PatternError> {
        let id = u32::try_from(self.patterns.len())
            .map(PatternId)
            .map_err(|_| PatternError::TooMany(self.patterns.len()))?;
        if bytes.is_empty() {
            return Err(PatternError::Empty(id));
        }
        self.patterns.push(Pattern {
            bytes: bytes.into(),
            nocase,
        });
        Ok(id)
    }

    /// How many literals there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The literals in order of their numbers.
    pub fn as_slice(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Builds the matcher that suits the set.
    pub fn build(self) -> Result<Box<dyn Mpm>, PatternError> {
        Ok(Box::new(AhoCorasickMpm::new(self.patterns)?))
    }
}

impl Pattern {
    /// Whether `window` is an occurrence. The lengths must be equal for it to be one.
    pub fn matches(&self, window: &[u8]) -> bool {
        if self.nocase {
            self.bytes.eq_ignore_ascii_case(window)
        } else {
            *self.bytes == *window
        }
    }
}
