//! `byte_math:bytes 2,offset 0,oper +,rvalue 10,result name` — computes a variable.

use super::{Cursor, Offset, OptionError, RuleContext, args, bytes::Format, variable::VariableId};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A computation whose result is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteMath {
    bytes: u32,
    offset: Offset,
    operator: Operator,
    operand: Offset,
    result: VariableId,
    relative: bool,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    ShiftLeft,
    ShiftRight,
}

impl ByteMath {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &mut RuleContext,
    ) -> Result<ByteMath, OptionError> {
        let mut bytes = 1;
        let mut offset = Offset::Number(0);
        let mut operator = Operator::Add;
        let mut operand = Offset::Number(0);
        let mut result = None;
        let mut relative = false;
        let mut format = Format::default();
        for arg in &raw.args {
            match arg.name() {
                "bytes" => bytes = args::bounded_u32(arg.required("bytes")?, "bytes", 1, 10)?,
                "offset" => {
                    offset = Offset::parse(arg, "offset", -65_535, 65_535, context)?;
                }
                "oper" => operator = operator_of(arg.required("oper")?)?,
                "rvalue" => {
                    operand = Offset::parse(arg, "rvalue", i64::MIN, i64::MAX, context)?;
                    if operand == Offset::Number(0) {
                        return Err(OptionError::BadValue {
                            argument: "rvalue",
                            found: "0".into(),
                        });
                    }
                }
                "result" => result = Some(arg.required("result")?),
                "relative" => relative = true,
                _ if format.read_named(arg)? => {}
                _ => return Err(arg.unknown()),
            }
        }
        let result = result.ok_or(OptionError::Missing { argument: "result" })?;
        if let (Operator::ShiftLeft | Operator::ShiftRight, Offset::Number(by)) =
            (operator, operand)
            && !(0..32).contains(&by)
        {
            let by = u32::try_from(by).unwrap_or(u32::MAX);
            return Err(OptionError::Shift { by });
        }
        format.check(bytes)?;
        Ok(ByteMath {
            bytes,
            offset,
            operator,
            operand,
            result: context.declare(result)?,
            relative,
            format,
        })
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// Fails where the result of an operation other than a shift does not fit into 32 bits; the
    /// cursor stays.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>, unit: &InspectionUnit<'_>) -> bool {
        let Some(format) = self.format.in_unit(unit) else {
            return false;
        };
        let at = cursor.base(self.relative, self.offset.value(cursor));
        let Some((value, _)) = format.extract(cursor.data, at, self.bytes) else {
            return false;
        };
        let (value, operand) = (i64::from(value), self.operand.value(cursor));
        let by = u32::try_from(operand).unwrap_or(u32::MAX);
        let result = match self.operator {
            Operator::Add => value.checked_add(operand),
            Operator::Subtract => value.checked_sub(operand),
            Operator::Multiply => value.checked_mul(operand),
            Operator::Divide => value.checked_div(operand),
            // What is shifted out of the 32 bits is lost.
            Operator::ShiftLeft if by < 32 => {
                value.checked_shl(by).map(|shifted| shifted & 0xffff_ffff)
            }
            Operator::ShiftRight if by < 32 => value.checked_shr(by),
            Operator::ShiftLeft | Operator::ShiftRight => None,
        };
        let Some(result) = result.and_then(|r| u32::try_from(r).ok()) else {
            return false;
        };
        cursor.set_variable(self.result, result);
        true
    }
}

fn operator_of(text: &str) -> Result<Operator, OptionError> {
    Ok(match text {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        "<<" => Operator::ShiftLeft,
        ">>" => Operator::ShiftRight,
        other => {
            return Err(OptionError::BadValue {
                argument: "oper",
                found: other.into(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn evaluated() {
        moves(&[
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n; byte_test:1,=,n,1",
                b"\x01\x02",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper -,rvalue 1,result n; byte_test:1,=,n,1",
                b"\x03\x02",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper *,rvalue 3,result n; byte_test:1,=,n,1",
                b"\x03\x09",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper /,rvalue 2,result n; byte_test:1,=,n,1",
                b"\x05\x02",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper <<,rvalue 2,result n; byte_test:1,=,n,1",
                b"\x01\x04",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper >>,rvalue 2,result n; byte_test:1,=,n,1",
                b"\x08\x02",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper -,rvalue 2,result n",
                b"\x01",
                0,
                None,
            ),
            (
                "byte_math:bytes 4,offset 0,oper *,rvalue 2,result n",
                b"\xff\xff\xff\xff",
                0,
                None,
            ),
            (
                "byte_math:bytes 4,offset 0,oper <<,rvalue 1,result n; byte_test:4,=,n,4",
                b"\xff\xff\xff\xff\xff\xff\xff\xfe",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 4,offset 0,oper +,rvalue 1,result n",
                b"\xff\xff\xff\xff",
                0,
                None,
            ),
            (
                "byte_math:bytes 2,offset 0,oper +,rvalue 1,result n",
                b"\x01",
                0,
                None,
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,relative; byte_test:1,=,n,0",
                b"\x03\x02",
                1,
                Some(1),
            ),
            (
                "byte_math:bytes 2,offset 0,oper +,rvalue 1,result n,endian little; byte_test:1,=,n,2",
                b"\x01\x00\x02",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 2,offset 0,oper +,rvalue 1,result n,string dec; byte_test:1,=,n,2",
                b"12\x0d",
                0,
                Some(0),
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,bitmask 0xf0; byte_test:1,=,n,1",
                b"\x35\x04",
                0,
                Some(0),
            ),
            (
                "byte_extract:1,0,m; byte_math:bytes 1,offset 1,oper +,rvalue m,result n; byte_test:1,=,n,2",
                b"\x01\x02\x03",
                0,
                Some(1),
            ),
            (
                "byte_extract:1,0,m; byte_math:bytes 1,offset 1,oper /,rvalue m,result n",
                b"\x00\x02",
                0,
                None,
            ),
            (
                "byte_extract:1,0,m; byte_math:bytes 1,offset 1,oper <<,rvalue m,result n",
                b"\x20\x02",
                0,
                None,
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1",
                "missing argument: result",
            ),
            (
                "byte_math:bytes 0,offset 0,oper +,rvalue 1,result n",
                "bytes must be 1 to 10, not 0",
            ),
            (
                "byte_math:bytes 1,offset 0,oper %,rvalue 1,result n",
                r#""%" is no value for oper"#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper /,rvalue 0,result n",
                r#""0" is no value for rvalue"#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper <<,rvalue 32,result n",
                "a shift by 32 is not below 32 bits",
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue m,result n",
                r#"unknown variable "m": byte_extract or byte_math must set it before"#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result 9",
                r#"a variable's name begins with a letter, not "9""#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,endian middle",
                r#""middle" is no value for endian"#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,string bin",
                r#""bin" is no value for string"#,
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,bitmask 0x100",
                "bitmask 0x100 is wider than 1 bytes",
            ),
            (
                "byte_math:bytes 1,offset 0,oper +,rvalue 1,result n,sideways",
                r#"unknown argument "sideways""#,
            ),
            ("byte_math:oper", "oper needs a value"),
        ]);
    }
}
