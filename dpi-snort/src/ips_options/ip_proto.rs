//! `ip_proto:!tcp` — the protocol behind all IP headers.

use super::{OptionError, args};
use crate::{packet::Packet, parser::lexer::RawOption};

/// A comparison with the protocol number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IpProto {
    how: How,
    number: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum How {
    Any,
    Equal,
    NotEqual,
    Below,
    Above,
}

/// Names of IANA's protocol numbers that rules use.
const NAMES: [(&str, u8); 22] = [
    ("ip", 0),
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
    ("ipip", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmp6", 58),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("pim", 103),
    ("l2tp", 115),
    ("sctp", 132),
];

impl IpProto {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<IpProto, OptionError> {
        raw.at_most(1)?;
        let Some(word) = raw.first() else {
            return Ok(IpProto {
                how: How::Any,
                number: 0,
            });
        };
        let text = word.text();
        let (how, name) = match text.split_at_checked(1) {
            Some(("!", rest)) => (How::NotEqual, rest),
            Some(("<", rest)) => (How::Below, rest),
            Some((">", rest)) => (How::Above, rest),
            _ => (How::Equal, text),
        };
        let named = NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, number)| *number);
        let number = match named {
            Some(number) => number,
            None => u8::try_from(args::bounded(name, "protocol", 0, 255)?).unwrap_or_default(),
        };
        Ok(IpProto { how, number })
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        self.holds_for(packet.ip.protocol)
    }

    /// Whether the option holds on packets of this protocol.
    pub(crate) fn holds_for(&self, protocol: u8) -> bool {
        match self.how {
            How::Any => true,
            How::Equal => protocol == self.number,
            How::NotEqual => protocol != self.number,
            How::Below => protocol < self.number,
            How::Above => protocol > self.number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};

    #[test]
    fn evaluated() {
        for (text, protocol, expected) in [
            ("ip_proto:6", 6, true),
            ("ip_proto:6", 17, false),
            ("ip_proto:tcp", 6, true),
            ("ip_proto:TCP", 6, true),
            ("ip_proto:!tcp", 6, false),
            ("ip_proto:!tcp", 17, true),
            ("ip_proto:<6", 5, true),
            ("ip_proto:<6", 6, false),
            ("ip_proto:>udp", 18, true),
            ("ip_proto:>udp", 17, false),
            ("ip_proto:ipv6-icmp", 58, true),
            ("ip_proto:0", 0, true),
            ("ip_proto:255", 255, true),
            ("ip_proto", 99, true),
        ] {
            let mut packet = packet(b"");
            packet.ip.protocol = protocol;
            assert_eq!(
                holds(text, &unit(&packet)),
                expected,
                "{text} of {protocol}"
            );
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("ip_proto:256", "protocol must be 0 to 255, not 256"),
            ("ip_proto:-1", "protocol must be 0 to 255, not -1"),
            ("ip_proto:nope", r#""nope" is no value for protocol"#),
            ("ip_proto:!", r#""" is no value for protocol"#),
            ("ip_proto:>=6", r#""=6" is no value for protocol"#),
            ("ip_proto:6,17", r#"unknown argument "17""#),
        ]);
    }
}
