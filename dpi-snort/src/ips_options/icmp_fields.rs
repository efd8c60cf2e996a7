//! `itype`, `icode`, `icmp_id`, `icmp_seq`.

use super::{NumberRange, OptionError};
use crate::{
    packet::{Packet, Transport},
    parser::lexer::RawOption,
};

/// A range over a field of the ICMP header; ICMPv6 has its own type numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
