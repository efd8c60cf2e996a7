//! `ttl`, `tos`, `id`, `fragoffset`. For IPv6: hop limit, traffic class, 0 and 0.

use super::{NumberRange, OptionError};
use crate::{packet::Packet, parser::lexer::RawOption};

/// A range over a field of the IP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    FragmentOffset,
    Id,
    Tos,
    Ttl,
}

impl IpField {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<IpField, OptionError> {
        // Snort puts no upper bound on id and fragoffset.
        let (field, max) = match raw.name {
            "fragoffset" => (Field::FragmentOffset, i64::MAX),
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
            Field::FragmentOffset => ip.fragment.offset.into(),
            Field::Id => ip.id.into(),
            Field::Tos => ip.tos.into(),
            Field::Ttl => ip.ttl.into(),
        })
    }
}
