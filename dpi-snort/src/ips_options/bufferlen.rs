//! `bufferlen:>100,relative` — bytes of the current buffer, or those behind the cursor.

use super::{Cursor, NumberRange, OptionError, content::to_i64};
use crate::parser::lexer::RawOption;

/// A range over the buffer's length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bufferlen {
    range: NumberRange,
    relative: bool,
}

impl Bufferlen {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Bufferlen, OptionError> {
        let Some((range, modifiers)) = raw.args.split_first() else {
            return Ok(Bufferlen {
                range: NumberRange::ANY,
                relative: false,
            });
        };
        for modifier in modifiers {
            if modifier.name() != "relative" {
                return Err(modifier.unknown());
            }
            modifier.no_value()?;
        }
        Ok(Bufferlen {
            range: NumberRange::parse(range.name(), 0, 65_535)?,
            relative: !modifiers.is_empty(),
        })
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> bool {
        let before = if self.relative { cursor.pos } else { 0 };
        let left = cursor.data.len().saturating_sub(before);
        self.range.contains(to_i64(left))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("bufferlen:3", b"abc", 0, Some(0)),
            ("bufferlen:3", b"abc", 1, Some(1)),
            ("bufferlen:2", b"abc", 1, None),
            ("bufferlen:2,relative", b"abc", 1, Some(1)),
            ("bufferlen:3,relative", b"abc", 1, None),
            ("bufferlen:0,relative", b"abc", 3, Some(3)),
            ("bufferlen:0", b"", 0, Some(0)),
            ("bufferlen:>2", b"abc", 0, Some(0)),
            ("bufferlen:>3", b"abc", 0, None),
            ("bufferlen:2<>4", b"abc", 0, Some(0)),
            ("bufferlen:3<>5", b"abc", 0, None),
            ("bufferlen", b"abc", 0, Some(0)),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("bufferlen:65536", "range must be 0 to 65535, not 65536"),
            (
                "bufferlen:4<>2",
                "range 4<>2: the first end must not be above the second",
            ),
            ("bufferlen:relative", r#""relative" is no value for range"#),
            ("bufferlen:<=", r#""" is no value for range"#),
            ("bufferlen:3,absolute", r#"unknown argument "absolute""#),
            ("bufferlen:3,relative 1", r#"unknown argument "relative 1""#),
        ]);
    }
}
