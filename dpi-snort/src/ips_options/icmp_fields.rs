//! `itype`, `icode`, `icmp_id`, `icmp_seq`.

use super::{NumberRange, OptionError};
use crate::{
    packet::{Packet, Transport},
    parser::lexer::RawOption,
};

/// A range over a field of the ICMP header; ICMPv6 has its own type numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IcmpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    Code,
    Id,
    Seq,
    Type,
}

impl IcmpField {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<IcmpField, OptionError> {
        let (field, max) = match raw.name {
            "icmp_id" => (Field::Id, 65_535),
            "icmp_seq" => (Field::Seq, 65_535),
            "icode" => (Field::Code, 255),
            _ => (Field::Type, 255),
        };
        let range = NumberRange::of(raw, 0, max)?;
        Ok(IcmpField { field, range })
    }

    /// Identifier and sequence number exist on echo requests and replies alone.
    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let Transport::Icmp {
            icmp_type,
            code,
            id,
            seq,
        } = &packet.transport
        else {
            return false;
        };
        let value = match self.field {
            Field::Code => Some(u16::from(*code)),
            Field::Id => *id,
            Field::Seq => *seq,
            Field::Type => Some(u16::from(*icmp_type)),
        };
        value.is_some_and(|value| self.range.contains(value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use super::*;

    #[test]
    fn evaluated() {
        // (type, code, identifier and sequence number of an echo)
        let echo = (8, 0, Some(300), Some(5));
        let unreachable = (3, 1, None, None);
        for (text, (icmp_type, code, id, seq), expected) in [
            ("itype:8", echo, true),
            ("itype:8", unreachable, false),
            ("itype:!8", unreachable, true),
            ("itype:2<>5", unreachable, true),
            ("itype:3<>5", unreachable, false),
            ("itype", unreachable, true),
            ("icode:1", unreachable, true),
            ("icode:>0", echo, false),
            ("icmp_id:300", echo, true),
            ("icmp_id:301", echo, false),
            ("icmp_id:!301", unreachable, false),
            ("icmp_seq:5", echo, true),
            ("icmp_seq:<5", echo, false),
            ("icmp_seq", unreachable, false),
        ] {
            let mut packet = packet(b"");
            packet.transport = Transport::Icmp {
                icmp_type,
                code,
                id,
                seq,
            };
            assert_eq!(
                holds(text, &unit(&packet)),
                expected,
                "{text} of {icmp_type}"
            );
            packet.transport = Transport::Other;
            assert!(!holds(text, &unit(&packet)), "{text} without ICMP");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("itype:256", "range must be 0 to 255, not 256"),
            ("itype:8,0", r#"unknown argument "0""#),
            ("itype:echo", r#""echo" is no value for range"#),
            ("icode:-1", "range must be 0 to 255, not -1"),
            (
                "icode:5<>4",
                "range 5<>4: the first end must not be above the second",
            ),
            ("icmp_id:65536", "range must be 0 to 65535, not 65536"),
            ("icmp_seq:1-2", r#""1-2" is no value for range"#),
        ]);
    }
}
