//! Text with escapes and `|41 42|` byte codes, as contents and digests are written.

use super::OptionError;

/// The bytes that the text between the quotes stands for.
///
/// A pipe switches to hexadecimal and back, also behind a backslash, as in Snort. A byte may
/// be written with one digit. Outside, a backslash takes the next byte as it is; `\x` is
/// refused, since its author means something else.
pub(crate) fn byte_code(text: &[u8]) -> Result<Vec<u8>, OptionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut hex = false;
    let mut high: Option<u8> = None;
    let mut escaped = false;
    for (at, &byte) in (1usize..).zip(text) {
        if byte == b'|' {
            bytes.extend(high.take());
            hex = !hex;
            escaped = false;
        } else if hex {
            high = hex_digit(&mut bytes, high, byte, at)?;
        } else if escaped {
            if byte == b'x' {
                return Err(OptionError::ByteCode { at });
            }
            bytes.push(byte);
            escaped = false;
        } else if byte == b'\\' {
            escaped = true;
        } else {
            bytes.push(byte);
        }
    }
    if hex {
        return Err(OptionError::UnclosedHex);
    }
    Ok(bytes)
}

/// Takes one character within pipes; returns the digit that waits for its second half.
fn hex_digit(
    bytes: &mut Vec<u8>,
    high: Option<u8>,
    byte: u8,
    at: usize,
) -> Result<Option<u8>, OptionError> {
    if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\\') {
        bytes.extend(high);
        return Ok(None);
    }
    let digit = char::from(byte)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
        .ok_or(OptionError::ByteCode { at })?;
    match high {
        None => Ok(Some(digit)),
        Some(high) => {
            bytes.push((high << 4) | digit);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, expected) in [
            (&br"abc"[..], &b"abc"[..]),
            (b"", b""),
            (b"|41 42|", b"AB"),
            (b"|4142|", b"AB"),
            (b"|4 1|", b"\x04\x01"),
            (b"|4|", b"\x04"),
            (b"a|41|b|42|", b"aAbB"),
            (b"|0A 0d|", b"\n\r"),
            (br#"a\"b"#, b"a\"b"),
            (br"a\\b", b"a\\b"),
            (br"a\;\:b", b"a;:b"),
            (br"a\nb", b"anb"),
            (br"\|41\|", b"A"),
            (b"%41", b"%41"),
        ] {
            assert_eq!(byte_code(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            &b"|"[..],
            b"|41",
            b"|4g|",
            b"|zz|",
            b"|41,42|",
            b"|41-42|",
            br"a\xb",
            br"\|",
        ] {
            assert!(byte_code(text).is_err(), "{text:?}");
        }
    }
}
