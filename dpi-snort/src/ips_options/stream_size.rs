//! `stream_size:>100,to_server` — sequence numbers that a side has used so
//! far: one for its SYN, one for each byte.

use super::{NumberRange, OptionError};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A range over the bytes of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamSize {
    range: NumberRange,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Either,
    ToServer,
    ToClient,
    Both,
}

impl StreamSize {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<StreamSize, OptionError> {
        raw.at_most(2)?;
        let Some(range) = raw.first() else {
            return Ok(StreamSize {
                range: NumberRange::ANY,
                side: Side::Either,
            });
        };
        let range = NumberRange::parse(range.text(), 0, i64::MAX)?;
        let side = match raw.args.get(1) {
            None => Side::Either,
            Some(arg) => match arg.name() {
                "either" => Side::Either,
                "to_server" => Side::ToServer,
                "to_client" => Side::ToClient,
                "both" => Side::Both,
                _ => return Err(arg.unknown()),
            },
        };
        Ok(StreamSize { range, side })
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let Some(flow) = &unit.flow else {
            return false;
        };
        let within = |bytes: u64| {
            self.range
                .contains(i64::try_from(bytes).unwrap_or(i64::MAX))
        };
        let (client, server) = (within(flow.client_bytes), within(flow.server_bytes));
        match self.side {
            Side::Either => client || server,
            Side::Both => client && server,
            // What goes to the server was sent by the client.
            Side::ToServer => client,
            Side::ToClient => server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use super::*;

    #[test]
    fn evaluated() {
        // The client has sent 10 bytes, the server 20.
        for (text, expected) in [
            ("stream_size:10", true),
            ("stream_size:20", true),
            ("stream_size:15", false),
            ("stream_size:10,either", true),
            ("stream_size:10,to_server", true),
            ("stream_size:20,to_server", false),
            ("stream_size:20,to_client", true),
            ("stream_size:10,to_client", false),
            ("stream_size:>9,both", true),
            ("stream_size:>10,both", false),
            ("stream_size:9<>21,both", true),
            ("stream_size:10<>20,both", false),
            ("stream_size", true),
        ] {
            let packet = packet(b"");
            assert_eq!(holds(text, &unit(&packet)), expected, "{text}");
            let without = InspectionUnit {
                flow: None,
                ..unit(&packet)
            };
            assert!(!holds(text, &without), "{text} without a flow");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("stream_size:x", r#""x" is no value for range"#),
            (
                "stream_size:-1",
                "range must be 0 to 9223372036854775807, not -1",
            ),
            (
                "stream_size:5<>4",
                "range 5<>4: the first end must not be above the second",
            ),
            ("stream_size:1,client", r#"unknown argument "client""#),
            ("stream_size:1,both,2", r#"unknown argument "2""#),
            (
                "stream_size:to_server",
                r#""to_server" is no value for range"#,
            ),
        ]);
    }
}
