//! What is wrong with a selector, where, and what to write instead.

use std::fmt;

use crate::alert::Text;

/// A selector that cannot be read. Such a selector matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    column: usize,
    problem: Problem,
}

/// Kinds of problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is longer than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the selector has {len} bytes, at most {max} are allowed")]
    TooLong {
        /// Length found.
        len: usize,
        /// Length allowed.
        max: usize,
    },
    /// Parentheses, written or implied, are nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("tests are nested deeper than {max}")]
    TooDeep {
        /// Depth allowed.
        max: usize,
    },
    /// A label name is longer than [`MAX_LABEL`](super::MAX_LABEL).
    #[error("the label name has {len} characters, at most {max} are allowed")]
    LabelTooLong {
        /// Length found.
        len: usize,
        /// Length allowed.
        max: usize,
    },
    /// A string without its closing quote.
    #[error("the string that begins here has no closing {quote}")]
    UnterminatedString {
        /// The quote that opened it.
        quote: char,
    },
    /// `=`, `&` or `|` alone.
    #[error("`{found}` is not an operator")]
    HalfOperator {
        /// The single character.
        found: char,
    },
    /// A typographic quotation mark where a string should begin.
    #[error("{0} is a typographic quotation mark")]
    SmartQuote(char),
    /// A line break between words.
    #[error("a line break stands within the selector")]
    LineBreak,
    /// Some other space than blank and tab.
    #[error("U+{:04X} is not a space that may separate words", u32::from(*.0))]
    OddSpace(char),
    /// A character that begins nothing.
    #[error("unexpected character {0:?}")]
    UnexpectedChar(char),
    /// `has (x)`, `all ()`, `global ()`.
    #[error("a space stands between `{name}` and its parenthesis")]
    SpaceBeforeParen {
        /// The function's name.
        name: &'static str,
    },
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What should stand here.
        expected: Expected,
        /// What stands here, shortened.
        found: Text<48>,
    },
}

/// What the grammar wants at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A test or an opening parenthesis.
    Test,
    /// An operator after a label.
    Operator,
    /// A quoted literal.
    Literal,
    /// `{` after `in` or `not in`.
    Set,
    /// `,` or `}` within a set.
    SetEnd,
    /// The name in `has(…)`.
    HasLabel,
    /// `)`.
    ClosingParen,
    /// `&&`, `||` or the end.
    Conjunction,
}

impl SelectorError {
    pub(super) fn new(column: usize, problem: Problem) -> Self {
        Self { column, problem }
    }

    /// Place of the problem: characters from the beginning of the text, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What to write instead.
    pub fn hint(&self) -> &'static str {
        match &self.problem {
            Problem::TooLong { .. } => "shorten it, or give the pods a common label to select by",
            Problem::TooDeep { .. } => "join tests side by side instead of within each other",
            Problem::LabelTooLong { .. } => "check the label's name",
            Problem::UnterminatedString { .. } => "close it with the same kind of quote",
            Problem::HalfOperator { found } => match found {
                '=' => "write `==` to compare",
                '&' => "write `&&`",
                _ => "write `||`",
            },
            Problem::SmartQuote(_) => {
                "write straight quotes, \" or '; text copied from a web page often has others"
            }
            Problem::LineBreak => "write it on one line; in YAML, `selector: >-` folds lines",
            Problem::OddSpace(_) => "replace it by a plain space",
            Problem::UnexpectedChar(c) => hint_for_char(*c),
            Problem::SpaceBeforeParen { name } => match *name {
                "has" => "write `has(label)`",
                "all" => "write `all()`",
                _ => "write `global()`",
            },
            Problem::Unexpected { expected, found } => expected.hint(found),
        }
    }
}

fn hint_for_char(c: char) -> &'static str {
    match c {
        '<' | '>' | '~' => {
            "the operators are ==, !=, in, not in, contains, starts with and ends with"
        }
        '`' => "write straight quotes, \" or '",
        '[' | ']' => "write sets in braces: in {\"a\", \"b\"}",
        '\\' => "there are no escapes; put the value in the other kind of quote",
        _ => "label names have letters, digits, `_`, `.`, `/` and `-`; values stand in quotes",
    }
}

impl Expected {
    fn hint(self, found: &str) -> &'static str {
        match self {
            Self::Test if found.starts_with("string") => {
                "the label comes first: label == \"value\""
            }
            Self::Test => "write a test such as label == \"value\" or has(label)",
            Self::Operator if found == "end of selector" || found.starts_with("`)`") => {
                "write has(label) to ask whether the label is there"
            }
            Self::Operator => {
                "the operators are ==, !=, in, not in, contains, starts with and ends with, \
                 in small letters"
            }
            Self::Literal => "put the value in quotes: \"value\"",
            Self::Set => "write the values in braces: {\"a\", \"b\"}",
            Self::SetEnd => "separate quoted values by commas and close with `}`",
            Self::HasLabel => "name one label: has(label)",
            Self::ClosingParen => "close each parenthesis that was opened",
            Self::Conjunction => "join tests with && or ||",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "a test",
            Self::Operator => "an operator",
            Self::Literal => "a quoted value",
            Self::Set => "`{`",
            Self::SetEnd => "`,` or `}`",
            Self::HasLabel => "a label name",
            Self::ClosingParen => "`)`",
            Self::Conjunction => "`&&`, `||` or the end",
        })
    }
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "column {}: {}; {}",
            self.column,
            self.problem,
            self.hint()
        )
    }
}

impl std::error::Error for SelectorError {}
