//! `stream_size:>100,to_server` — bytes that a side has sent so far.

use super::{NumberRange, OptionError};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A range over the bytes of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSize {
    range: NumberRange,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
