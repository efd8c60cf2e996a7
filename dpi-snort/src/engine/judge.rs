//! One inspection unit: the rules, then the alerts.

use super::service::server_port;
use crate::{
    buffers::{BufferSource, NoBuffers},
    builtin::{EventSet, Source},
    detection::{Detection, Event, FlowState, Scratch},
    flow::Flow,
    frame::{Direction, Slot, Tag},
    output::{Alert, BypassReason, FlowEndpoints, IcmpType, Output},
    packet::Packet,
    service_inspectors::ports::tell_apart,
    time::Now,
    unit::{FlowView, InspectionUnit, UnitKind},
};

/// What judging needs of the engine, lent for one packet.
pub(super) struct Judge<'e> {
    pub(super) detection: &'e Detection,
    pub(super) scratch: &'e mut Scratch,
    pub(super) slot: Slot,
    /// Number of the packet under examination, from 1.
    pub(super) number: u64,
    pub(super) now: Now,
    pub(super) out: &'e mut dyn Output,
}

/// State of the flow at a unit.
#[derive(Clone, Copy)]
pub(super) struct FlowMoment {
    pub(super) to_server: bool,
    pub(super) established: bool,
    pub(super) client_bytes: u64,
    pub(super) server_bytes: u64,
}

impl FlowMoment {
    /// As rules see it, at a packet of this direction.
    fn view(self, flow: &Flow<FlowState>, packet: &Packet<'_>) -> FlowView<'static> {
        let port = server_port(packet, self.to_server);
        FlowView {
            to_server: self.to_server,
            established: self.established,
            service: flow.service,
            ports_count: flow.service.is_some_and(|name| tell_apart(name, port)),
            id: flow.id,
            client_bytes: self.client_bytes,
            server_bytes: self.server_bytes,
        }
    }
}

/// Bytes to be judged, and what they are.
pub(super) struct Subject<'a> {
    pub(super) kind: UnitKind,
    pub(super) packet: &'a Packet<'a>,
    pub(super) payload: &'a [u8],
    pub(super) buffers: &'a dyn BufferSource,
    pub(super) dsize: Option<u32>,
}

impl<'a> Subject<'a> {
    /// A packet with its own payload.
    pub(super) fn packet(packet: &'a Packet<'a>) -> Subject<'a> {
        let kind = if packet.rebuilt {
            UnitKind::RebuiltDatagram
        } else {
            UnitKind::Raw
        };
        Subject {
            kind,
            packet,
            payload: packet.payload,
            buffers: &NoBuffers,
            dsize: Some(segment_size(packet)),
        }
    }
}

impl Judge<'_> {
    /// Tries the rules on something that belongs to a flow.
    pub(super) fn in_flow(
        &mut self,
        subject: &Subject<'_>,
        flow: &mut Flow<FlowState>,
        moment: FlowMoment,
    ) {
        let view = moment.view(flow, subject.packet);
        let direction = flow.direction(moment.to_server);
        if subject.kind == UnitKind::RebuiltPdu && self.detection.wants(Source::Http) {
            let oddity = Oddity::in_flow(subject.packet, direction, (flow.id, flow.service));
            self.raise(subject.buffers.oddities(), &oddity);
        }
        self.judge(subject, Some(view), direction, Some(&mut flow.rules));
        if subject.kind.repeats_segments(view.service) {
            flow.rules.flushed(moment.to_server);
        }
    }

    /// Whether no rule minds that the rest of a flow whose payload is not searched goes by
    /// unseen.
    pub(super) fn may_be_bypassed(
        &self,
        packet: &Packet<'_>,
        flow: &Flow<FlowState>,
        moment: FlowMoment,
    ) -> bool {
        let detection = self.detection;
        !detection.minds_bare_segments(packet, &moment.view(flow, packet))
            && !detection.wants(Source::Tcp)
    }

    /// Tells the caller that a packet's flow needs no further inspection.
    pub(super) fn offer_bypass(
        &mut self,
        packet: &Packet<'_>,
        direction: Direction,
        reason: BypassReason,
    ) {
        let tag = Tag {
            slot: self.slot,
            direction,
        };
        self.out.bypass(tag, &packet.endpoints(), reason);
    }

    /// Tries the rules on a packet without a flow.
    pub(super) fn alone(&mut self, subject: &Subject<'_>, direction: Direction) {
        self.judge(subject, None, direction, None);
    }

    /// Tells built-in events, if rules ask for them.
    pub(super) fn raise(&mut self, events: EventSet, oddity: &Oddity) {
        if events.is_empty() {
            return;
        }
        let Judge {
            detection,
            scratch,
            slot,
            now,
            out,
            ..
        } = self;
        let subject = (&oddity.subject.endpoints, oddity.is_rebuilt);
        detection.raise(
            events,
            subject,
            (*slot, now.monotonic),
            scratch,
            &mut |event| {
                let tag = Tag {
                    slot: *slot,
                    direction: oddity.direction,
                };
                out.alert(&oddity.subject.alert(event, tag, *now));
            },
        );
    }

    fn judge(
        &mut self,
        subject: &Subject<'_>,
        flow: Option<FlowView<'_>>,
        direction: Direction,
        state: Option<&mut FlowState>,
    ) {
        let unit = InspectionUnit {
            kind: subject.kind,
            packet: subject.packet,
            payload: subject.payload,
            raw_payload: subject.payload,
            buffers: subject.buffers,
            flow,
            dsize: subject.dsize,
            packet_number: self.number,
        };
        let tag = Tag {
            slot: self.slot,
            direction,
        };
        let about = About {
            endpoints: subject.packet.endpoints(),
            icmp: subject.packet.icmp(),
            flow_id: flow.map(|flow| flow.id),
            service: flow.and_then(|flow| flow.service),
        };
        let Judge {
            detection,
            scratch,
            now,
            out,
            ..
        } = self;
        detection.inspect(
            &unit,
            tag.slot,
            state,
            scratch,
            now.monotonic,
            &mut |event| out.alert(&about.alert(event, tag, *now)),
        );
    }
}

