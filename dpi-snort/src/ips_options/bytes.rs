//! Numbers in the payload, as `byte_test`, `byte_jump`, `byte_extract`, `byte_math` read them.

use super::{OptionError, args};
use crate::{parser::lexer::Arg, service_inspectors::dce::ByteOrder, unit::InspectionUnit};

/// How bytes become a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Format {
    little: bool,
    text: Option<Radix>,
    /// Kept bits; the result is shifted right by the mask's trailing zeros.
    bitmask: Option<u32>,
    /// `dce`: the byte order of the request or response of DCE/RPC.
    dce: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Radix {
    Dec,
    Hex,
    Oct,
}

impl Format {
    /// Takes an argument that concerns the format; whether it did.
    pub(super) fn read(&mut self, arg: &Arg<'_>) -> Result<bool, OptionError> {
        match arg.name() {
            "big" => self.little = false,
            "little" => self.little = true,
            "dce" => self.dce = true,
            "string" => self.text = Some(self.text.unwrap_or(Radix::Dec)),
            "dec" => self.text = Some(Radix::Dec),
            "hex" => self.text = Some(Radix::Hex),
            "oct" => self.text = Some(Radix::Oct),
            "bitmask" => {
                let text = arg.required("bitmask")?;
                self.bitmask = Some(args::bounded_u32(text, "bitmask", 1, u32::MAX)?);
                return Ok(true);
            }
            _ => return Ok(false),
        }
        arg.no_value()?;
        Ok(true)
    }

