//! An expression in linear time, by the `regex` crate.

use regex::bytes::{Regex, RegexBuilder};
use thiserror::Error;

use super::{Match, Options, translate};

/// Bytes of the compiled program, and of its lazily built automaton.
const SIZE_LIMIT: usize = 2 << 20;

/// Why an expression has no form that takes linear time and means the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotLinear {
    /// `(?=`, `(?!`, `(?<=` or `(?<!`.
    #[error("look-around at offset {0}")]
    LookAround(usize),
    /// A back-reference or a call of a group.
    #[error("reference to a group at offset {0}")]
    Reference(usize),
    /// An atomic group or a possessive quantifier.
    #[error("atomic group or possessive quantifier at offset {0}")]
    Atomic(usize),
    /// `(?(`: a condition.
    #[error("conditional group at offset {0}")]
    Conditional(usize),
    /// `$` or `\Z` that may match before a newline at the end.
    #[error("`$` that may match before the last newline, at offset {0}")]
    BeforeLastNewline(usize),
    /// `^` of a multi-line expression that needs no byte behind it: PCRE2 does not let it
    /// match behind a newline that ends the subject.
    #[error("multi-line `^` that needs no byte behind it, at offset {0}")]
    EmptyLine(usize),
    /// A repetition of what may match nothing, whose rounds are counted differently.
    #[error("repetition of what may be empty, at offset {0}")]
    RepeatedEmpty(usize),
    /// With `Options::anchored`, an assertion about the bytes before.
    #[error("assertion about bytes before in an anchored expression")]
    AnchoredAssertion,
    /// `Options::extended`.
    #[error("extended syntax")]
    Extended,
    /// Another construct that is not translated.
    #[error("construct that is not translated, at offset {0}")]
    Unsupported(usize),
    /// Groups in groups beyond a limit.
    #[error("groups nested too deep at offset {0}")]
    TooDeep(usize),
    /// The program would be too large.
    #[error("the program would have more than {SIZE_LIMIT} bytes")]
    TooLarge,
}

/// The expression's other form.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    regex: Regex,
    anchored: bool,
}

impl Linear {
    pub(super) fn new(pattern: &[u8], options: Options) -> Result<Linear, NotLinear> {
        let mut text = translate::translate(pattern, options)?;
        if options.anchored {
            text = format!(r"\A(?:{text})");
        }
        // The translation is one that the crate can parse: what is left is the size.
        let regex = RegexBuilder::new(&text)
            .unicode(false)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|_| NotLinear::TooLarge)?;
        Ok(Linear {
            regex,
            anchored: options.anchored,
        })
    }

    /// As `Regex::find_at`; `start` is not behind the subject's end.
    pub(super) fn find_at(&self, subject: &[u8], start: usize) -> Option<Match> {
        let (found, base) = if self.anchored {
            // No assertion looks at the bytes before.
            (self.regex.find(subject.get(start..)?), start)
        } else {
            (self.regex.find_at(subject, start), 0)
        };
        found.map(|found| Match {
            start: base + found.start(),
            end: base + found.end(),
        })
    }
}
