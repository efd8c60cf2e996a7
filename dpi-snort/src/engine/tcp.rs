//! A TCP segment to its connection: state, memory, and a new connection on an old one's ports.

use super::{Engine, judge::Judge, segment::Segment, stream::Stream};
use crate::{
    config::Config,
    detection::FlowState,
    flow::{EvictionReason, Flow, FlowClass, FlowHandle, FlowKey},
    frame::Tag,
    output::Output,
    packet::{Packet, TcpHeader},
    stats::{Counter, Stats},
    stream::tcp::{Phase, SegmentVerdict, TcpFlow},
    time::Now,
};

impl Engine {
    /// Examines a segment: raw, then whatever its bytes complete.
    pub(super) fn segment(
        &mut self,
        handle: FlowHandle,
        packet: &Packet<'_>,
        header: &TcpHeader<'_>,
        from_client: bool,
        (tag, now): (Tag, Now),
        out: &mut dyn Output,
    ) {
        // Out of the table for a while, so that the flow beside it can be used.
        let Some(mut tcp) = self.flows.get_mut(handle).and_then(|flow| flow.tcp.take()) else {
            return;
        };
        let is_new = tcp.session.phase() == Phase::Opening && !tcp.session.has_handshake();
        let verdict = tcp
            .session
            .accept(from_client, header, packet.payload.len());
        if verdict == SegmentVerdict::NewConnection {
            self.restore(handle, tcp);
            self.renew(handle, packet, header, (tag, now), out);
            return;
        }
        let is_midstream =
            is_new && tcp.session.phase() == Phase::Established && !tcp.session.has_handshake();
        if is_midstream {
            self.stats.count(Counter::TcpMidstream);
        }
        let Engine {
            flows,
            detection,
            scratch,
            stats,
            config,
            budget,
            ..
        } = self;
        if let Some(flow) = flows.get_mut(handle) {
            let room = config
                .reassembly_memory_per_flow
                .saturating_sub(memory(&tcp));
            let has_memory = budget.has(packet.payload.len());
            let segment = Segment {
                packet,
                header: *header,
                from_client,
                room: if has_memory { room } else { 0 },
                has_memory,
            };
            let mut judge = Judge {
                detection,
                scratch,
                slot: tag.slot,
                number: stats.get(Counter::Packets),
                now,
                out,
            };
            let mut stream = Stream {
                tcp: &mut tcp,
                flow,
                config,
                stats,
                judge: &mut judge,
                announced: Vec::new(),
            };
            stream.raise_of_segment(&segment, verdict, is_midstream);
            stream.take(&segment, verdict);
            let announced = std::mem::take(&mut stream.announced);
            self.expect(&announced, packet, from_client, (tag, now));
        }
        let class = match tcp.session.phase() {
            Phase::Established if memory(&tcp) > 0 => FlowClass::TcpHolding,
            Phase::Established => FlowClass::TcpEstablished,
            Phase::Opening | Phase::Closed => FlowClass::TcpOpening,
        };
        self.restore(handle, tcp);
        self.flows.touch(handle, class, now.monotonic);
        self.settle(handle);
        self.relieve(now, out);
        self.await_look(handle, tag.slot, now.monotonic);
    }

    fn restore(&mut self, handle: FlowHandle, tcp: Box<TcpFlow>) {
        if let Some(flow) = self.flows.get_mut(handle) {
            flow.tcp = Some(tcp);
        }
    }

    /// A new connection on the addresses and ports of an old one.
    fn renew(
        &mut self,
        old: FlowHandle,
        packet: &Packet<'_>,
        header: &TcpHeader<'_>,
        (tag, now): (Tag, Now),
        out: &mut dyn Output,
    ) {
        self.evict(old, EvictionReason::Reused, now, out);
        let Some((key, from_low)) = FlowKey::of(packet, tag.slot) else {
            return;
        };
        let handle = self.new_flow(packet, &key, from_low, tag, now, out);
        self.current = Some(handle);
        let client_is_low = self
            .flows
            .get_mut(handle)
            .is_some_and(|flow| flow.client_is_low);
        // A fresh connection never answers NewConnection, so this ends.
        self.segment(
            handle,
            packet,
            header,
            client_is_low == from_low,
            (tag, now),
            out,
        );
    }
}

/// Judges what a flow still holds, at its end.
pub(super) fn finish(
    tcp: &mut TcpFlow,
    flow: &mut Flow<FlowState>,
    config: &Config,
    stats: &mut Stats,
    judge: &mut Judge<'_>,
) {
    let mut stream = Stream {
        tcp,
        flow,
        config,
        stats,
        judge,
        announced: Vec::new(),
    };
    stream.finish(true);
    stream.finish(false);
}

/// Shows the rules what a flow holds of its plain stream.
pub(super) fn look(
    tcp: &mut TcpFlow,
    flow: &mut Flow<FlowState>,
    config: &Config,
    stats: &mut Stats,
    judge: &mut Judge<'_>,
) {
    let mut stream = Stream {
        tcp,
        flow,
        config,
        stats,
        judge,
        announced: Vec::new(),
    };
    stream.read(true, |reader, context, emit| {
        reader.look(context.stats, emit);
    });
}

/// Memory that a flow's stream holds.
pub(super) fn memory(tcp: &TcpFlow) -> usize {
    tcp.session.cost().saturating_add(tcp.reader.memory())
}
