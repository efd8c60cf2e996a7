//! `wscale:>7` — the shift of the TCP window scale option (RFC 7323 §2).

use super::{NumberRange, OptionError};
use crate::{
    packet::{Packet, Transport},
    parser::lexer::RawOption,
    stream::tcp::window_shift,
};

/// A range over the shift. A segment without the option does not match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wscale(NumberRange);

impl Wscale {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Wscale, OptionError> {
        NumberRange::of(raw, 0, 65_535).map(Wscale)
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let Transport::Tcp(tcp) = &packet.transport else {
            return false;
        };
        window_shift(tcp.options).is_some_and(|shift| self.0.contains(shift.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, tcp, unit};
    use super::*;
    use crate::packet::TcpHeader;

    #[test]
    fn evaluated() {
        for (text, options, expected) in [
            ("wscale:7", &[1, 3, 3, 7][..], true),
            ("wscale:8", &[1, 3, 3, 7], false),
            ("wscale:!8", &[1, 3, 3, 7], true),
            // The shift as sent, also one that the receiver would cut.
            ("wscale:>14", &[3, 3, 200], true),
            ("wscale", &[3, 3, 0], true),
            // Without the option there is nothing to compare.
            ("wscale:!8", &[1, 1], false),
            ("wscale", &[], false),
            ("wscale", &[3, 4, 7, 0], false),
            ("wscale", &[3, 3], false),
        ] {
            let mut packet = packet(b"");
            packet.transport = Transport::Tcp(TcpHeader { options, ..tcp() });
            assert_eq!(holds(text, &unit(&packet)), expected, "{text} {options:?}");
            packet.transport = Transport::Other;
            assert!(!holds(text, &unit(&packet)), "{text} without TCP");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("wscale:65536", "range must be 0 to 65535, not 65536"),
            ("wscale:-1", "range must be 0 to 65535, not -1"),
            ("wscale:x", r#""x" is no value for range"#),
            ("wscale:1,2", r#"unknown argument "2""#),
        ]);
    }
}
