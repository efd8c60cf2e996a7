//! `byte_extract:2,0,name,relative` — stores a number of the payload in a variable.

use super::{
    Cursor, OptionError, RuleContext, args,
    bytes::{Format, advance, align, parse_align},
    variable::VariableId,
};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A number to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>, unit: &InspectionUnit<'_>) -> bool {
        let Some(format) = self.format.in_unit(unit) else {
            return false;
        };
        let at = cursor.base(self.relative, self.offset);
        let Some((value, used)) = format.extract(cursor.data, at, self.bytes) else {
            return false;
        };
        let mut value = i64::from(value).saturating_mul(self.multiplier);
        if let Some(to) = self.align {
            value = align(value, to);
        }
        // The low 32 bits, as in Snort.
        let value = u32::try_from(value & 0xffff_ffff).unwrap_or(0);
        cursor.set_variable(self.variable, value);
        cursor.set_pos(advance(at, used))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            (
                "byte_extract:1,0,n; byte_test:1,=,n,1",
                b"\x05\x05",
                0,
                Some(1),
            ),
            (
                "byte_extract:1,0,n; byte_test:1,=,n,1",
                b"\x05\x06",
                0,
                None,
            ),
            (
                "byte_extract:2,0,n; byte_test:2,=,n,2",
                b"\x01\x02\x01\x02",
                0,
                Some(2),
            ),
            (
                "byte_extract:2,0,n,little; byte_test:1,=,n,2",
                b"\x05\x00\x05",
                0,
                Some(2),
            ),
            (
                "byte_extract:1,0,n,multiplier 2; byte_test:1,=,n,1",
                b"\x02\x04",
                0,
                Some(1),
            ),
            (
                "byte_extract:4,0,n,multiplier 65535; byte_test:4,=,n,4",
                b"\x12\x34\x56\x78\x44\x43\xa9\x88",
                0,
                Some(4),
            ),
            (
                "byte_extract:1,0,n,align 4; byte_test:1,=,n,1",
                b"\x05\x08",
                0,
                Some(1),
            ),
            (
                "byte_extract:1,0,n,align 2; byte_test:1,=,n,1",
                b"\x05\x06",
                0,
                Some(1),
            ),
            (
                "byte_extract:1,0,n,relative; byte_test:1,=,n,0",
                b"\x07\x07",
                1,
                Some(2),
            ),
            (
                "byte_extract:1,-1,n,relative; byte_test:1,=,n,0",
                b"\x07",
                1,
                Some(1),
            ),
            ("byte_extract:1,-1,n,relative", b"\x07", 0, None),
            ("byte_extract:1,1,n", b"\x07", 0, None),
            ("byte_extract:2,0,n", b"\x07", 0, None),
            (
                "byte_extract:3,0,n,string,dec; byte_test:1,=,n,3",
                b"12 \x0c",
                0,
                Some(2),
            ),
            (
                "byte_extract:4,0,n,string,hex; byte_test:1,=,n,4",
                b"0x1f\x1f",
                0,
                Some(4),
            ),
            (
                "byte_extract:3,0,n,string,oct; byte_test:1,=,n,2",
                b"17\x0f",
                0,
                Some(2),
            ),
            ("byte_extract:3,0,n,string", b"abc", 0, None),
            (
                "byte_extract:1,0,n,bitmask 0xf0; byte_test:1,=,n,1",
                b"\x35\x03",
                0,
                Some(1),
            ),
            (
                "byte_extract:1,0,a; byte_extract:1,1,b; byte_test:1,=,a,2",
                b"\x01\x02\x01",
                0,
                Some(2),
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("byte_extract", "missing argument: bytes"),
            ("byte_extract:1", "missing argument: offset"),
            ("byte_extract:1,0", "missing argument: name of the variable"),
            ("byte_extract:0,0,n", "bytes must be 1 to 10, not 0"),
            ("byte_extract:11,0,n", "bytes must be 1 to 10, not 11"),
            (
                "byte_extract:1,65536,n",
                "offset must be -65535 to 65535, not 65536",
            ),
            ("byte_extract:1,-1,n", "a negative offset needs `relative`"),
            (
                "byte_extract:1,0,1n",
                r#"a variable's name begins with a letter, not "1n""#,
            ),
            ("byte_extract:1,0,n,align 3", r#""3" is no value for align"#),
            (
                "byte_extract:1,0,n,multiplier 0",
                "multiplier must be 1 to 65535, not 0",
            ),
            ("byte_extract:1,0,n,multiplier", "multiplier needs a value"),
            (
                "byte_extract:1,0,n,bitmask 0x100",
                "bitmask 0x100 is wider than 1 bytes",
            ),
            (
                "byte_extract:1,0,n,sideways",
                r#"unknown argument "sideways""#,
            ),
            (
                "byte_extract:1,0,a; byte_extract:1,0,b; byte_extract:1,0,c",
                "more than 2 variables in one rule",
            ),
        ]);
    }
}
