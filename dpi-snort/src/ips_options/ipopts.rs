//! `ipopts:rr` — an option of the IPv4 header (RFC 791 §3.1).

use super::OptionError;
use crate::{packet::Packet, parser::lexer::RawOption};

/// The option wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ipopts(Wanted);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    /// At least one, whichever.
    Any,
    /// One of this type.
    Type(u8),
}

const NAMES: [(&str, u8); 10] = [
    ("eol", 0),
    ("nop", 1),
    ("rr", 7),
    ("ts", 68),
    ("sec", 130),
    ("lsrr", 131),
    ("lsrre", 132),
    ("esec", 133),
    ("satid", 136),
    ("ssrr", 137),
];

impl Ipopts {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Ipopts, OptionError> {
        raw.at_most(1)?;
        let name = raw.first().map_or("any", |word| word.text());
        let wanted = match name {
            "any" => Wanted::Any,
            _ => NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, number)| Wanted::Type(*number))
                .ok_or_else(|| OptionError::UnknownArgument { found: name.into() })?,
        };
        Ok(Ipopts(wanted))
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        match self.0 {
            Wanted::Any => !packet.ip.options.is_empty(),
            Wanted::Type(wanted) => types(packet.ip.options).any(|found| found == wanted),
        }
    }
}

/// Types of the options, up to the end-of-list option, which is included.
fn types(mut options: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (&kind, rest) = options.split_first()?;
        options = match kind {
            0 => &[],
            1 => rest,
            // The length counts type and length bytes; a bad one ends the list.
            _ => rest
                .first()
                .filter(|length| **length >= 2)
                .and_then(|length| options.get(usize::from(*length)..))
                .unwrap_or_default(),
        };
        Some(kind)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};

    #[test]
    fn evaluated() {
        for (text, bytes, expected) in [
            ("ipopts:any", &[1][..], true),
            ("ipopts:any", &[], false),
            ("ipopts", &[0], true),
            ("ipopts", &[], false),
            ("ipopts:rr", &[7, 3, 4, 0], true),
            ("ipopts:rr", &[1, 7, 3, 4], true),
            ("ipopts:rr", &[68, 4, 5, 0], false),
            ("ipopts:ts", &[7, 3, 4, 68, 4, 5, 0], true),
            ("ipopts:nop", &[1, 0], true),
            ("ipopts:eol", &[1, 0], true),
            ("ipopts:rr", &[0, 7, 3, 4], false),
            ("ipopts:lsrr", &[131, 3, 4], true),
            ("ipopts:ssrr", &[137, 3, 4], true),
            ("ipopts:ssrr", &[131, 3, 4], false),
            // A length of 0 or 1, or beyond the end, ends the list.
            ("ipopts:rr", &[68, 1, 7, 3, 4], false),
            ("ipopts:rr", &[68, 0, 7, 3, 4], false),
            ("ipopts:rr", &[68, 9, 7, 3, 4], false),
            ("ipopts:rr", &[68], false),
            ("ipopts:ts", &[68], true),
        ] {
            let mut packet = packet(b"");
            packet.ip.options = bytes;
            assert_eq!(holds(text, &unit(&packet)), expected, "{text} of {bytes:?}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("ipopts:rrr", r#"unknown argument "rrr""#),
            ("ipopts:RR", r#"unknown argument "RR""#),
            ("ipopts:7", r#"unknown argument "7""#),
            ("ipopts:rr,ts", r#"unknown argument "ts""#),
        ]);
    }
}