/// What an alert says of a packet and its flow.
pub(super) struct About<'a> {
    endpoints: FlowEndpoints,
    icmp: Option<IcmpType>,
    flow_id: Option<u64>,
    service: Option<&'a str>,
}

impl<'a> About<'a> {
    fn alert(&self, event: &Event<'a>, tag: Tag, now: Now) -> Alert<'a> {
        let rule = event.rule;
        Alert {
            time: now.wall,
            tag,
            flow: self.endpoints,
            icmp: self.icmp,
            flow_id: self.flow_id,
            app_proto: self.service,
            gid: rule.id.gid,
            sid: rule.id.sid,
            rev: rule.rev,
            msg: &rule.msg,
            classtype: rule.classtype.as_deref(),
            category: rule.category.as_deref(),
            priority: rule.priority,
            action: event.action,
            rebuilt: event.rebuilt,
        }
    }
}

/// What built-in events are about.
pub(super) struct Oddity {
    subject: About<'static>,
    direction: Direction,
    is_rebuilt: bool,
}

impl Oddity {
    /// A packet without a flow.
    pub(super) fn of_packet(packet: &Packet<'_>, direction: Direction) -> Oddity {
        Oddity {
            subject: About {
                endpoints: packet.endpoints(),
                icmp: packet.icmp(),
                flow_id: None,
                service: None,
            },
            direction,
            is_rebuilt: packet.rebuilt,
        }
    }

    /// A frame in which no packet could be read.
    pub(super) fn of_frame(direction: Direction) -> Oddity {
        let nowhere = std::net::Ipv4Addr::UNSPECIFIED.into();
        Oddity {
            subject: About {
                endpoints: FlowEndpoints {
                    src: nowhere,
                    dst: nowhere,
                    src_port: 0,
                    dst_port: 0,
                    protocol: 0,
                },
                icmp: None,
                flow_id: None,
                service: None,
            },
            direction,
            is_rebuilt: false,
        }
    }

    /// A packet of a flow.
    pub(super) fn in_flow(
        packet: &Packet<'_>,
        direction: Direction,
        (flow_id, service): (u64, Option<&'static str>),
    ) -> Oddity {
        let mut oddity = Oddity::of_packet(packet, direction);
        oddity.subject.flow_id = Some(flow_id);
        oddity.subject.service = service;
        oddity
    }
}

/// Payload bytes of the packet as it was on the wire: of one segment of a super-packet.
fn segment_size(packet: &Packet<'_>) -> u32 {
    let whole = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
    match packet.gso_size {
        0 => whole,
        segment => whole.min(u32::from(segment)),
    }
}
