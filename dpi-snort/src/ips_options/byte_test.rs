//! `byte_test:4,>,1000,20,relative` — compares a number in the payload.

use super::{Cursor, Offset, OptionError, RuleContext, args, bytes::Format};
use crate::parser::lexer::RawOption;

/// A comparison of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteTest {
    bytes: u32,
    negated: bool,
    operator: Operator,
    value: Offset,
    offset: Offset,
    relative: bool,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> bool {
        let at = cursor.base(self.relative, self.offset.value(cursor));
        let Some((found, _)) = self.format.extract(cursor.data, at, self.bytes) else {
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
