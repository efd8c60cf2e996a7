//! One flow's stream: bytes in order to its reader, and what the reader gives to be judged.

use super::{
    judge::{FlowMoment, Judge, Oddity, Subject},
    segment::Segment,
};
use crate::{
    buffers::NoBuffers,
    builtin::{self, BuiltinEvent, EventSet, Source},
    config::Config,
    detection::FlowState,
    flow::Flow,
    output::BypassReason,
    packet::{Packet, TcpHeader},
    service_inspectors::Announced,
    stats::{Counter, Stats},
    stream::{
        Piece, Reader, ReaderContext,
        tcp::{Data, Phase, SegmentHeaders, SegmentVerdict, TcpFlow},
    },
    unit::UnitKind,
};

/// A flow of ciphertext is offered for bypass once in so many segments.
const OFFER_AGAIN: u32 = 64;

/// One flow's stream with all that it takes to judge it.
pub(super) struct Stream<'s, 'e> {
    pub(super) tcp: &'s mut TcpFlow,
    pub(super) flow: &'s mut Flow<FlowState>,
    pub(super) config: &'s Config,
    pub(super) stats: &'s mut Stats,
    pub(super) judge: &'s mut Judge<'e>,
    /// Connections that its bytes have announced.
    pub(super) announced: Vec<Announced>,
}

impl Stream<'_, '_> {
    /// Tells what is odd about a segment that the connection has judged, if rules ask for it.
    pub(super) fn raise_of_segment(
        &mut self,
        segment: &Segment<'_>,
        verdict: SegmentVerdict,
        is_midstream: bool,
    ) {
        if !self.judge.detection.wants(Source::Tcp) {
            return;
        }
        let judged = (&self.tcp.session, verdict);
        let Segment {
            packet,
            header,
            from_client,
            ..
        } = segment;
        let mut events = builtin::of_segment(packet, header, *from_client, judged);
        events.insert_if(BuiltinEvent::NoHandshake, is_midstream);
        self.raise(events, segment.packet, segment.from_client);
    }

    /// Tells one event of a segment.
    fn raise_one(&mut self, event: BuiltinEvent, segment: &Segment<'_>) {
        let mut events = EventSet::EMPTY;
        events.insert(event);
        self.raise(events, segment.packet, segment.from_client);
    }

    fn raise(&mut self, events: EventSet, packet: &Packet<'_>, from_client: bool) {
        let direction = self.flow.direction(from_client);
        let flow = (self.flow.id, self.flow.service);
        let oddity = Oddity::in_flow(packet, direction, flow);
        self.judge.raise(events, &oddity);
    }

    pub(super) fn take(&mut self, segment: &Segment<'_>, verdict: SegmentVerdict) {
        if self.is_searched_raw(segment) {
            let mut moment = self.moment(segment.from_client);
            moment.count_in(&self.tcp.session, segment);
            self.judge
                .in_flow(&Subject::packet(segment.packet), self.flow, moment);
        }
        match verdict {
            SegmentVerdict::Usable(seq) => self.data(segment, seq),
            SegmentVerdict::Doubtful(seq) => self.doubt(segment, seq),
            SegmentVerdict::Unusable(_) => self.stats.count(Counter::TcpUnusable),
            SegmentVerdict::Reset => {
                self.finish(true);
                self.finish(false);
                self.tcp.session.close();
            }
            // Dealt with before.
            SegmentVerdict::NewConnection => {}
        }
        if self.is_ciphertext(segment) {
            self.pass_ciphertext(segment);
        }
    }

    fn is_ciphertext(&self, segment: &Segment<'_>) -> bool {
        self.tcp.reader.is_encrypted() && !segment.packet.payload.is_empty()
    }

    /// Offers the flow for bypass: at its first segment of ciphertext, and after so many more
    /// again, since what was offered may have been forgotten.
    fn pass_ciphertext(&mut self, segment: &Segment<'_>) {
        self.stats.count(Counter::TcpEncrypted);
        let seen = self.tcp.ciphertext_segments;
        self.tcp.ciphertext_segments = seen.wrapping_add(1);
        if !self.flow.is_plain || !seen.is_multiple_of(OFFER_AGAIN) {
            return;
        }
        let moment = self.moment(segment.from_client);
        if self
            .judge
            .may_be_bypassed(segment.packet, self.flow, moment)
        {
            self.stats.count(Counter::BypassEncrypted);
            let direction = self.flow.direction(segment.from_client);
            self.judge
                .offer_bypass(segment.packet, direction, BypassReason::Encrypted);
        }
    }

