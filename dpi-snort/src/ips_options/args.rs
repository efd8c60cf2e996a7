//! Reading arguments: numbers, and words with their values.

use super::OptionError;
use crate::parser::lexer::{Arg, RawOption, Word};

/// A decimal or `0x` hexadecimal number, with an optional minus.
pub(crate) fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = hex.map_or((digits, 10), |hex| (hex, 16));
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    if negative {
        value.checked_neg()
    } else {
        Some(value)
    }
}

/// A number within bounds, both included.
pub(crate) fn bounded(
    text: &str,
    argument: &'static str,
    min: i64,
    max: i64,
) -> Result<i64, OptionError> {
    let value = number(text).ok_or_else(|| OptionError::BadValue {
        argument,
        found: text.into(),
    })?;
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(OptionError::OutOfRange {
            argument,
            found: text.into(),
            min,
            max,
        })
    }
}

/// The same as `u32`; `max` must fit.
pub(crate) fn bounded_u32(
    text: &str,
    argument: &'static str,
    min: u32,
    max: u32,
) -> Result<u32, OptionError> {
    let value = bounded(text, argument, i64::from(min), i64::from(max))?;
    u32::try_from(value).map_err(|_| OptionError::BadValue {
        argument,
        found: text.into(),
    })
}

impl<'a> Arg<'a> {
    /// The first word.
    pub(crate) fn name(&self) -> &'a str {
        self.word.text()
    }

    /// The value, which must be there.
    pub(crate) fn required(&self, argument: &'static str) -> Result<&'a str, OptionError> {
        self.value
            .map(|v| v.text())
            .ok_or(OptionError::MissingValue { argument })
    }

    /// The error for a word that means nothing here.
    pub(crate) fn unknown(&self) -> OptionError {
        OptionError::UnknownArgument {
            found: self.name().into(),
        }
    }

    /// Fails if a value stands where none belongs.
    pub(crate) fn no_value(&self) -> Result<(), OptionError> {
        match self.value {
            None => Ok(()),
            Some(value) => Err(OptionError::UnknownArgument {
                found: format!("{} {}", self.name(), value.text()).into(),
            }),
        }
    }
}

impl<'a> RawOption<'a> {
    /// The first word of the first argument, if there is an argument.
    pub(crate) fn first(&self) -> Option<Word<'a>> {
        self.args.first().map(|arg| arg.word)
    }

    /// Fails on any argument.
    pub(crate) fn no_args(&self) -> Result<(), OptionError> {
        self.args.first().map_or(Ok(()), |arg| Err(arg.unknown()))
    }

    /// Fails on any argument behind the first `count`.
    pub(crate) fn at_most(&self, count: usize) -> Result<(), OptionError> {
        self.args
            .get(count)
            .map_or(Ok(()), |arg| Err(arg.unknown()))
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", Some(0)),
            ("-5", Some(-5)),
            ("0x1F", Some(31)),
            ("-0x10", Some(-16)),
            ("99999999999", Some(99_999_999_999)),
            ("", None),
            ("-", None),
            ("+5", None),
            ("--5", None),
            ("0x", None),
            ("1.5", None),
            ("5a", None),
            ("0x-5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(number(text), value, "{text:?}");
        }
    }
}
