//! The number ranges that many options share: `5`, `!5`, `<5`, `>=5`, `1<>5`, `1<=>5`.

use super::{OptionError, args};
use crate::parser::lexer::RawOption;

/// A set of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumberRange {
    negated: bool,
    /// Lowest and highest number, both included; empty if `low` is above `high`.
    low: i64,
    high: i64,
}

impl NumberRange {
    /// Every number.
    pub const ANY: NumberRange = NumberRange {
        negated: false,
        low: i64::MIN,
        high: i64::MAX,
    };

    /// Whether `value` is in the set.
    pub fn contains(&self, value: i64) -> bool {
        (self.low <= value && value <= self.high) != self.negated
    }

    /// Reads a range whose numbers must lie within bounds. `a<>b` leaves both ends out,
    /// `a<=>b` takes both in.
    pub(crate) fn parse(text: &str, min: i64, max: i64) -> Result<NumberRange, OptionError> {
        let number = |text: &str| args::bounded(text, "range", min, max);
        let plain = |low, high| NumberRange {
            negated: false,
            low,
            high,
        };
        for (separator, inset) in [("<=>", 0), ("<>", 1)] {
            if let Some((low, high)) = text.split_once(separator) {
                let (low, high) = (number(low)?, number(high)?);
                if low > high {
                    return Err(OptionError::EmptyRange { low, high });
                }
                return Ok(plain(low.saturating_add(inset), high.saturating_sub(inset)));
            }
        }
        if let Some(rest) = text.strip_prefix("<=") {
            return Ok(plain(i64::MIN, number(rest)?));
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return Ok(plain(number(rest)?, i64::MAX));
        }
        if let Some(rest) = text.strip_prefix('<') {
            return Ok(plain(i64::MIN, number(rest)?.saturating_sub(1)));
        }
        if let Some(rest) = text.strip_prefix('>') {
            return Ok(plain(number(rest)?.saturating_add(1), i64::MAX));
        }
        let (negated, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.strip_prefix('=').unwrap_or(rest)),
            None => (false, text.strip_prefix('=').unwrap_or(text)),
        };
        let value = number(rest)?;
        Ok(NumberRange {
            negated,
            low: value,
            high: value,
        })
    }

    /// The range that is an option's only argument; without one, every number.
    pub(crate) fn of(raw: &RawOption<'_>, min: i64, max: i64) -> Result<NumberRange, OptionError> {
        raw.at_most(1)?;
        let Some(arg) = raw.args.first() else {
            return Ok(NumberRange::ANY);
        };
        match arg.value {
            // Blanks may stand behind the operator.
            Some(value) if arg.name().ends_with(['<', '>', '=', '!']) => {
                let text = [arg.name(), value.text()].concat();
                NumberRange::parse(&text, min, max)
            }
            _ => NumberRange::parse(arg.name(), min, max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        // (range, numbers of 0..=9 within)
        let table: &[(&str, &[i64])] = &[
            ("5", &[5]),
            ("=5", &[5]),
            ("0x5", &[5]),
            ("!8", &[0, 1, 2, 3, 4, 5, 6, 7, 9]),
            ("!=8", &[0, 1, 2, 3, 4, 5, 6, 7, 9]),
            ("<2", &[0, 1]),
            ("<=2", &[0, 1, 2]),
            (">7", &[8, 9]),
            (">=7", &[7, 8, 9]),
            ("<0", &[]),
            ("2<>5", &[3, 4]),
            ("2<>3", &[]),
            ("2<=>5", &[2, 3, 4, 5]),
            ("5<>5", &[]),
            ("5<=>5", &[5]),
        ];
        for (text, expected) in table {
            let range = NumberRange::parse(text, 0, 255).unwrap();
            let within: Vec<i64> = (0..10).filter(|n| range.contains(*n)).collect();
            assert_eq!(&within, expected, "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "", "=<5", "=>5", "==5", "!<5", "5<5", "5<", "<>5", "5<>", "5<>1", "a<>b", "1-5", ">",
            "-1", "256", "1<>256", "1 <> 5", "5<=>2", "!!5", "1<>2<>3",
        ] {
            assert!(NumberRange::parse(text, 0, 255).is_err(), "{text:?}");
        }
    }
}
