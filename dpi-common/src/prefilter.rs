//! What happens to a selected packet, as a pure function of what was read of it.

use crate::{
    flow::FlowKey,
    packet::{Fragment, Packet},
    ports::PortBitmap,
    slot::Slot,
};

/// What happens to a packet, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A rule may match it.
    Handover,
    /// It is a fragment. Ports are not judged there: later fragments show none, and a
    /// datagram with a part missing could never be rebuilt.
    HandoverFragment,
    /// Its flow begins or ends: a bypass of that flow is to be deleted.
    HandoverFlowEdge,
    /// It ends before its ports or flags.
    HandoverCut,
    /// No rule can match a packet of this protocol and these ports.
    NoRule,
    /// Inspection has finished with its flow.
    Bypassed,
}

impl Verdict {
    /// Whether the packet goes to a reader.
    #[inline(always)]
    pub const fn is_handover(self) -> bool {
        !matches!(self, Verdict::NoRule | Verdict::Bypassed)
    }
}

/// Judges `packet`. `ports` is `None` if the map cannot be read; then everything is
/// wanted. `is_bypassed` answers whether a fresh bypass entry exists; it is asked last and
/// only for packets that such an entry may speak for.
#[inline(always)]
pub fn prefilter(
    packet: &Packet,
    ports: Option<&PortBitmap>,
    is_bypassed: impl FnOnce() -> bool,
) -> Verdict {
    if !matches!(packet.fragment, Fragment::Whole) {
        return Verdict::HandoverFragment;
    }
    if packet.cut {
        return Verdict::HandoverCut;
    }
    if let Some(ports) = ports
        && !ports.wants(packet.protocol, packet.src_port, packet.dst_port)
    {
        return Verdict::NoRule;
    }
    if packet.is_flow_edge() {
        return Verdict::HandoverFlowEdge;
    }
    if packet.may_be_bypassed() && is_bypassed() {
        return Verdict::Bypassed;
    }
    Verdict::Handover
}

/// The bypass entry that would speak for `packet`.
#[inline(always)]
pub fn bypass_key(packet: &Packet, slot: Slot, epoch: u32) -> FlowKey {
    FlowKey {
        tuple: packet.tuple(),
        slot: slot.get(),
        epoch,
    }
}
