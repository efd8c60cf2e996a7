//! `byte_jump:2,0,relative` — moves the cursor by a number in the payload.

use super::{
    Cursor, Offset, OptionError, RuleContext, args,
    bytes::{Format, advance, align, parse_align},
    content::to_i64,
};
use crate::parser::lexer::RawOption;

/// A jump.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>) -> bool {
        let at = cursor.base(self.relative, self.offset.value(cursor));
        let (value, behind) = if self.bytes == 0 {
            (0, at)
        } else {
            match self.format.extract(cursor.data, at, self.bytes) {
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
            From::End => to_i64(cursor.data.len()).saturating_sub(jump),
        };
        cursor.set_pos(target.saturating_add(self.post_offset.value(cursor)))
    }
}
