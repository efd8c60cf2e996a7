//! `byte_extract:2,0,name,relative` — stores a number of the payload in a variable.

use super::{
    Cursor, OptionError, RuleContext, args,
    bytes::{Format, advance, align, parse_align},
    variable::VariableId,
};
use crate::parser::lexer::RawOption;

/// A number to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteExtract {
    bytes: u32,
    offset: i64,
    variable: VariableId,
    relative: bool,
    multiplier: i64,
    align: Option<i64>,
    format: Format,
}

impl ByteExtract {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &mut RuleContext,
    ) -> Result<ByteExtract, OptionError> {
        let word = |at: usize, argument| {
            raw.args
                .get(at)
                .map(super::super::parser::lexer::Arg::name)
                .ok_or(OptionError::Missing { argument })
        };
        let bytes = args::bounded_u32(word(0, "bytes")?, "bytes", 1, 10)?;
        let offset = args::bounded(word(1, "offset")?, "offset", -65_535, 65_535)?;
        let name = word(2, "name of the variable")?;
        let mut relative = false;
        let mut multiplier = 1;
        let mut alignment = None;
        let mut format = Format::default();
        for arg in raw.args.iter().skip(3) {
            match arg.name() {
                "relative" => relative = true,
                "multiplier" => {
                    let text = arg.required("multiplier")?;
                    multiplier = args::bounded(text, "multiplier", 1, 65_535)?;
                }
                "align" => alignment = Some(parse_align(arg)?),
                _ if format.read(arg)? => {}
                _ => return Err(arg.unknown()),
            }
        }
        if offset < 0 && !relative {
            return Err(OptionError::NegativeOffset);
        }
        format.check(bytes)?;
        Ok(ByteExtract {
            bytes,
            offset,
            variable: context.declare(name)?,
            relative,
            multiplier,
            align: alignment,
            format,
        })
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// Moves the cursor behind the number.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>) -> bool {
        let at = cursor.base(self.relative, self.offset);
        let Some((value, used)) = self.format.extract(cursor.data, at, self.bytes) else {
            return false;
        };
        let mut value = i64::from(value).saturating_mul(self.multiplier);
        if let Some(to) = self.align {
            value = align(value, to);
        }
        cursor.set_variable(self.variable, u32::try_from(value).unwrap_or(u32::MAX));
        cursor.set_pos(advance(at, used))
    }
}
