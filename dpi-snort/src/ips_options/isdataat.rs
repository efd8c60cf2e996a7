//! `isdataat:10,relative` — whether a byte exists; `!` asks that it does not.

use super::{Cursor, Offset, OptionError, RuleContext, content::to_i64};
use crate::parser::lexer::RawOption;

/// Asks for the byte `offset` behind the cursor or the buffer's start, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isdataat {
    negated: bool,
    offset: Offset,
    relative: bool,
}

impl Isdataat {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<Isdataat, OptionError> {
        let Some((first, modifiers)) = raw.args.split_first() else {
            return Ok(Isdataat {
                negated: false,
                offset: Offset::Number(0),
                relative: false,
            });
        };
        let (negated, text) = match first.name().strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, first.name()),
        };
        for modifier in modifiers {
            if modifier.name() != "relative" {
                return Err(modifier.unknown());
            }
            modifier.no_value()?;
        }
        Ok(Isdataat {
            negated,
            offset: Offset::parse_text(text, "offset", 0, 65_535, context)?,
            relative: !modifiers.is_empty(),
        })
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> bool {
        let at = cursor.base(self.relative, self.offset.value(cursor));
        (at < to_i64(cursor.data.len())) != self.negated
    }
}
