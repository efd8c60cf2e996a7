//! `flags:SA,CE` — the TCP flag bits.

use super::OptionError;
use crate::{
    packet::{Packet, TcpHeader, Transport},
    parser::lexer::RawOption,
};

/// Wanted flags, how exactly, and which bits do not count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    mode: Mode,
    wanted: u8,
    ignored: u8,
}

/// How wanted bits are compared; `fragbits` shares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// These and no others.
    Exact,
    /// `+`: these and perhaps others.
    All,
    /// `*`: at least one of these.
    Any,
    /// `!`: none of these.
    None,
}

impl Mode {
    /// The mode of a prefix (or suffix) character.
    pub(super) fn of(c: char) -> Option<Mode> {
        Some(match c {
            '+' => Mode::All,
            '*' => Mode::Any,
            '!' => Mode::None,
            _ => return None,
        })
    }

    /// Compares bits; without wanted bits `Any` and `None` have nothing to say.
    pub(super) fn holds(self, bits: u8, wanted: u8) -> bool {
        match self {
            Mode::Exact => bits == wanted,
            Mode::All => bits & wanted == wanted,
            Mode::Any => bits & wanted != 0,
            Mode::None => bits & wanted == 0,
        }
    }
}

impl Flags {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Flags, OptionError> {
        raw.at_most(2)?;
        let Some(first) = raw.first() else {
            return Ok(Flags {
                mode: Mode::All,
                wanted: 0,
                ignored: 0,
            });
        };
        let (mode, wanted) = letters(first.text())?;
        let ignored = match raw.args.get(1) {
            Some(mask) => letters(mask.name())?.1,
            None => 0,
        };
        Ok(Flags {
            mode,
            wanted: wanted & !ignored,
            ignored,
        })
    }

    /// Whether there are flags without any of `never` on which the option holds.
    pub(crate) fn may_hold_without(&self, never: u8) -> bool {
        let mut flags = (0..=u8::MAX).filter(|flags| flags & never == 0);
        flags.any(|flags| self.mode.holds(flags & !self.ignored, self.wanted))
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let Transport::Tcp(tcp) = &packet.transport else {
            return false;
        };
        self.mode.holds(tcp.flags & !self.ignored, self.wanted)
    }
}

fn letters(text: &str) -> Result<(Mode, u8), OptionError> {
    let mut mode = Mode::Exact;
    let mut bits = 0;
    for letter in text.chars() {
        if let Some(found) = Mode::of(letter) {
            mode = found;
            continue;
        }
        bits |= match letter.to_ascii_uppercase() {
            'F' => TcpHeader::FIN,
            'S' => TcpHeader::SYN,
            'R' => TcpHeader::RST,
            'P' => TcpHeader::PSH,
            'A' => TcpHeader::ACK,
            'U' => TcpHeader::URG,
            'E' | '2' => TcpHeader::ECE,
            'C' | '1' => TcpHeader::CWR,
            '0' => 0,
            _ => {
                return Err(OptionError::BadValue {
                    argument: "flags",
                    found: text.into(),
                });
            }
        };
    }
    Ok((mode, bits))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, tcp, unit};
    use super::*;

    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const PSH: u8 = 8;
    const ACK: u8 = 16;
    const ECE: u8 = 64;
    const CWR: u8 = 128;

    #[test]
    fn evaluated() {
        for (text, bits, expected) in [
            ("flags:S", SYN, true),
            ("flags:S", SYN | ACK, false),
            ("flags:S", 0, false),
            ("flags:s", SYN, true),
            ("flags:SA", SYN | ACK, true),
            ("flags:S", SYN | ECE | CWR, false),
            ("flags:S,CE", SYN | ECE | CWR, true),
            ("flags:S,12", SYN | ECE | CWR, true),
            ("flags:S,CE", SYN | ACK, false),
            ("flags:+SA", SYN | ACK | PSH, true),
            ("flags:SA+", SYN | ACK | PSH, true),
            ("flags:+SA", SYN, false),
            ("flags:*SA", ACK, true),
            ("flags:*SA", FIN, false),
            ("flags:!SA", FIN, true),
            ("flags:!SA", ACK, false),
            ("flags:!SA", SYN | FIN, false),
            ("flags:0", 0, true),
            ("flags:0", FIN, false),
            ("flags:!0", 0, true),
            ("flags:!0", 255, true),
            ("flags:12", ECE | CWR, true),
            ("flags", 255, true),
        ] {
            let mut packet = packet(b"");
            packet.transport = Transport::Tcp(TcpHeader {
                flags: bits,
                ..tcp()
            });
            assert_eq!(
                holds(text, &unit(&packet)),
                expected,
                "{text} of {bits:#04x}"
            );
            packet.transport = Transport::Other;
            assert!(!holds(text, &unit(&packet)), "{text} without TCP");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("flags:Q", r#""Q" is no value for flags"#),
            ("flags:S-A", r#""S-A" is no value for flags"#),
            ("flags:S,Q", r#""Q" is no value for flags"#),
            ("flags:3", r#""3" is no value for flags"#),
            ("flags:S,C,E", r#"unknown argument "E""#),
        ]);
    }
}
