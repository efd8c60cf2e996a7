//! `fragbits:+MD` — reserved, don't fragment, more fragments.

use super::{OptionError, flags::Mode};
use crate::{packet::Packet, parser::lexer::RawOption};

const RESERVED: u8 = 4;
const DONT_FRAGMENT: u8 = 2;
const MORE_FRAGMENTS: u8 = 1;

/// Wanted bits and how exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fragbits {
    mode: Mode,
    wanted: u8,
}

impl Fragbits {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Fragbits, OptionError> {
        raw.at_most(1)?;
        let mut mode = Mode::Exact;
        let mut wanted = 0;
        let Some(word) = raw.first() else {
            return Ok(Fragbits {
                mode: Mode::All,
                wanted,
            });
        };
        for letter in word.text().chars() {
            if let Some(found) = Mode::of(letter) {
                // One of several bits is enough for Snort, behind `+` too.
                mode = if found == Mode::All { Mode::Any } else { found };
                continue;
            }
            wanted |= match letter.to_ascii_uppercase() {
                'R' => RESERVED,
                'D' => DONT_FRAGMENT,
                'M' => MORE_FRAGMENTS,
                _ => {
                    return Err(OptionError::BadValue {
                        argument: "fragbits",
                        found: word.text().into(),
                    });
                }
            };
        }
        Ok(Fragbits { mode, wanted })
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let fragment = &packet.ip.fragment;
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let bits = bit(fragment.reserved, RESERVED)
            | bit(fragment.dont_fragment, DONT_FRAGMENT)
            | bit(fragment.more_fragments, MORE_FRAGMENTS);
        // The bits are those of the IPv4 header; IPv6 has none, also in a fragment header.
        let bits = if packet.ip.src.is_ipv6() { 0 } else { bits };
        self.mode.holds(bits, self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use super::*;

    #[test]
    fn evaluated() {
        const R: u8 = RESERVED;
        const D: u8 = DONT_FRAGMENT;
        const M: u8 = MORE_FRAGMENTS;
        for (text, bits, expected) in [
            ("fragbits:D", D, true),
            ("fragbits:D", D | M, false),
            ("fragbits:D", 0, false),
            ("fragbits:d", D, true),
            ("fragbits:+D", D | M, true),
            ("fragbits:D+", D | M, true),
            ("fragbits:+DM", D, true),
            ("fragbits:+DM", R, false),
            ("fragbits:+D", M, false),
            ("fragbits:*DM", M, true),
            ("fragbits:*DM", R, false),
            ("fragbits:!D", M, true),
            ("fragbits:!D", D | M, false),
            ("fragbits:RDM", R | D | M, true),
            ("fragbits:RDM", R | D, false),
            ("fragbits", R | D | M, true),
        ] {
            let mut packet = packet(b"");
            packet.ip.fragment.reserved = bits & R != 0;
            packet.ip.fragment.dont_fragment = bits & D != 0;
            packet.ip.fragment.more_fragments = bits & M != 0;
            assert_eq!(
                holds(text, &unit(&packet)),
                expected,
                "{text} of {bits:#05b}"
            );
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("fragbits:X", r#""X" is no value for fragbits"#),
            ("fragbits:D-M", r#""D-M" is no value for fragbits"#),
            ("fragbits:0", r#""0" is no value for fragbits"#),
            ("fragbits:D,M", r#"unknown argument "M""#),
        ]);
    }
}
