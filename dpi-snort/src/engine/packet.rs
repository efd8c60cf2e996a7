//! A packet to its flow: found or made, and what it means to protocols without streams.

use super::{
    Engine,
    judge::{FlowMoment, Judge, Subject},
    service, tcp,
};
use crate::{
    flow::{EvictionReason, Flow, FlowClass, FlowHandle, FlowKey, Sides, Suspicion},
    frame::{Slot, Tag},
    output::Output,
    packet::{Packet, Transport},
    service_inspectors::message_of,
    stats::Counter,
    stream::tcp::{TcpFlow, TcpSession},
    time::Now,
};

impl Engine {
    /// What judging needs, lent.
    pub(super) fn judge<'e>(
        &'e mut self,
        slot: Slot,
        now: Now,
        out: &'e mut dyn Output,
    ) -> Judge<'e> {
        Judge {
            detection: &self.detection,
            scratch: &mut self.scratch,
            slot,
            number: self.stats.get(Counter::Packets),
            now,
            out,
        }
    }

    /// Examines a packet that is no fragment; says under which counter it is booked.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        tag: Tag,
        now: Now,
        out: &mut dyn Output,
    ) -> Counter {
        let Some((key, from_low)) = FlowKey::of(packet, tag.slot) else {
            self.judge(tag.slot, now, out)
                .alone(&Subject::packet(packet), tag.direction);
            return Counter::Inspected;
        };
        let handle = self.flow_of(packet, &key, from_low, tag, now, out);
        self.current = Some(handle);
        let Some(flow) = self.flows.get_mut(handle) else {
            return Counter::Inspected;
        };
        if flow.is_quarantined {
            return Counter::DroppedQuarantined;
        }
        let from_client = flow.client_is_low == from_low;
        match &packet.transport {
            Transport::Tcp(header) => {
                let header = *header;
                self.segment(handle, packet, &header, from_client, (tag, now), out);
            }
            _ => self.datagram(handle, packet, from_client, (tag, now), out),
        }
        Counter::Inspected
    }

    /// The packet's flow; a new one where there is none, or where the old one is over.
    fn flow_of(
        &mut self,
        packet: &Packet<'_>,
        key: &FlowKey,
        from_low: bool,
        tag: Tag,
        now: Now,
        out: &mut dyn Output,
    ) -> FlowHandle {
        if let Some(handle) = self.flows.find(key) {
            if !self.flows.is_expired(handle, now.monotonic, &self.timeouts) {
                return handle;
            }
            self.evict(handle, EvictionReason::Idle, now, out);
        }
        self.new_flow(packet, key, from_low, tag, now, out)
    }

    /// Makes a flow, and room for it.
    pub(super) fn new_flow(
        &mut self,
        packet: &Packet<'_>,
        key: &FlowKey,
        from_low: bool,
        tag: Tag,
        now: Now,
        out: &mut dyn Output,
    ) -> FlowHandle {
        let policy = self.slots.policy(self.slots.policy_of(tag.slot));
        let quota = policy.and_then(|policy| policy.flow_quota);
        if let Some((victim, reason)) = self.flows.to_evict(tag.slot, quota) {
            self.evict(victim, reason, now, out);
        }
        let expected = self.expected_service(packet, tag.slot, now);
        let (is_client, class, tcp) = match &packet.transport {
            Transport::Tcp(header) => (
                TcpSession::first_is_client(header),
                FlowClass::TcpOpening,
                Some(Box::new(TcpFlow::new(expected.is_some()))),
            ),
            Transport::Udp { .. } => (true, FlowClass::Udp, None),
            Transport::Icmp { .. } | Transport::Other => (true, FlowClass::Other, None),
        };
        let client_is_low = from_low == is_client;
        let flow = Flow {
            id: self.next_flow_id,
            client_is_low,
            client_direction: if is_client {
                tag.direction
            } else {
                tag.direction.opposite()
            },
            is_plain: packet.encapsulation == 0 && !packet.rebuilt,
            rules: crate::detection::FlowState::default(),
            sent: Sides::default(),
            seen: Sides::default(),
            service: expected.or_else(|| service::of_port(packet, is_client)),
            suspicion: Suspicion::default(),
            tcp,
            charged: 0,
            is_quarantined: false,
        };
        self.next_flow_id = self.next_flow_id.wrapping_add(1);
        self.stats.count(Counter::FlowsCreated);
        self.flows.insert(*key, flow, class, now.monotonic)
    }

    /// UDP, ICMP and the rest: the packet is all there is.
    fn datagram(
        &mut self,
        handle: FlowHandle,
        packet: &Packet<'_>,
        from_client: bool,
        (tag, now): (Tag, Now),
        out: &mut dyn Output,
    ) {
        let class = match packet.transport {
            Transport::Udp { .. } => FlowClass::Udp,
            _ => FlowClass::Other,
        };
        self.flows.touch(handle, class, now.monotonic);
        let Engine {
            flows,
            detection,
            scratch,
            stats,
            ..
        } = self;
        let Some(flow) = flows.get_mut(handle) else {
            return;
        };
        service::of_datagram(flow, packet, from_client);
        let sent = flow.sent.side_mut(from_client);
        *sent = sent.saturating_add(u64::try_from(packet.payload.len()).unwrap_or(u64::MAX));
        *flow.seen.side_mut(from_client) = true;
        let moment = FlowMoment {
            to_server: from_client,
            established: flow.seen.client && flow.seen.server,
            client_bytes: flow.sent.client,
            server_bytes: flow.sent.server,
        };
        let mut judge = Judge {
            detection,
            scratch,
            slot: tag.slot,
            number: stats.get(Counter::Packets),
            now,
            out,
        };
        let mut subject = Subject::packet(packet);
        let message = flow
            .service
            .and_then(|service| message_of(service, packet.payload));
        if let Some(message) = &message {
            subject.buffers = message.buffers();
        }
        judge.in_flow(&subject, flow, moment);
    }

    /// Charges a flow for what it holds now.
    pub(super) fn settle(&mut self, handle: FlowHandle) {
        let Some(flow) = self.flows.get_mut(handle) else {
            return;
        };
        let held = flow.tcp.as_ref().map_or(0, |tcp| tcp::memory(tcp));
        self.budget.recharge(flow.charged, held);
        flow.charged = held;
    }

    /// Forgets flows that hold memory while all together hold too much: what inspectors keep
    /// of messages that do not end is charged after it was stored. A flow takes a few hundred
    /// bytes a packet at most beyond what [`settle`](Self::settle) has refused, so that some
    /// evictions a packet are enough.
    pub(super) fn relieve(&mut self, now: Now, out: &mut dyn Output) {
        for _ in 0..EVICTIONS_A_PACKET {
            if !self.budget.is_exceeded() {
                return;
            }
            let Some(victim) = self.flows.oldest_holding() else {
                return;
            };
            self.evict(victim, EvictionReason::Memory, now, out);
        }
    }
}

/// See [`Engine::relieve`].
const EVICTIONS_A_PACKET: usize = 8;
