//! A segment on its way through the engine.

use super::judge::FlowMoment;
use crate::{
    packet::{Packet, TcpHeader},
    stats::Counter,
    stream::tcp::TcpSession,
};

/// A segment and its place in the flow.
pub(super) struct Segment<'p> {
    pub(super) packet: &'p Packet<'p>,
    pub(super) header: TcpHeader<'p>,
    pub(super) from_client: bool,
    /// Bytes of memory that holding it back may take.
    pub(super) room: usize,
    /// The engine's budget has room for its payload.
    pub(super) has_memory: bool,
}

impl Segment<'_> {
    /// The limit that was hit if it could not be held back.
    pub(super) fn refusal(&self) -> Counter {
        if self.has_memory {
            Counter::TcpFlowMemory
        } else {
            Counter::TcpMemory
        }
    }
}

impl FlowMoment {
    /// Counts the bytes of a segment as sent before they are accepted (`stream_size`).
    pub(super) fn count_in(&mut self, session: &TcpSession, segment: &Segment<'_>) {
        let header = &segment.header;
        // A SYN takes the first sequence number.
        let syn = u32::from(header.flags & TcpHeader::SYN != 0);
        let seq = header.seq.wrapping_add(syn);
        let sent = session.used_with(segment.from_client, seq, segment.packet.payload.len());
        if segment.from_client {
            self.client_bytes = sent;
        } else {
            self.server_bytes = sent;
        }
    }
}
