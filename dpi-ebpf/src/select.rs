//! Whose packet it is.

use aya_ebpf::helpers::generated as helpers;
use dpi_common::{
    BoundPort, Control, Direction, FlowTuple, Interface, Packet, PodIp, Slot,
    select::{CGROUP_LEVELS, interface_flags},
};

use crate::{frame::Frame, maps, packet};

/// Where the program is attached.
#[derive(Clone, Copy)]
pub(crate) enum Hook {
    Ingress,
    Egress,
}

impl Hook {
    /// On the host's end of a workload's veth: what enters the host comes from the
    /// workload.
    #[inline(always)]
    pub(crate) fn on_workload_interface(self) -> Direction {
        match self {
            Hook::Ingress => Direction::FromPod,
            Hook::Egress => Direction::ToPod,
        }
    }

    /// On a device towards the network: what leaves the host comes from a workload.
    #[inline(always)]
    pub(crate) fn on_node_interface(self) -> Direction {
        match self {
            Hook::Ingress => Direction::ToPod,
            Hook::Egress => Direction::FromPod,
        }
    }
}

/// What is to be done on the packet's interface, if anything.
///
/// Each question reads the map anew: the verifier would otherwise carry the answer of one
/// through all that follows, and walk that once for every combination. A deleted element may
/// be used again for another interface meanwhile; a packet too many or too few is handed over
/// at the moment of a change in any case.
#[derive(Clone, Copy)]
pub(crate) struct OnInterface(*const Interface);

impl OnInterface {
    #[inline(always)]
    pub(crate) fn of(frame: &Frame<'_>) -> Option<Self> {
        maps::INTERFACES.get_ptr(frame.ifindex()).map(OnInterface)
    }

    /// The one workload behind it, as a number.
    #[inline(always)]
    pub(crate) fn slot(self) -> u32 {
        // SAFETY: the pointer is to a value of the map, which stays mapped; an aligned word.
        unsafe { (&raw const (*self.0).slot).read_volatile() }
    }

    /// Whether one of these flags is set.
    #[inline(always)]
    pub(crate) fn has(self, flags: u32) -> bool {
        // SAFETY: as in `slot`.
        unsafe { (&raw const (*self.0).flags).read_volatile() & flags != 0 }
    }
}

/// The workload whose packet crosses an interface of the node.
///
/// A socket's cgroup is known on egress alone: on ingress the packet's cgroup would be
/// that of a sender on this node. So flows are learned from what leaves, and what
/// arrives is found among them. What opens a flow from outside comes before anything was
/// learned: it is found by the port that waits for it. A destination address is the node's
/// own or a pod's, so that at most one of the two ways finds a workload.
#[inline(always)]
pub(crate) fn shared(
    frame: &Frame<'_>,
    control: &Control,
    interface: OnInterface,
    hook: Hook,
) -> Option<Slot> {
    let by_cgroup = interface.has(interface_flags::CGROUP);
    match hook {
        Hook::Egress if by_cgroup => {
            let slot = by_sender(frame, control)?;
            if let Ok(packet) = packet::parse(frame) {
                let _ = maps::LEARNED.insert(packet.tuple(), slot.get(), 0);
            }
            Some(slot)
        }
        Hook::Egress => None,
        Hook::Ingress => {
            let packet = packet::parse(frame).ok()?;
            if interface.has(interface_flags::POD_IP)
                && let Some(slot) = by_destination(packet)
            {
                if slot.get() == interface.slot() {
                    return None;
                }
                take(packet, slot);
                return Some(slot);
            }
            if !by_cgroup {
                return None;
            }
            learned(&packet.tuple()).or_else(|| bound(packet))
        }
    }
}

/// Notes that packets of this direction of the flow are taken by their address.
#[inline(always)]
fn take(packet: &Packet, slot: Slot) {
    let key = packet.one_way();
    if learned(&key) != Some(slot) {
        let _ = maps::LEARNED.insert(key, slot.get(), 0);
    }
}

/// Whether a packet that leaves towards `slot` was taken by its address where it came in.
/// Where the network takes most packets past this interface, some still pass it; whether
/// such a one was seen already hangs on whether its address was the pod's then.
#[inline(always)]
pub(crate) fn was_taken(packet: &Packet, slot: Slot, on: OnInterface) -> bool {
    on.has(interface_flags::POD_IP) && learned(&packet.one_way()) == Some(slot)
}

#[inline(always)]
fn learned(flow: &FlowTuple) -> Option<Slot> {
    // SAFETY: the value is one aligned word; a recycled element gives another flow's slot
    // at worst, for one packet.
    let slot = unsafe { maps::LEARNED.get(flow) }?;
    Slot::new_checked(*slot)
}

/// The workload that waits for whoever speaks first at the packet's destination.
#[inline(always)]
fn bound(packet: &Packet) -> Option<Slot> {
    let key = BoundPort {
        address: packet.dst,
        port: packet.dst_port,
        protocol: packet.protocol,
        family: packet.family,
    };
    // SAFETY: the value is one aligned word.
    let slot = unsafe { maps::BOUND.get(key) }?;
    Slot::new_checked(*slot)
}

/// The deepest selected or exempt cgroup above the sending socket. 0 in the map exempts.
#[inline(always)]
fn by_sender(frame: &Frame<'_>, control: &Control) -> Option<Slot> {
    let levels = control.cgroup_levels;
    for below in 0..CGROUP_LEVELS {
        let level = CGROUP_LEVELS - 1 - below;
        if (levels >> level) & 1 == 0 {
            continue;
        }
        // SAFETY: the context is valid. The helper gives 0 without a socket, and for a
        // level below the socket's own cgroup.
        let id = unsafe { helpers::bpf_skb_ancestor_cgroup_id(frame.skb(), level as i32) };
        if id == 0 {
            continue;
        }
        // SAFETY: the value is one aligned word.
        if let Some(slot) = unsafe { maps::CGROUPS.get(id) } {
            return Slot::new_checked(*slot);
        }
    }
    None
}

/// The pod that has the packet's destination address.
#[inline(always)]
fn by_destination(packet: &Packet) -> Option<Slot> {
    let key = PodIp {
        address: packet.dst,
        family: u32::from(packet.family),
    };
    // SAFETY: the value is one aligned word.
    let slot = unsafe { maps::POD_IPS.get(key) }?;
    Slot::new_checked(*slot)
}
