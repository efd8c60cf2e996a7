//! `ber_data:0x30` and `ber_skip:0x30,optional` — elements in BER (ITU-T X.690 §8.1).

use super::{Cursor, OptionError, args, content::to_i64};
use crate::parser::lexer::RawOption;

/// Goes behind the type and length of an element of this type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BerData {
    kind: u32,
}

/// Goes behind a whole element of this type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BerSkip {
    kind: u32,
    optional: bool,
}

/// An element's header.
struct Element {
    kind: u32,
    /// Bytes of type and length.
    header: usize,
    /// Bytes of the contents.
    length: u64,
}

impl BerData {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<BerData, OptionError> {
        raw.at_most(1)?;
        let kind = kind(raw)?;
        Ok(BerData { kind })
    }

    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>) -> bool {
        let Some(element) = element(cursor).filter(|e| e.kind == self.kind) else {
            return false;
        };
        let target = cursor.pos.saturating_add(element.header);
        cursor.set_pos(to_i64(target))
    }
}

impl BerSkip {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<BerSkip, OptionError> {
        let mut optional = false;
        for arg in raw.args.iter().skip(1) {
            match arg.name() {
                "optional" => optional = true,
                _ => return Err(arg.unknown()),
            }
            arg.no_value()?;
        }
        let kind = kind(raw)?;
        Ok(BerSkip { kind, optional })
    }

    /// An element that reaches beyond the buffer cannot be skipped.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>) -> bool {
        let Some(element) = element(cursor) else {
            return false;
        };
        if element.kind != self.kind {
            return self.optional;
        }
        let target = usize::try_from(element.length)
            .ok()
            .and_then(|length| length.checked_add(element.header))
            .and_then(|whole| whole.checked_add(cursor.pos));
        target.is_some_and(|target| cursor.set_pos(to_i64(target)))
    }
}

fn kind(raw: &RawOption<'_>) -> Result<u32, OptionError> {
    raw.first().map_or(Ok(0), |word| {
        args::bounded_u32(word.text(), "type", 0, u32::MAX)
    })
}

/// Reads the header at the cursor. Types of several bytes are taken as one number;
/// indefinite lengths are not read.
fn element(cursor: &Cursor<'_>) -> Option<Element> {
    let rest = cursor.data.get(cursor.pos..)?;
    let mut bytes = rest.iter();
    let mut kind = u32::from(*bytes.next()?);
    if kind & 0x1f == 0x1f {
        loop {
            let next = *bytes.next()?;
            kind = kind.checked_mul(256)? | u32::from(next);
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let first = *bytes.next()?;
    let length = match first {
        0..=0x7f => u64::from(first),
        0x80 => return None,
        _ => {
            let count = usize::from(first & 0x7f);
            if count > 4 {
                return None;
            }
            let mut length = 0u64;
            for _ in 0..count {
                length = (length << 8) | u64::from(*bytes.next()?);
            }
            length
        }
    };
    Some(Element {
        kind,
        header: rest.len().saturating_sub(bytes.as_slice().len()),
        length,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("ber_data:0x30", b"\x30\x02AB", 0, Some(2)),
            ("ber_data:0x31", b"\x30\x02AB", 0, None),
            ("ber_data:0x30", b"x\x30\x02AB", 1, Some(3)),
            ("ber_data:0x30", b"\x30", 0, None),
            ("ber_data:0x30", b"", 0, None),
            ("ber_data:0x30", b"\x30\x00", 0, Some(2)),
            ("ber_data:0x30", b"\x30\x81\x01A", 0, Some(3)),
            ("ber_data:0x30", b"\x30\x84\x00\x00\x00\x01A", 0, Some(6)),
            ("ber_data:0x30", b"\x30\x85\x00\x00\x00\x00\x01A", 0, None),
            ("ber_data:0x30", b"\x30\x80A\x00\x00", 0, None),
            ("ber_data:0x1f8101", b"\x1f\x81\x01\x01A", 0, Some(4)),
            ("ber_data:0x1f8101", b"\x1f\x81", 0, None),
            ("ber_skip:0x02", b"\x02\x01\x05A", 0, Some(3)),
            ("ber_skip:0x02", b"\x02\x01\x05", 0, Some(3)),
            ("ber_skip:0x02", b"\x02\x02\x05", 0, None),
            ("ber_skip:0x02", b"\x02\x7f\x05A", 0, None),
            ("ber_skip:0x04", b"\x02\x01\x05A", 0, None),
            ("ber_skip:0x04,optional", b"\x02\x01\x05A", 0, Some(0)),
            ("ber_skip:0x02,optional", b"\x02\x01\x05A", 0, Some(3)),
            ("ber_skip:0x04,optional", b"\x02", 0, None),
            (
                "ber_skip:0x02,optional; ber_data:0x30",
                b"\x02\x01\x05\x30\x01A",
                0,
                Some(5),
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("ber_data:x", r#""x" is no value for type"#),
            ("ber_data:-1", "type must be 0 to 4294967295, not -1"),
            (
                "ber_data:4294967296",
                "type must be 0 to 4294967295, not 4294967296",
            ),
            ("ber_data:1,2", r#"unknown argument "2""#),
            ("ber_skip:x", r#""x" is no value for type"#),
            ("ber_skip:1,maybe", r#"unknown argument "maybe""#),
            (
                "ber_skip:1,optional yes",
                r#"unknown argument "optional yes""#,
            ),
        ]);
    }
}
