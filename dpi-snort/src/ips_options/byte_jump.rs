//! `byte_jump:2,0,relative` — moves the cursor by a number in the payload.

use super::{
    Cursor, Offset, OptionError, RuleContext, args,
    bytes::{Format, advance, align, parse_align},
    content::to_i64,
};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A jump.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteJump {
    /// 0: nothing is read, only `post_offset` counts.
    bytes: u32,
    offset: Offset,
    relative: bool,
    from: From,
    multiplier: i64,
    align: Option<i64>,
    post_offset: Offset,
    format: Format,
}

/// Where the jump is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum From {
    /// Behind the number read.
    Here,
    Beginning,
    End,
}

impl ByteJump {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<ByteJump, OptionError> {
        let word = |at: usize| raw.args.get(at).map(super::super::parser::lexer::Arg::name);
        let bytes = word(0).ok_or(OptionError::Missing { argument: "bytes" })?;
        let bytes = args::bounded_u32(bytes, "bytes", 0, 10)?;
        let mut option = ByteJump {
            bytes,
            offset: match word(1) {
                None => Offset::Number(0),
                Some(text) => Offset::parse_text(text, "offset", -65_535, 65_535, context)?,
            },
            relative: false,
            from: From::Here,
            multiplier: 1,
            align: None,
            post_offset: Offset::Number(0),
            format: Format::default(),
        };
        for arg in raw.args.iter().skip(2) {
            match arg.name() {
                "relative" => option.relative = true,
                "from_beginning" => option.from = From::Beginning,
                "from_end" => option.from = From::End,
                "multiplier" => {
                    let text = arg.required("multiplier")?;
                    option.multiplier = args::bounded(text, "multiplier", 1, 65_535)?;
                }
                "align" => option.align = Some(parse_align(arg)?),
                "post_offset" => {
                    option.post_offset =
                        Offset::parse(arg, "post_offset", -65_535, 65_535, context)?;
                }
                _ if option.format.read(arg)? => {}
                _ => return Err(arg.unknown()),
            }
        }
        option.format.check(bytes)?;
        Ok(option)
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// May land on the end of the buffer, not behind it nor before its start.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>, unit: &InspectionUnit<'_>) -> bool {
        let Some(format) = self.format.in_unit(unit) else {
            return false;
        };
        let at = cursor.base(self.relative, self.offset.value(cursor));
        let (value, behind) = if self.bytes == 0 {
            (0, at)
        } else {
            match format.extract(cursor.data, at, self.bytes) {
                Some((value, used)) => (i64::from(value), advance(at, used)),
                None => return false,
            }
        };
        let mut jump = value.saturating_mul(self.multiplier);
        if let Some(to) = self.align {
            jump = align(jump, to);
        }
        let target = match self.from {
            From::Here => behind.saturating_add(jump),
            From::Beginning => jump,
            // Forward, as in Snort: only a negative `post_offset` leads back into the buffer.
            From::End => to_i64(cursor.data.len()).saturating_add(jump),
        };
        cursor.set_pos(target.saturating_add(self.post_offset.value(cursor)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("byte_jump:1,0", b"\x02xx", 0, Some(3)),
            ("byte_jump:1,0", b"\x03xx", 0, None),
            ("byte_jump:1,0", b"", 0, None),
            ("byte_jump:1", b"\x01x", 0, Some(2)),
            ("byte_jump:1,0,from_beginning", b"\x02xx", 0, Some(2)),
            ("byte_jump:1,0,from_beginning", b"\x04xx", 0, None),
            ("byte_jump:1,0,from_end", b"\x00xx", 0, Some(3)),
            ("byte_jump:1,0,from_end", b"\x01xx", 0, None),
            (
                "byte_jump:1,0,from_end,post_offset -1",
                b"\x01xx",
                0,
                Some(3),
            ),
            (
                "byte_jump:1,0,from_end,post_offset -2",
                b"\x01xx",
                0,
                Some(2),
            ),
            ("byte_jump:1,0,from_end", b"\x04xx", 0, None),
            ("byte_jump:1,0,multiplier 2", b"\x01xx", 0, Some(3)),
            ("byte_jump:1,0,align", b"\x01xxxx", 0, Some(5)),
            ("byte_jump:1,0,align 2", b"\x01xx", 0, Some(3)),
            ("byte_jump:1,0,post_offset -1", b"\x02xx", 0, Some(2)),
            ("byte_jump:1,0,post_offset -2", b"\x00", 0, None),
            ("byte_jump:1,0,relative", b"x\x01x", 1, Some(3)),
            ("byte_jump:1,1,relative", b"x\x01x", 1, None),
            ("byte_jump:0,0,post_offset 2", b"xx", 0, Some(2)),
            ("byte_jump:0,0,from_end,post_offset -1", b"xxx", 0, Some(2)),
            ("byte_jump:2,0,string,dec", b"02xx", 0, Some(4)),
            ("byte_jump:2,0,string,dec", b"xx02", 0, None),
            ("byte_jump:2,0,little", b"\x01\x00x", 0, Some(3)),
            (
                "byte_extract:1,0,n; byte_jump:1,n",
                b"\x01\x01x",
                0,
                Some(3),
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("byte_jump", "missing argument: bytes"),
            ("byte_jump:11,0", "bytes must be 0 to 10, not 11"),
            (
                "byte_jump:1,65536",
                "offset must be -65535 to 65535, not 65536",
            ),
            (
                "byte_jump:1,n",
                r#"unknown variable "n": byte_extract or byte_math must set it before"#,
            ),
            ("byte_jump:1,0,align 8", r#""8" is no value for align"#),
            ("byte_jump:1,0,post_offset", "post_offset needs a value"),
            (
                "byte_jump:1,0,multiplier 65536",
                "multiplier must be 1 to 65535, not 65536",
            ),
            (
                "byte_jump:1,0,bitmask 0x1ff",
                "bitmask 0x1ff is wider than 1 bytes",
            ),
            ("byte_jump:1,0,backwards", r#"unknown argument "backwards""#),
        ]);
    }
}
