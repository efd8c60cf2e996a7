//! `seq`, `ack`, `window`, `urg`.

use super::{NumberRange, OptionError};
use crate::{
    packet::{Packet, Transport},
    parser::lexer::RawOption,
};

/// A range over a field of the TCP header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TcpField {
    field: Field,
    range: NumberRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    Ack,
    Seq,
    Urgent,
    Window,
}

impl TcpField {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<TcpField, OptionError> {
        // Snort puts no upper bound on sequence numbers.
        let (field, max) = match raw.name {
            "ack" => (Field::Ack, i64::MAX),
            "seq" => (Field::Seq, i64::MAX),
            "urg" => (Field::Urgent, 65_535),
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
            Field::Urgent => tcp.urgent.into(),
            Field::Window => tcp.window.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use super::*;

    #[test]
    fn evaluated() {
        // Sequence number 100, acknowledgement 200, window 300.
        for (text, expected) in [
            ("seq:100", true),
            ("seq:200", false),
            ("ack:200", true),
            ("ack:!200", false),
            ("ack:199<>201", true),
            ("window:300", true),
            ("window:>300", false),
            ("window:!=0", true),
            ("seq:99999999999", false),
            ("seq", true),
            ("urg:0", true),
            ("urg:>0", false),
        ] {
            let mut packet = packet(b"");
            assert_eq!(holds(text, &unit(&packet)), expected, "{text}");
            packet.transport = Transport::Other;
            assert!(!holds(text, &unit(&packet)), "{text} without TCP");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("window:65536", "range must be 0 to 65535, not 65536"),
            ("urg:65536", "range must be 0 to 65535, not 65536"),
            ("seq:-1", "range must be 0 to 9223372036854775807, not -1"),
            ("ack:5<>", r#""" is no value for range"#),
            ("ack:1,2", r#"unknown argument "2""#),
            ("seq:a", r#""a" is no value for range"#),
        ]);
    }
}
