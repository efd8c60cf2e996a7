//! One inspection unit: the rules, then the alerts.

use crate::{
    buffers::{BufferSource, NoBuffers},
    detection::{Detection, FlowState, Scratch},
    flow::Flow,
    frame::{Direction, Slot, Tag},
    output::{Alert, Output},
    packet::Packet,
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
        let view = FlowView {
            to_server: moment.to_server,
            established: moment.established,
            service: flow.service,
            id: flow.id,
            client_bytes: moment.client_bytes,
            server_bytes: moment.server_bytes,
        };
        let direction = flow.direction(moment.to_server);
        self.judge(subject, Some(view), direction, Some(&mut flow.rules));
        if subject.kind == UnitKind::RebuiltStream {
            flow.rules.flushed(moment.to_server);
        }
    }

    /// Tries the rules on a packet without a flow.
    pub(super) fn alone(&mut self, subject: &Subject<'_>, direction: Direction) {
        self.judge(subject, None, direction, None);
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
        let (endpoints, icmp) = (subject.packet.endpoints(), subject.packet.icmp());
        let Judge {
            detection,
            scratch,
            now,
            out,
            ..
        } = self;
        let time = now.wall;
        detection.inspect(
            &unit,
            tag.slot,
            state,
            scratch,
            now.monotonic,
            &mut |event| {
                let rule = event.rule;
                out.alert(&Alert {
                    time,
                    tag,
                    flow: endpoints,
                    icmp,
                    flow_id: flow.map(|flow| flow.id),
                    app_proto: flow.and_then(|flow| flow.service),
                    gid: rule.id.gid,
                    sid: rule.id.sid,
                    rev: rule.rev,
                    msg: &rule.msg,
                    classtype: rule.classtype.as_deref(),
                    category: rule.category.as_deref(),
                    priority: rule.priority,
                    action: event.action,
                    rebuilt: event.rebuilt,
                });
            },
        );
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
