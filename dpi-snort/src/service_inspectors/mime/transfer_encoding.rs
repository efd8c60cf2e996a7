//! Transfer encodings (RFC 2045 §6) and how they are undone.

/// What a part's bytes are encoded by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    /// Not at all, or in a way that is not known: the bytes are searched as they come.
    #[default]
    Identity,
    Base64,
    QuotedPrintable,
    /// Lines between `begin` and `end` (POSIX.1-2017, uuencode).
    Uuencode,
}

/// Characters of a uuencoded line that count: 63 bytes in groups of four, and the length.
const MAX_UU_LINE: usize = 85;

/// Undoes the encoding of one part, cut at any place.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// Digits, an escape or a line that may go on.
    held: Vec<u8>,
    /// Between `begin` and `end`.
    is_begun: bool,
}

impl Decoder {
    /// By the value of Content-Transfer-Encoding.
    pub(super) fn new(value: &[u8]) -> Decoder {
        let is_any = |names: &[&[u8]]| names.iter().any(|name| value.eq_ignore_ascii_case(name));
        let encoding = if is_any(&[b"base64"]) {
            Encoding::Base64
        } else if is_any(&[b"quoted-printable"]) {
            Encoding::QuotedPrintable
        } else if is_any(&[b"x-uuencode", b"uuencode", b"x-uue", b"uue"]) {
            Encoding::Uuencode
        } else {
            Encoding::Identity
        };
        Decoder {
            encoding,
            ..Decoder::default()
        }
    }

    /// Bytes of the part: those that `text` completes. At the part's end nothing is held back.
    pub(super) fn decode(&mut self, text: Vec<u8>, ends: bool) -> Vec<u8> {
        match self.encoding {
            Encoding::Identity => text,
            Encoding::Base64 => base64(&mut self.held, &text),
            Encoding::QuotedPrintable => quoted_printable(&mut self.held, &text, ends),
            Encoding::Uuencode => self.uudecode(&text, ends),
        }
    }

    /// Bytes are missing: what is held back does not go on.
    pub(super) fn gap(&mut self) {
        self.held.clear();
    }

    pub(super) fn memory(&self) -> usize {
        self.held.capacity()
    }

    fn uudecode(&mut self, text: &[u8], ends: bool) -> Vec<u8> {
        let mut output = Vec::with_capacity(text.len() / 4 * 3);
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_UU_LINE.saturating_sub(self.held.len());
            self.held.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                self.uu_line(&mut output);
            }
        }
        if ends {
            self.uu_line(&mut output);
        }
        output
    }

    fn uu_line(&mut self, output: &mut Vec<u8>) {
        let line = self.held.trim_ascii_end();
        if !self.is_begun {
            self.is_begun = line.starts_with(b"begin ");
        } else if line == b"end" {
            self.is_begun = false;
        } else if let Some((length, digits)) = line.split_first() {
            let wanted = output.len().saturating_add(usize::from(sextet(*length)));
            // A trailing blank, which stands for zero, may have been cut off.
            for group in digits.chunks(4) {
                let digit = |at: usize| group.get(at).map_or(0, |byte| sextet(*byte));
                output.extend(triple([digit(0), digit(1), digit(2), digit(3)]));
            }
            output.truncate(wanted);
        }
        self.held.clear();
    }
}

/// The six bits of a uuencoded character.
fn sextet(character: u8) -> u8 {
    character.wrapping_sub(b' ') & 0x3f
}

/// The three bytes of four digits.
fn triple([a, b, c, d]: [u8; 4]) -> [u8; 3] {
    [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
}

/// RFC 4648 §4; other characters are skipped, up to three digits are kept for later.
fn base64(quantum: &mut Vec<u8>, text: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding: two digits hold one byte, three hold two.
                match quantum.as_slice() {
                    [a, b] => output.push(a << 2 | b >> 4),
                    [a, b, c] => output.extend([a << 2 | b >> 4, b << 4 | c >> 2]),
                    _ => {}
                }
                quantum.clear();
                continue;
            }
            _ => continue,
        };
        quantum.push(digit);
        if let [a, b, c, d] = *quantum.as_slice() {
            output.extend(triple([a, b, c, d]));
            quantum.clear();
        }
    }
    output
}

/// RFC 2045 §6.7; a bad escape stays as text. An escape that may go on is kept for later.
fn quoted_printable(held: &mut Vec<u8>, text: &[u8], ends: bool) -> Vec<u8> {
    let joined = [std::mem::take(held).as_slice(), text].concat();
    let mut output = Vec::with_capacity(joined.len());
    let mut rest = joined.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        match *rest {
            [b'=', b'\r', b'\n', ..] => rest = rest.get(3..).unwrap_or_default(),
            [b'=', b'\n', ..] => rest = rest.get(2..).unwrap_or_default(),
            [b'='] | [b'=', _] if !ends => {
                held.extend_from_slice(rest);
                break;
            }
            [b'=', high, low, ..] => {
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    output.push(high << 4 | low);
                    rest = rest.get(3..).unwrap_or_default();
                } else {
                    output.push(b'=');
                    rest = tail;
                }
            }
            _ => {
                output.push(*first);
                rest = tail;
            }
        }
    }
    output
}
