//! What tells whose packet it is: interface, cgroup, address.

use crate::{flow::Address, slot::Slot};

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

/// The levels of the cgroup tree that can be selected, the root being level 0.
pub const CGROUP_LEVELS: u32 = 16;

const _: () = assert!(size_of::<Interface>() == 8);
const _: () = assert!(size_of::<PodIp>() == 20);
