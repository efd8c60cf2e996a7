//! `isdataat:10,relative` — whether a byte exists; `!` asks that it does not.

use super::{Cursor, Offset, OptionError, RuleContext, content::to_i64};
use crate::parser::lexer::RawOption;

/// Asks for the byte `offset` behind the cursor or the buffer's start, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    /// Whether the option holds where there is no data.
    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> bool {
        let at = cursor.base(self.relative, self.offset.value(cursor));
        (at < to_i64(cursor.data.len())) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("isdataat:9", b"0123456789", 0, Some(0)),
            ("isdataat:10", b"0123456789", 0, None),
            ("isdataat:!10", b"0123456789", 0, Some(0)),
            ("isdataat:!9", b"0123456789", 0, None),
            ("isdataat:0", b"", 0, None),
            ("isdataat:!0", b"", 0, Some(0)),
            ("isdataat:9", b"0123456789", 5, Some(5)),
            ("isdataat:4,relative", b"0123456789", 5, Some(5)),
            ("isdataat:5,relative", b"0123456789", 5, None),
            ("isdataat:!0,relative", b"0123456789", 10, Some(10)),
            ("isdataat:!0,relative", b"0123456789", 9, None),
            ("isdataat", b"a", 0, Some(0)),
            ("isdataat", b"", 0, None),
            ("byte_extract:1,0,n; isdataat:n", b"\x02xx", 0, Some(1)),
            ("byte_extract:1,0,n; isdataat:n", b"\x03xx", 0, None),
            (
                "byte_extract:1,0,n; isdataat:!n,relative",
                b"\x02xx",
                0,
                Some(1),
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("isdataat:10,rawbytes", r#"unknown argument "rawbytes""#),
            ("isdataat:-1", "offset must be 0 to 65535, not -1"),
            ("isdataat:65536", "offset must be 0 to 65535, not 65536"),
            ("isdataat:!", r#""" is no value for offset"#),
            (
                "isdataat:n",
                r#"unknown variable "n": byte_extract or byte_math must set it before"#,
            ),
            (
                "isdataat:1,relative yes",
                r#"unknown argument "relative yes""#,
            ),
        ]);
    }
}