    /// Raw segments, of both directions, are searched until the bytes that told the flow's
    /// inspector were acknowledged; from there on only messages are, and repetitions. Of
    /// ciphertext nothing is.
    fn is_searched_raw(&self, segment: &Segment<'_>) -> bool {
        if self.is_ciphertext(segment) {
            return false;
        }
        let session = &self.tcp.session;
        let is_read = self
            .tcp
            .told_service
            .is_some_and(|(side, end)| session.half(side).is_acknowledged(end));
        if segment.packet.payload.is_empty() || !is_read {
            return true;
        }
        let end = self.tcp.pdu_end.side(segment.from_client);
        end.is_some_and(|end| segment.header.seq.wrapping_sub(end).cast_signed() < 0)
    }

    fn data(&mut self, segment: &Segment<'_>, seq: u32) {
        let (packet, from_client) = (segment.packet, segment.from_client);
        let len = packet.payload.len();
        if len > 0 {
            let headers = SegmentHeaders::of(packet, &segment.header);
            match self.tcp.latest.side_mut(from_client) {
                Some(latest) => **latest = headers,
                latest => *latest = Some(Box::new(headers)),
            }
        }
        let reach = self.config.reassembly_memory_per_flow;
        let session = &mut self.tcp.session;
        let data = (packet.payload, segment.header.flags & TcpHeader::FIN != 0);
        match session.accept_data(from_client, seq, data, segment.room, reach) {
            Data::InOrder(skip) => {
                self.deliver(from_client, packet.payload.get(skip..).unwrap_or_default());
                self.deliver_ready(from_client);
            }
            Data::Nothing | Data::Held => {}
            Data::OutOfWindow => {
                self.stats.count(Counter::TcpOutOfWindow);
                self.raise_one(BuiltinEvent::OutsideWindow, segment);
            }
            Data::Refused => {
                self.stats.count(segment.refusal());
                self.raise_one(BuiltinEvent::QueueFull, segment);
            }
        }
        self.skip_gaps(from_client);
        for side in [from_client, !from_client] {
            if self.tcp.session.reached_fin(side) {
                self.finish(side);
            }
        }
        if self.tcp.reader.memory() > self.config.reassembly_memory_per_flow {
            self.read(from_client, Reader::give_up);
        }
        if !segment.has_memory {
            self.read(from_client, |reader, context, emit| {
                reader.relieve(context.stats, emit);
            });
        }
    }

    /// A segment that the receiver should refuse: its bytes wait for an acknowledgement.
    fn doubt(&mut self, segment: &Segment<'_>, seq: u32) {
        self.stats.count(Counter::TcpDoubtful);
        let (payload, from_client) = (segment.packet.payload, segment.from_client);
        let reach = self.config.reassembly_memory_per_flow;
        let session = &mut self.tcp.session;
        match session.doubt(from_client, seq, payload, segment.room, reach) {
            Data::Held => {
                let headers = SegmentHeaders::of(segment.packet, &segment.header);
                let latest = self.tcp.latest.side_mut(from_client);
                latest.get_or_insert_with(|| Box::new(headers));
            }
            Data::Refused => self.stats.count(segment.refusal()),
            Data::Nothing | Data::InOrder(_) | Data::OutOfWindow => {}
        }
        self.skip_gaps(from_client);
    }

    /// Delivers what was doubtful and has been acknowledged; at the `end` all of it.
    fn take_doubtful(&mut self, from_client: bool, end: bool) {
        while let Some(bytes) = self.tcp.session.take_doubtful(from_client, end) {
            self.deliver(from_client, &bytes);
            self.deliver_ready(from_client);
        }
    }

    /// What the other end has acknowledged was received, though it was not seen here.
    fn skip_gaps(&mut self, from_client: bool) {
        for side in [!from_client, from_client] {
            self.take_doubtful(side, false);
            let acknowledged = self.tcp.session.skip_acknowledged(side);
            // With one direction alone there are no acknowledgements to wait for: a hole
            // that later data has grown over for a while will not be filled.
            let is_deep = self.tcp.session.half(side).cost() > self.config.flush_size;
            let skipped = match acknowledged {
                None if is_deep => self.tcp.session.skip_missing(side),
                other => other,
            };
            if let Some(lost) = skipped {
                self.stats.count(Counter::TcpGaps);
                self.stats.add(Counter::TcpGapBytes, lost);
                self.read(side, |reader, context, emit| {
                    reader.gap(side, lost, context, emit);
                });
                self.deliver_ready(side);
            }
        }
    }

    fn deliver_ready(&mut self, from_client: bool) {
        while let Some(bytes) = self.tcp.session.take_ready(from_client) {
            self.deliver(from_client, &bytes);
        }
    }

