//! The inspector of DCE/RPC over TCP (service `dcerpc`; C706 chapter 12, [MS-RPCE]): PDUs one
//! by one, and requests and responses put together of their fragments, with the buffer
//! `dce_stub_data` and what `dce_iface` and `dce_opnum` ask for.
//!
//! `framing` cuts a stream into PDUs, `pdu` takes one apart, `association` knows contexts and
//! calls, `datagram` is the protocol without connections, `facts` what rules ask for. Pipes
//! that carry the same are the business of `smb`.

mod association;
mod datagram;
mod facts;
mod fields;
mod framing;
mod fuzz;
mod pdu;

pub use datagram::facts_of_datagram;
pub use facts::{DceFacts, Interface, Uuid};
pub use fields::ByteOrder;
pub use fuzz::fuzz_dce;

pub(super) use association::{Association, Spoken};
pub(super) use fields::Fields;
pub(super) use framing::{Framing, Part};

use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{
        Emit, Feed, Pdu, ServiceInspector, Verdict, http::emit_plain, labels::Labels,
    },
};

/// Reader of one TCP connection.
#[derive(Debug, Default)]
pub struct Dce {
    sides: Sides<Framing>,
    association: Association,
    limits_hit: Labels,
}

impl ServiceInspector for Dce {
    fn service(&self) -> &'static str {
        "dcerpc"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server, config, ..
        } = *feed;
        let mut input = feed.data;
        loop {
            let framing = self.sides.side_mut(to_server);
            match framing.next(&mut input) {
                Ok(None) => return Verdict::Continue,
                Ok(Some(Part::Piece(piece))) => emit_plain(to_server, piece, emit),
                Ok(Some(Part::Pdu(pdu))) => {
                    match self.association.take(pdu, config, &mut self.limits_hit) {
                        Some(spoken) => emit_spoken(to_server, &spoken, emit),
                        None => emit_plain(to_server, pdu, emit),
                    }
                }
                Err(reason) => {
                    self.end(to_server, input, emit);
                    return Verdict::Abandon(reason);
                }
            }
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, _config: &Config, emit: Emit<'_>) -> Verdict {
        let framing = self.sides.side_mut(to_server);
        let is_known = framing.skip(lost);
        let held = framing.reset();
        emit_plain(to_server, &held, emit);
        if is_known {
            return Verdict::Continue;
        }
        self.end(to_server, &[], emit);
        Verdict::Abandon("dce_gap_in_framing")
    }

    fn finish(&mut self, to_server: bool, _config: &Config, emit: Emit<'_>) {
        let held = self.sides.side_mut(to_server).reset();
        emit_plain(to_server, &held, emit);
    }

    fn memory(&self) -> usize {
        let Sides { client, server } = &self.sides;
        size_of::<Dce>()
            .saturating_add(client.memory())
            .saturating_add(server.memory())
            .saturating_add(self.association.memory())
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        self.limits_hit.drain(count);
    }
}

impl Dce {
    /// Judges what is held, and what is of no PDU, as plain streams.
    fn end(&mut self, to_server: bool, rest: &[u8], emit: Emit<'_>) {
        let other = self.sides.side_mut(!to_server).reset();
        emit_plain(!to_server, &other, emit);
        let mut bytes = self.sides.side_mut(to_server).reset();
        bytes.extend_from_slice(rest);
        emit_plain(to_server, &bytes, emit);
    }
}

/// Gives out a request, a response or a fragment.
pub(super) fn emit_spoken(to_server: bool, spoken: &Spoken<'_>, emit: Emit<'_>) {
    emit(&Pdu {
        to_server,
        payload: spoken.bytes,
        size: u32::try_from(spoken.bytes.len()).unwrap_or(u32::MAX),
        buffers: &spoken.facts,
    });
}

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
