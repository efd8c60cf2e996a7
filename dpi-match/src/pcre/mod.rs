//! One PCRE2 expression, matched within limits.
//!
//! `mod.rs` is the safe face: options, limits, named errors. Everything that touches a
//! pointer is in `ffi.rs`. Expressions match bytes, never UTF-8 characters. Where time must be
//! linear, `linear.rs` has the same expression by the `regex` crate, if there is one that
//! means the same (`translate.rs`).

mod byte_set;
mod ffi;
mod linear;
#[cfg(test)]
mod linear_tests;
#[cfg(test)]
mod tests;
mod translate;

use std::sync::OnceLock;

use thiserror::Error;

use linear::Linear;
pub use linear::NotLinear;

/// Compile options; each is PCRE2's option of the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are PCRE2's own")]
pub struct Options {
    pub caseless: bool,
    pub dotall: bool,
    pub multiline: bool,
    pub extended: bool,
    pub anchored: bool,
    pub dollar_endonly: bool,
    pub ungreedy: bool,
}

/// Bounds of one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls of the internal match function (`pcre2_set_match_limit`).
    pub matches: u32,
    /// Nested backtracking points (`pcre2_set_depth_limit`); the JIT code has none.
    pub depth: u32,
    /// Heap for backtracking in KiB (`pcre2_set_heap_limit`); the JIT code has a fixed stack.
    pub heap_kib: u32,
}

/// A compiled expression; shared between threads.
#[derive(Debug)]
pub struct Regex {
    pattern: Box<[u8]>,
    options: Options,
    jit: bool,
    code: OnceLock<Result<ffi::Code, CompileError>>,
    linear: Option<Linear>,
}

/// Offsets of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// First byte; with `\K` in a look-ahead it may lie behind `end`.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

/// Why an expression could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} at offset {offset}")]
pub struct CompileError {
    /// PCRE2's own words.
    pub message: Box<str>,
    /// Offset in the expression.
    pub offset: usize,
    /// PCRE2's error number.
    pub code: i32,
}

/// Why a match was given up: neither found nor known to be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MatchError {
    /// `Limits::matches` was reached.
    #[error("match limit reached")]
    MatchLimit,
    /// `Limits::depth` was reached.
    #[error("depth limit reached")]
    DepthLimit,
    /// `Limits::heap_kib` was reached.
    #[error("heap limit reached")]
    HeapLimit,
    /// The JIT code's stack was used up.
    #[error("JIT stack used up")]
    JitStack,
    /// No memory.
    #[error("out of memory")]
    NoMemory,
    /// The start offset lies behind the subject.
    #[error("start offset {start} is behind the subject's {len} bytes")]
    BadOffset {
        /// The offset given.
        start: usize,
        /// Length of the subject.
        len: usize,
    },
    /// Another error of PCRE2, by its number.
    #[error("PCRE2 error {0}")]
    Other(i32),
}

/// What a match writes to: one for each thread, for all expressions.
#[derive(Debug)]
pub struct MatchScratch {
    data: ffi::MatchData,
}

impl Regex {
    /// Checks that the expression compiles. The machine code is made at the first match,
    /// since most expressions of a ruleset never meet the traffic that needs them.
    pub fn new(pattern: &[u8], options: Options) -> Result<Regex, CompileError> {
        ffi::Code::compile(pattern, options)?;
        Ok(Regex {
            pattern: pattern.into(),
            options,
            jit: true,
            code: OnceLock::new(),
            linear: None,
        })
    }

    /// The same expression by the `regex` crate, whose time is linear in the subject, so that
    /// no limit is ever reached; or why there is none that means exactly the same.
    pub fn in_linear_time(&self) -> Result<Regex, NotLinear> {
        Ok(Regex {
            pattern: self.pattern.clone(),
            options: self.options,
            jit: self.jit,
            code: OnceLock::new(),
            linear: Some(Linear::new(&self.pattern, self.options)?),
        })
    }

    /// Whether it is matched in linear time.
    pub fn is_linear(&self) -> bool {
        self.linear.is_some()
    }

    /// The same expression interpreted: for processes that may not make memory executable.
    #[must_use]
    pub fn without_jit(mut self) -> Regex {
        self.jit = false;
        self.code = OnceLock::new();
        self
    }

    /// The expression as given.
    pub fn pattern(&self) -> &[u8] {
        &self.pattern
    }

    /// The options as given.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The first match at or behind `start`; look-behinds see the bytes before it.
    pub fn find_at(
        &self,
        subject: &[u8],
        start: usize,
        scratch: &mut MatchScratch,
    ) -> Result<Option<Match>, MatchError> {
        if start > subject.len() {
            return Err(MatchError::BadOffset {
                start,
                len: subject.len(),
            });
        }
        if let Some(linear) = &self.linear {
            return Ok(linear.find_at(subject, start));
        }
        let code = self.code.get_or_init(|| {
            let code = ffi::Code::compile(&self.pattern, self.options)?;
            Ok(if self.jit { code.into_jit() } else { code })
        });
        match code {
            Ok(code) => scratch.data.find(code, subject, start),
            Err(e) => Err(MatchError::Other(e.code)),
        }
    }
}

/// The copy is compiled when it is first matched.
impl Clone for Regex {
    fn clone(&self) -> Regex {
        Regex {
            pattern: self.pattern.clone(),
            options: self.options,
            jit: self.jit,
            code: OnceLock::new(),
            linear: self.linear.clone(),
        }
    }
}

impl MatchScratch {
    /// Match data with these limits.
    pub fn new(limits: Limits) -> MatchScratch {
        MatchScratch {
            data: ffi::MatchData::new(limits),
        }
    }
}
