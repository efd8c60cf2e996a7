//! `bufferlen:>100,relative` — bytes of the current buffer, or those behind the cursor.

use super::{Cursor, NumberRange, OptionError, content::to_i64};
use crate::parser::lexer::RawOption;

/// A range over the buffer's length.
#[derive(Clone, Debug, PartialEq, Eq)]
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
