//! `byte_test:4,>,1000,20,relative` — compares a number in the payload.

use super::{Cursor, Offset, OptionError, RuleContext, args, bytes::Format};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A comparison of some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteTest {
    bytes: u32,
    negated: bool,
    operator: Operator,
    value: Offset,
    offset: Offset,
    relative: bool,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
    /// Any common bit.
    And,
    Xor,
}

impl ByteTest {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<ByteTest, OptionError> {
        let word = |at: usize| raw.args.get(at).map(super::super::parser::lexer::Arg::name);
        let bytes = word(0).ok_or(OptionError::Missing { argument: "bytes" })?;
        let bytes = args::bounded_u32(bytes, "bytes", 1, 10)?;
        let operator = word(1).unwrap_or("=");
        let (negated, operator) = match operator.strip_prefix('!') {
            Some("") => (true, "="),
            Some(rest) => (true, rest),
            None => (false, operator),
        };
        // An operand of more than 32 bits is accepted and never equal.
        let number = |at: usize, name, min: i64, max: i64| match word(at) {
            None => Ok(Offset::Number(0)),
            Some(text) => Offset::parse_text(text, name, min, max, context),
        };
        let mut option = ByteTest {
            bytes,
            negated,
            operator: operator_of(operator)?,
            value: number(2, "value", i64::MIN, i64::MAX)?,
            offset: number(3, "offset", -65_536, 65_536)?,
            relative: false,
            format: Format::default(),
        };
        for arg in raw.args.iter().skip(4) {
            if arg.name() == "relative" {
                arg.no_value()?;
                option.relative = true;
            } else if !option.format.read(arg)? {
                return Err(arg.unknown());
            }
        }
        option.format.check(bytes)?;
        Ok(option)
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// Bytes outside the buffer fail, also negated.
    pub(super) fn evaluate(&self, cursor: &Cursor<'_>, unit: &InspectionUnit<'_>) -> bool {
        let Some(format) = self.format.in_unit(unit) else {
            return false;
        };
        let at = cursor.base(self.relative, self.offset.value(cursor));
        let Some((found, _)) = format.extract(cursor.data, at, self.bytes) else {
            return false;
        };
        let (found, value) = (i64::from(found), self.value.value(cursor));
        let holds = match self.operator {
            Operator::Below => found < value,
            Operator::AtMost => found <= value,
            Operator::Above => found > value,
            Operator::AtLeast => found >= value,
            Operator::Equal => found == value,
            Operator::And => found & value != 0,
            Operator::Xor => found ^ value != 0,
        };
        holds != self.negated
    }
}

fn operator_of(text: &str) -> Result<Operator, OptionError> {
    Ok(match text {
        "<" => Operator::Below,
        "<=" => Operator::AtMost,
        ">" => Operator::Above,
        ">=" => Operator::AtLeast,
        "=" => Operator::Equal,
        "&" => Operator::And,
        "^" => Operator::Xor,
        other => {
            return Err(OptionError::BadValue {
                argument: "operator",
                found: other.into(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("byte_test:2,=,258,0", b"\x01\x02", 0, Some(0)),
            ("byte_test:2,=,258,0,little", b"\x02\x01", 0, Some(0)),
            ("byte_test:2,=,258,0,little", b"\x01\x02", 0, None),
            ("byte_test:1,<,2,0", b"\x01", 0, Some(0)),
            ("byte_test:1,<,1,0", b"\x01", 0, None),
            ("byte_test:1,<=,1,0", b"\x01", 0, Some(0)),
            ("byte_test:1,<=,0,0", b"\x01", 0, None),
            ("byte_test:1,>,0,0", b"\x01", 0, Some(0)),
            ("byte_test:1,>,1,0", b"\x01", 0, None),
            ("byte_test:1,>=,1,0", b"\x01", 0, Some(0)),
            ("byte_test:1,>=,2,0", b"\x01", 0, None),
            ("byte_test:1,!,5,0", b"\x04", 0, Some(0)),
            ("byte_test:1,!=,4,0", b"\x04", 0, None),
            ("byte_test:1,!>,4,0", b"\x04", 0, Some(0)),
            ("byte_test:1,&,6,0", b"\x03", 0, Some(0)),
            ("byte_test:1,&,4,0", b"\x03", 0, None),
            ("byte_test:1,!&,4,0", b"\x03", 0, Some(0)),
            ("byte_test:1,^,3,0", b"\x03", 0, None),
            ("byte_test:1,^,1,0", b"\x03", 0, Some(0)),
            ("byte_test:1,=,3,1", b"\x03", 0, None),
            ("byte_test:1,!=,3,1", b"\x03", 0, None),
            ("byte_test:1,=,3,-1", b"\x03", 0, None),
            ("byte_test:1,=,3,-1,relative", b"\x03", 1, Some(1)),
            ("byte_test:1,=,0,0", b"\x00", 0, Some(0)),
            ("byte_test:1,=,4294967296,0", b"\x00", 0, None),
            ("byte_test:4,=,1234,0,string,dec", b"1234", 0, Some(0)),
            ("byte_test:9,=,1234,0,string,dec", b"1234", 0, Some(0)),
            ("byte_test:3,=,12,0,string,dec", b" 12", 0, Some(0)),
            ("byte_test:3,=,12,0,string,dec", b"+12", 0, Some(0)),
            ("byte_test:4,=,0,0,string,dec", b"0x1f", 0, Some(0)),
            ("byte_test:4,=,31,0,string,hex", b"0x1f", 0, Some(0)),
            ("byte_test:2,=,15,0,string,oct", b"17", 0, Some(0)),
            ("byte_test:2,=,0,0,string,dec", b"xx", 0, None),
            ("byte_test:2,!=,0,0,string,dec", b"xx", 0, None),
            ("byte_test:1,=,3,0,bitmask 0xf0", b"\x35", 0, Some(0)),
            ("byte_test:1,=,5,0,bitmask 0xf0", b"\x35", 0, None),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("byte_test", "missing argument: bytes"),
            ("byte_test:0,=,1,0", "bytes must be 1 to 10, not 0"),
            ("byte_test:1,~,1,0", r#""~" is no value for operator"#),
            ("byte_test:1,==,1,0", r#""==" is no value for operator"#),
            (
                "byte_test:1,=,x,0",
                r#"unknown variable "x": byte_extract or byte_math must set it before"#,
            ),
            ("byte_test:1,=,1.5,0", r#""1.5" is no value for value"#),
            (
                "byte_test:1,=,1,65537",
                "offset must be -65536 to 65536, not 65537",
            ),
            ("byte_test:1,=,1,0,middle", r#"unknown argument "middle""#),
            (
                "byte_test:1,=,1,0,relative 4",
                r#"unknown argument "relative 4""#,
            ),
            (
                "byte_test:1,=,1,0,bitmask 0",
                "bitmask must be 1 to 4294967295, not 0",
            ),
            ("byte_test:1,=,1,0,bitmask", "bitmask needs a value"),
            (
                "byte_test:1,=,1,0,bitmask 0x100",
                "bitmask 0x100 is wider than 1 bytes",
            ),
        ]);
    }
}
