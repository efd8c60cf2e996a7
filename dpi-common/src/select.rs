//! What tells whose packet it is: interface, cgroup, address.

use crate::{
    flow::{Address, protocol},
    hash::Direction,
    packet::{Fragment, Packet, tcp_flags},
    slot::Slot,
};

/// What the programs do on an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Interface {
    /// Slot of the one workload behind it, as a number; 0 if there is none.
    pub slot: u32,
    /// See [`interface_flags`].
    pub flags: u32,
}

/// Bits of [`Interface::flags`].
pub mod interface_flags {
    /// A device of the node itself. On egress the sending socket's cgroup tells the
    /// workload; on ingress, the flows that were so learned.
    pub const CGROUP: u32 = 1;
    /// On ingress the destination address may be a selected pod's, for networks that
    /// take packets past the pod's own interface (`bpf_redirect_peer`).
    pub const POD_IP: u32 = 1 << 1;
    /// Packets of several workloads cross it.
    pub const SHARED: u32 = CGROUP | POD_IP;
    /// Flows of the one workload behind it are watched: see [`Sides`](super::Sides).
    pub const WATCH: u32 = 1 << 2;
}

impl Interface {
    /// The host's end of a workload's veth.
    pub const fn workload(slot: Slot) -> Interface {
        Interface {
            slot: slot.get(),
            flags: 0,
        }
    }
}

/// Key of a pod's own address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct PodIp {
    /// The address.
    pub address: Address,
    /// 4 or 6.
    pub family: u32,
}

/// Key of a socket of a selected cgroup that waits for whoever speaks first: a TCP listener,
/// or a UDP socket without a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct BoundPort {
    /// An address of the node that it answers on.
    pub address: Address,
    /// Its port, host byte order.
    pub port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
}

/// How often the two sides of a TCP connection were seen on a workload's interface.
///
/// A workload that acknowledges has received. If what it receives is never seen, it comes
/// to the workload some other way (`bpf_redirect_peer`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Sides {
    /// Packets from the workload that acknowledge something; those of the handshake that
    /// carry SYN are left out.
    pub acknowledged: u32,
    /// Packets to the workload.
    pub received: u32,
}

impl Sides {
    /// Counts a packet; `None` if it says nothing about either side.
    #[inline(always)]
    #[must_use]
    pub fn with(self, packet: &Packet, direction: Direction) -> Option<Sides> {
        if packet.protocol != protocol::TCP || !matches!(packet.fragment, Fragment::Whole) {
            return None;
        }
        let mut sides = self;
        match direction {
            Direction::ToPod => sides.received = sides.received.saturating_add(1),
            Direction::FromPod => {
                if packet.tcp_flags & (tcp_flags::ACK | tcp_flags::SYN) != tcp_flags::ACK {
                    return None;
                }
                sides.acknowledged = sides.acknowledged.saturating_add(1);
            }
        }
        Some(sides)
    }
}

/// The levels of the cgroup tree that can be selected, the root being level 0.
pub const CGROUP_LEVELS: u32 = 16;

const _: () = assert!(size_of::<Interface>() == 8);
const _: () = assert!(size_of::<PodIp>() == 20);
const _: () = assert!(size_of::<BoundPort>() == 20);
const _: () = assert!(size_of::<Sides>() == 8);
