//! `fragbits:+MD` — reserved, don't fragment, more fragments.

use super::{OptionError, flags::Mode};
use crate::{packet::Packet, parser::lexer::RawOption};

const RESERVED: u8 = 4;
const DONT_FRAGMENT: u8 = 2;
const MORE_FRAGMENTS: u8 = 1;

/// Wanted bits and how exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
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
                mode = found;
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
        self.mode.holds(bits, self.wanted)
    }
}