    /// The same as one argument with a value, as `byte_math` writes it.
    pub(super) fn read_named(&mut self, arg: &Arg<'_>) -> Result<bool, OptionError> {
        let unknown = |argument| OptionError::BadValue {
            argument,
            found: arg.value.map_or("", |v| v.text()).into(),
        };
        match arg.name() {
            "endian" => {
                self.little = match arg.required("endian")? {
                    "big" => false,
                    "little" => true,
                    _ => return Err(unknown("endian")),
                };
            }
            "string" => {
                self.text = Some(match arg.required("string")? {
                    "dec" => Radix::Dec,
                    "hex" => Radix::Hex,
                    "oct" => Radix::Oct,
                    _ => return Err(unknown("string")),
                });
            }
            "dce" | "bitmask" => return self.read(arg),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks the count of bytes: up to 10 digits of text, up to 4 bytes of a number.
    pub(super) fn check(&self, bytes: u32) -> Result<(), OptionError> {
        let Some(mask) = self.bitmask else {
            return Ok(());
        };
        let fits = 1u64
            .checked_shl(bytes.saturating_mul(8))
            .is_none_or(|limit| u64::from(mask) < limit);
        if fits {
            Ok(())
        } else {
            Err(OptionError::Bitmask { mask, bytes })
        }
    }

    /// The same with the byte order that the unit asks for; `None` if that is `dce` and the
    /// unit has none.
    pub(super) fn in_unit(&self, unit: &InspectionUnit<'_>) -> Option<Format> {
        let little = if self.dce {
            unit.buffers.dce()?.order == ByteOrder::Little
        } else {
            self.little
        };
        Some(Format { little, ..*self })
    }

    /// Reads the number in `count` bytes at `at`; `None` outside the buffer, or where text
    /// has no digits. Also returns how many bytes it took.
    pub(super) fn extract(&self, data: &[u8], at: i64, count: u32) -> Option<(u32, usize)> {
        let start = usize::try_from(at).ok()?;
        let count = usize::try_from(count).ok()?;
        let (value, used) = if let Some(radix) = self.text {
            let rest = data.get(start..)?;
            let window = rest.get(..count.min(rest.len()))?;
            digits(window, radix)?
        } else {
            let window = data.get(start..start.checked_add(count)?)?;
            (self.binary(window), count)
        };
        let value = match self.bitmask {
            Some(mask) => (value & mask) >> mask.trailing_zeros().min(31),
            None => value,
        };
        Some((value, used))
    }

    fn binary(&self, window: &[u8]) -> u32 {
        let add = |value: u32, byte: &u8| (value << 8) | u32::from(*byte);
        if self.little {
            window.iter().rev().fold(0, add)
        } else {
            window.iter().fold(0, add)
        }
    }
}

/// The number that text begins with: blanks, a plus, digits. A minus is no digit. Of a value above 32 bits the
/// largest 32-bit number is taken, as strtoul does on a 32-bit result.
fn digits(window: &[u8], radix: Radix) -> Option<(u32, usize)> {
    let radix = match radix {
        Radix::Dec => 10,
        Radix::Hex => 16,
        Radix::Oct => 8,
    };
    let blanks = window
        .iter()
        .take_while(|b| b.is_ascii_whitespace() || **b == 0x0b)
        .count();
    let mut rest = window.get(blanks..)?;
    if rest.first() == Some(&b'+') {
        rest = rest.get(1..)?;
    }
    if radix == 16
        && let Some(behind) = rest
            .strip_prefix(b"0x")
            .or_else(|| rest.strip_prefix(b"0X"))
        && behind.first().is_some_and(u8::is_ascii_hexdigit)
    {
        rest = behind;
    }
    let count = rest
        .iter()
        .take_while(|b| char::from(**b).is_digit(radix))
        .count();
    if count == 0 {
        return None;
    }
    let value = rest.iter().take(count).fold(0u64, |value, byte| {
        let digit = char::from(*byte).to_digit(radix).unwrap_or(0);
        value
            .saturating_mul(u64::from(radix))
            .saturating_add(u64::from(digit))
    });
    let value = u32::try_from(value).unwrap_or(u32::MAX);
    let used = window
        .len()
        .saturating_sub(rest.len())
        .saturating_add(count);
    Some((value, used))
}

/// Rounds up to a multiple of 2 or 4.
pub(super) fn align(value: i64, to: i64) -> i64 {
    let over = value.rem_euclid(to.max(1));
    if over == 0 {
        value
    } else {
        value.saturating_add(to.saturating_sub(over))
    }
}

/// The value of an `align` argument: 4 without one, else 2 or 4.
pub(super) fn parse_align(arg: &Arg<'_>) -> Result<i64, OptionError> {
    match arg.value.map(|v| v.text()) {
        None | Some("4") => Ok(4),
        Some("2") => Ok(2),
        Some(other) => Err(OptionError::BadValue {
            argument: "align",
            found: other.into(),
        }),
    }
}

/// Clamps a jump target to a position, for values that may not fit.
pub(super) fn advance(at: i64, used: usize) -> i64 {
    at.saturating_add(i64::try_from(used).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_numbers() {
        for (text, radix, expected) in [
            (&b"12"[..], Radix::Dec, Some((12, 2))),
            (b" \t12x", Radix::Dec, Some((12, 4))),
            (b"+12", Radix::Dec, Some((12, 3))),
            (b"-1", Radix::Dec, None),
            (b"0x1f", Radix::Dec, Some((0, 1))),
            (b"0x1f", Radix::Hex, Some((31, 4))),
            (b"0X1F", Radix::Hex, Some((31, 4))),
            (b"0x", Radix::Hex, Some((0, 1))),
            (b"0xg", Radix::Hex, Some((0, 1))),
            (b"18", Radix::Oct, Some((1, 1))),
            (b"4294967295", Radix::Dec, Some((u32::MAX, 10))),
            (b"9999999999", Radix::Dec, Some((u32::MAX, 10))),
            (b"", Radix::Dec, None),
            (b"+", Radix::Dec, None),
            (b"+ 1", Radix::Dec, None),
            (b"x1", Radix::Dec, None),
            (b"8", Radix::Oct, None),
        ] {
            assert_eq!(digits(text, radix), expected, "{text:?} {radix:?}");
        }
    }

    #[test]
    fn binary_numbers() {
        let little = Format {
            little: true,
            ..Format::default()
        };
        let masked = Format {
            bitmask: Some(0x0ff0),
            ..Format::default()
        };
        let data = [1, 2, 3, 4, 5];
        for (format, at, count, expected) in [
            (&Format::default(), 0, 4, Some((0x0102_0304, 4))),
            (&Format::default(), 1, 2, Some((0x0203, 2))),
            (&Format::default(), 4, 1, Some((5, 1))),
            // More than four bytes: the last four count.
            (&Format::default(), 0, 5, Some((0x0203_0405, 5))),
            (&little, 0, 4, Some((0x0403_0201, 4))),
            (&masked, 0, 2, Some((0x10, 2))),
            (&Format::default(), 4, 2, None),
            (&Format::default(), 5, 1, None),
            (&Format::default(), -1, 1, None),
        ] {
            assert_eq!(
                format.extract(&data, at, count),
                expected,
                "{count} at {at}"
            );
        }
    }

    #[test]
    fn aligned() {
        for (value, to, expected) in [
            (5, 4, 8),
            (4, 4, 4),
            (0, 4, 0),
            (5, 2, 6),
            (-3, 4, 0),
            (5, 0, 5),
        ] {
            assert_eq!(align(value, to), expected, "{value} to {to}");
        }
    }
}
