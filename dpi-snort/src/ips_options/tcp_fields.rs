//! `seq`, `ack`, `window`.

use super::{NumberRange, OptionError};
use crate::{
    packet::{Packet, Transport},
    parser::lexer::RawOption,
};

/// A range over a field of the TCP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Ack,
    Seq,
    Window,
}

impl TcpField {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<TcpField, OptionError> {
        // Snort puts no upper bound on sequence numbers.
        let (field, max) = match raw.name {
            "ack" => (Field::Ack, i64::MAX),
            "seq" => (Field::Seq, i64::MAX),
            _ => (Field::Window, 65_535),
        };
        let range = NumberRange::of(raw, 0, max)?;
        Ok(TcpField { field, range })
    }

    pub(super) fn evaluate(&self, packet: &Packet<'_>) -> bool {
        let Transport::Tcp(tcp) = &packet.transport else {
            return false;
        };
        self.range.contains(match self.field {
            Field::Ack => tcp.ack.into(),
            Field::Seq => tcp.seq.into(),
            Field::Window => tcp.window.into(),
        })
    }
}
