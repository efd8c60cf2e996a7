//! `ttl`, `tos`, `id`, `fragoffset`. For IPv6: hop limit, traffic class, 0 and 0.

use super::{NumberRange, OptionError};
use crate::{packet::Packet, parser::lexer::RawOption};

/// A range over a field of the IP header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    FragmentOffset,
    Id,
    Tos,
    Ttl,
}

impl IpField {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<IpField, OptionError> {
        // Snort puts no upper bound on id.
        let (field, max) = match raw.name {
            "fragoffset" => (Field::FragmentOffset, 8192),
            "id" => (Field::Id, i64::MAX),
            "tos" => (Field::Tos, 255),
            _ => (Field::Ttl, 255),
        };
        let range = NumberRange::of(raw, 0, max)?;
        Ok(IpField { field, range })
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let ip = &packet.ip;
        self.range.contains(match self.field {
            Field::FragmentOffset if ip.src.is_ipv6() => 0,
            // In bytes, as in Snort.
            Field::FragmentOffset => i64::from(ip.fragment.offset).saturating_mul(8),
            Field::Id => ip.id.into(),
            Field::Tos => ip.tos.into(),
            Field::Ttl => ip.ttl.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};

    #[test]
    fn evaluated() {
        // TTL 64, TOS 8, id 7, fragment offset 185 × 8.
        for (text, expected) in [
            ("ttl:64", true),
            ("ttl:<64", false),
            ("ttl:63<>65", true),
            ("ttl:64<>66", false),
            ("ttl:!64", false),
            ("ttl:!=63", true),
            ("tos:8", true),
            ("tos:!8", false),
            ("id:7", true),
            ("id:8", false),
            ("fragoffset:1480", true),
            ("fragoffset:185", false),
            ("fragoffset:0", false),
            ("fragoffset:>0", true),
            ("ttl", true),
            ("ttl:< 65", true),
            ("ttl:< 64", false),
            ("ttl:64 1", true),
        ] {
            let mut packet = packet(b"");
            packet.ip.fragment.offset = 185;
            assert_eq!(holds(text, &unit(&packet)), expected, "{text}");
        }
    }

    #[test]
    fn of_ipv6() {
        for (text, expected) in [
            ("ttl:64", true),
            ("tos:8", true),
            ("id:0", true),
            ("fragoffset:0", true),
            ("fragoffset:185", false),
        ] {
            let mut packet = packet(b"");
            packet.ip.src = std::net::Ipv6Addr::LOCALHOST.into();
            packet.ip.id = 0;
            packet.ip.fragment.offset = 185;
            assert_eq!(holds(text, &unit(&packet)), expected, "{text}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("ttl:256", "range must be 0 to 255, not 256"),
            ("ttl:5-7", r#""5-7" is no value for range"#),
            (
                "ttl:7<>5",
                "range 7<>5: the first end must not be above the second",
            ),
            ("ttl:=<5", r#""<5" is no value for range"#),
            ("tos:-1", "range must be 0 to 255, not -1"),
            ("id:x", r#""x" is no value for range"#),
            ("id:1,2", r#"unknown argument "2""#),
            ("fragoffset:<", r#""" is no value for range"#),
            ("fragoffset:8193", "range must be 0 to 8192, not 8193"),
        ]);
    }
}
