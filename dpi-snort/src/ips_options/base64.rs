//! `base64_decode:bytes 100,offset 0,relative` — decodes text for `base64_data`.

use super::{Cursor, OptionError, args, content::to_usize};
use crate::parser::lexer::RawOption;

/// At most this much is decoded, whatever the rule says.
const MAX_ENCODED: i64 = 65_535;

/// Which bytes are decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Base64Decode {
    /// Encoded bytes, junk included.
    bytes: i64,
    offset: i64,
    relative: bool,
}

impl Base64Decode {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Base64Decode, OptionError> {
        let mut option = Base64Decode {
            bytes: MAX_ENCODED,
            offset: 0,
            relative: false,
        };
        for arg in &raw.args {
            match arg.name() {
                "bytes" => {
                    option.bytes = args::bounded(arg.required("bytes")?, "bytes", 1, i64::MAX)?;
                }
                "offset" => {
                    let text = arg.required("offset")?;
                    option.offset = args::bounded(text, "offset", 0, i64::MAX)?;
                }
                "relative" => {
                    arg.no_value()?;
                    option.relative = true;
                }
                _ => return Err(arg.unknown()),
            }
        }
        Ok(option)
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative
    }

    /// What the bytes decode to; `None` if that is nothing. The cursor stays.
    pub(crate) fn decode(&self, cursor: &Cursor<'_>) -> Option<Vec<u8>> {
        let at = cursor.base(self.relative, self.offset);
        let rest = cursor.data.get(usize::try_from(at).ok()?..)?;
        let count = to_usize(self.bytes.min(MAX_ENCODED)).min(rest.len());
        let decoded = decode(&unfold(rest).take(count).collect::<Vec<u8>>());
        (!decoded.is_empty()).then_some(decoded)
    }
}

/// The text up to the end of its line; a line that begins with a blank or tab goes on with
/// the one before it.
fn unfold(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let byte = *text.get(at)?;
        at = at.saturating_add(1);
        if byte == b'\n' && !matches!(text.get(at), Some(b' ' | b'\t')) {
            at = text.len();
            return None;
        }
        Some(byte)
    })
}

/// Decodes groups of four characters, skipping what is not in the alphabet (RFC 4648 §4);
/// a group that is not complete is lost.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut group = [0u8; 4];
    let (mut filled, mut padding) = (0usize, 0usize);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            b'=' if filled >= 2 => {
                padding = padding.saturating_add(1);
                0
            }
            _ => continue,
        };
        if let Some(slot) = group.get_mut(filled) {
            *slot = value;
        }
        filled = filled.saturating_add(1);
        if filled == 4 {
            let [a, b, c, d] = group;
            let bytes = [(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d];
            decoded.extend(bytes.iter().take(3usize.saturating_sub(padding)));
            if padding > 0 {
                break;
            }
            filled = 0;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::super::{
        IpsOption,
        testing::{options, refused},
    };
    use super::*;

    #[test]
    fn evaluated() {
        for (text, payload, from, expected) in [
            ("base64_decode", &b"YWJj"[..], 0, Some(&b"abc"[..])),
            ("base64_decode:bytes 4", b"YWJjZGVm", 0, Some(b"abc")),
            ("base64_decode:bytes 5,offset 1", b"xYWJjZ", 0, Some(b"abc")),
            ("base64_decode:relative", b"xYWJj", 1, Some(b"abc")),
            (
                "base64_decode:offset 1,relative",
                b"xxYWJj",
                1,
                Some(b"abc"),
            ),
            ("base64_decode", b"YW\r\n Jj", 0, Some(b"abc")),
            ("base64_decode", b"YWJj\nZGVm", 0, Some(b"abc")),
            ("base64_decode", b"YW\nJj", 0, None),
            ("base64_decode:bytes 3", b"YWJj", 0, None),
            ("base64_decode:bytes 4", b"Y*WJj", 0, None),
            ("base64_decode:offset 9", b"YWJj", 0, None),
            ("base64_decode", b"****", 0, None),
            ("base64_decode", b"", 0, None),
        ] {
            let IpsOption::Base64Decode(option) = options(text).remove(0) else {
                panic!("{text}");
            };
            let mut cursor = Cursor::start_of(payload);
            cursor.pos = from;
            let decoded = option.decode(&cursor);
            assert_eq!(decoded.as_deref(), expected, "{text} on {payload:?}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            (
                "base64_decode:bytes 0",
                "bytes must be 1 to 9223372036854775807, not 0",
            ),
            (
                "base64_decode:offset -1",
                "offset must be 0 to 9223372036854775807, not -1",
            ),
            ("base64_decode:bytes", "bytes needs a value"),
            ("base64_decode:bytes x", r#""x" is no value for bytes"#),
            ("base64_decode:fast", r#"unknown argument "fast""#),
            (
                "base64_decode:relative 5",
                r#"unknown argument "relative 5""#,
            ),
            ("base64_data", "base64_decode must stand before base64_data"),
            (
                "base64_data; base64_decode",
                "base64_decode must stand before base64_data",
            ),
            ("base64_decode; base64_data:1", r#"unknown argument "1""#),
        ]);
    }

    #[test]
    fn decoding() {
        for (text, expected) in [
            (&b"aGVsbG8="[..], &b"hello"[..]),
            (b"aGVsbG8h", b"hello!"),
            (b"aGVs*bG8=", b"hello"),
            (b"aGVsbG8", b"hel"),
            (b"aGVs=", b"hel"),
            (b"aA==", b"h"),
            (b"aA==aA==", b"h"),
            (b"", b""),
            (b"****", b""),
        ] {
            assert_eq!(decode(text), expected, "{text:?}");
        }
    }

    #[test]
    fn folding() {
        for (text, expected) in [
            (&b"ab\ncd"[..], &b"ab"[..]),
            (b"ab\r\n cd", b"ab\r\n cd"),
            (b"ab\n\tcd\nef", b"ab\n\tcd"),
            (b"", b""),
        ] {
            assert_eq!(unfold(text).collect::<Vec<u8>>(), expected, "{text:?}");
        }
    }
}