    /// Gives the next bytes of a direction to its reader, without the urgent one.
    fn deliver(&mut self, from_client: bool, bytes: &[u8]) {
        match self.tcp.session.urgent_in(from_client, bytes.len()) {
            None => self.deliver_plain(from_client, bytes),
            Some(at) => {
                self.stats.count(Counter::TcpUrgentBytes);
                let (before, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
                self.deliver_plain(from_client, before);
                self.tcp.session.delivered(from_client, 1);
                self.deliver_plain(from_client, rest.get(1..).unwrap_or_default());
            }
        }
    }

    fn deliver_plain(&mut self, from_client: bool, bytes: &[u8]) {
        self.tcp.session.delivered(from_client, bytes.len());
        if !self.flow.rules.is_reassembled(from_client) {
            return;
        }
        self.read(from_client, |reader, context, emit| {
            reader.deliver(from_client, bytes, context, emit);
        });
    }

    pub(super) fn finish(&mut self, from_client: bool) {
        self.take_doubtful(from_client, true);
        self.read(from_client, |reader, context, emit| {
            reader.finish(from_client, context, emit);
        });
    }

    /// Lets the reader work and judges what it gives.
    pub(super) fn read(
        &mut self,
        from_client: bool,
        work: impl FnOnce(&mut Reader, &mut ReaderContext<'_>, &mut dyn FnMut(&Piece<'_>)),
    ) {
        let bytes = (
            self.moment(true).client_bytes,
            self.moment(true).server_bytes,
        );
        let mut service = self.flow.service;
        let mut made = false;
        let Stream {
            tcp,
            flow,
            config,
            stats,
            judge,
            announced: all_announced,
        } = self;
        let TcpFlow { reader, latest, .. } = &mut **tcp;
        let mut emit = |piece: &Piece<'_>| {
            let to_server = match piece {
                Piece::Stream { to_server, .. } => *to_server,
                Piece::Pdu { pdu, .. } => pdu.to_server,
            };
            let Some(headers) = latest.side(to_server) else {
                return;
            };
            let packet = headers.packet();
            let subject = match piece {
                Piece::Stream {
                    data, is_flushed, ..
                } => Subject {
                    kind: if *is_flushed {
                        UnitKind::RebuiltStream
                    } else {
                        UnitKind::HeldStream
                    },
                    packet: &packet,
                    payload: data,
                    buffers: &NoBuffers,
                    dsize: None,
                },
                Piece::Pdu { pdu, .. } => Subject {
                    kind: UnitKind::RebuiltPdu,
                    packet: &packet,
                    payload: pdu.payload,
                    buffers: pdu.buffers,
                    dsize: Some(pdu.size),
                },
            };
            if let Piece::Stream { looked, .. } = piece {
                flow.rules.looked_at(to_server, *looked);
            }
            if let Piece::Pdu { service, .. } = piece {
                made = true;
                flow.service = Some(service);
            }
            let moment = FlowMoment {
                to_server,
                established: true,
                client_bytes: bytes.0,
                server_bytes: bytes.1,
            };
            judge.in_flow(&subject, flow, moment);
        };
        let mut context = ReaderContext {
            config,
            stats,
            service: &mut service,
            events: EventSet::EMPTY,
            announced: Vec::new(),
        };
        work(reader, &mut context, &mut emit);
        let ReaderContext {
            events, announced, ..
        } = context;
        all_announced.extend(announced);
        self.flow.service = service;
        self.raise_of_reader(events, from_client);
        let next = self.tcp.session.half(from_client).next();
        if self.tcp.told_service.is_none() && self.tcp.reader.has_inspector() {
            self.tcp.told_service = next.map(|next| (from_client, next));
        }
        if made {
            self.stats.count(Counter::ServicePdus);
            *self.tcp.pdu_end.side_mut(from_client) = next;
        }
    }

    /// Tells what the reader found odd about the bytes of one direction.
    fn raise_of_reader(&mut self, events: EventSet, from_client: bool) {
        if events.is_empty() {
            return;
        }
        // Out of its place for a while, so that the flow beside it can be used.
        let latest = self.tcp.latest.side_mut(from_client).take();
        if let Some(headers) = &latest {
            self.raise(events, &headers.packet(), from_client);
        }
        *self.tcp.latest.side_mut(from_client) = latest;
    }

    fn moment(&self, to_server: bool) -> FlowMoment {
        let session = &self.tcp.session;
        FlowMoment {
            to_server,
            established: session.phase() == Phase::Established,
            client_bytes: session.used(true),
            server_bytes: session.used(false),
        }
    }
}
