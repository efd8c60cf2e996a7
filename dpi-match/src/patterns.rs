//! The set of literals that a matcher is built from.

use thiserror::Error;

use crate::{AhoCorasickMpm, Engine, Mpm, few::Few, sieve::Sieve};

/// Bytes of the longest pattern.
pub const MAX_PATTERN_LEN: usize = u16::MAX as usize;
/// Patterns of the largest set.
pub const MAX_PATTERNS: usize = 1 << 20;
/// Bytes of all patterns of a set.
const MAX_SET_BYTES: usize = 1 << 30;

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
    bytes: usize,
}

/// Why a matcher could not be built.
#[derive(Debug, Error)]
pub enum PatternError {
    /// A pattern without bytes would match everywhere.
    #[error("pattern {} is empty", .0.0)]
    Empty(PatternId),
    /// A pattern is longer than [`MAX_PATTERN_LEN`].
    #[error("pattern {} has {length} bytes, more than {MAX_PATTERN_LEN}", .id.0)]
    TooLong {
        /// The pattern.
        id: PatternId,
        /// Its length.
        length: usize,
    },
    /// More than [`MAX_PATTERNS`], or more than 1 GiB of them.
    #[error("{0} patterns are more than a matcher can hold")]
    TooMany(usize),
    /// The automaton would be too large.
    #[error("the patterns do not fit into one automaton: {0}")]
    Automaton(#[from] aho_corasick::BuildError),
    /// The engine that was asked for needs instructions that this processor lacks.
    #[error("this processor cannot run the engine {0}")]
    Unavailable(Engine),
    /// The engine that was asked for cannot search for such a set.
    #[error("the engine {0} is for one case-sensitive pattern, or for up to three single bytes")]
    Unsuited(Engine),
}

impl Patterns {
    /// An empty set.
    pub fn new() -> Patterns {
        Patterns::default()
    }

    /// Adds a literal and returns its number. Equal ones may be added again.
    pub fn add(&mut self, bytes: &[u8], nocase: bool) -> Result<PatternId, PatternError> {
        let count = self.patterns.len();
        let total = self.bytes.saturating_add(bytes.len());
        let id = u32::try_from(count)
            .ok()
            .filter(|_| count < MAX_PATTERNS && total <= MAX_SET_BYTES)
            .map(PatternId)
            .ok_or(PatternError::TooMany(count.saturating_add(1)))?;
        if bytes.is_empty() {
            return Err(PatternError::Empty(id));
        }
        if bytes.len() > MAX_PATTERN_LEN {
            return Err(PatternError::TooLong {
                id,
                length: bytes.len(),
            });
        }
        self.bytes = total;
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

    /// Builds the matcher that suits the set and the processor.
    pub fn build(self) -> Result<Box<dyn Mpm>, PatternError> {
        if let Some(few) = Few::new(&self.patterns) {
            return Ok(Box::new(few));
        }
        self.build_with(Engine::best())
    }

    /// Builds a matcher of the given kind.
    pub fn build_with(self, engine: Engine) -> Result<Box<dyn Mpm>, PatternError> {
        if !engine.is_available() {
            return Err(PatternError::Unavailable(engine));
        }
        Ok(match engine {
            Engine::AhoCorasick => Box::new(AhoCorasickMpm::new(self.patterns)?),
            Engine::Few => {
                Box::new(Few::new(&self.patterns).ok_or(PatternError::Unsuited(engine))?)
            }
            Engine::Portable | Engine::Avx2 | Engine::Avx512 | Engine::Neon => {
                Box::new(Sieve::new(&self.patterns, engine))
            }
        })
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
