//! Names of programs and maps: the same here, in the object, and under the pin directory.

/// Raised with every change of a map's key, value, size or meaning. Pins of another
/// version are removed, not adopted.
pub const ABI_VERSION: u32 = 2;

/// Ingress classifier.
pub const INGRESS: &str = "dpi_ingress";
/// Egress classifier.
pub const EGRESS: &str = "dpi_egress";
/// Drops what arrives at the far end of a veth sink.
pub const SINK_DROP: &str = "dpi_sink_drop";

/// Array of one [`Control`](crate::Control).
pub const CONTROL: &str = "CONTROL";
/// Hash of interface index to [`Interface`](crate::Interface).
pub const INTERFACES: &str = "INTERFACES";
/// Hash of cgroup id (`u64`, inode number of its directory) to slot (`u32`; 0: exempt).
pub const CGROUPS: &str = "CGROUPS";
/// Hash of [`PodIp`](crate::PodIp) to slot (`u32`).
pub const POD_IPS: &str = "POD_IPS";
/// LRU hash of [`FlowTuple`](crate::FlowTuple) to slot (`u32`): flows of selected cgroups,
/// learned from what they send; and directions of flows to selected pods that are taken by
/// their address, before they come to the pod's own interface.
pub const LEARNED: &str = "LEARNED";
/// Hash of [`BoundPort`](crate::BoundPort) to slot (`u32`): where selected cgroups wait for
/// whoever speaks first.
pub const BOUND: &str = "BOUND";
/// LRU hash of [`FlowKey`](crate::FlowKey), its epoch 0, to [`Sides`](crate::Sides): flows
/// of workloads on interfaces that are watched.
pub const WATCHED: &str = "WATCHED";
/// Array of one [`PortBitmap`](crate::PortBitmap).
pub const PORTS: &str = "PORTS";
/// LRU hash of [`FlowKey`](crate::FlowKey) to [`Bypass`](crate::Bypass).
pub const BYPASS: &str = "BYPASS";
/// LRU hash of [`FragKey`](crate::FragKey) to [`FragValue`](crate::FragValue).
pub const FRAGMENTS: &str = "FRAGMENTS";
/// Per-CPU array of one [`Counters`](crate::Counters).
pub const COUNTERS: &str = "COUNTERS";

/// Per-CPU array of one [`Packet`](crate::Packet), for the time of one packet. Not pinned, and
/// of no use to user space.
pub const SCRATCH: &str = "SCRATCH";

/// Every map that is pinned, by name.
pub const MAPS: [&str; 11] = [
    CONTROL, INTERFACES, CGROUPS, POD_IPS, LEARNED, BOUND, WATCHED, PORTS, BYPASS, FRAGMENTS,
    COUNTERS,
];

/// Entries of the maps.
pub mod capacity {
    /// Interfaces with a program.
    pub const INTERFACES: u32 = 4096;
    /// Selected and exempt cgroups.
    pub const CGROUPS: u32 = 4096;
    /// Selected pods' addresses.
    pub const POD_IPS: u32 = 8192;
    /// Flows learned from selected cgroups.
    pub const LEARNED: u32 = 65536;
    /// Ports of selected cgroups, each for every address that it is open on.
    pub const BOUND: u32 = 8192;
    /// Flows watched at a time.
    pub const WATCHED: u32 = 1024;
    /// Bypassed flows.
    pub const BYPASS: u32 = 65536;
    /// Datagrams in fragments.
    pub const FRAGMENTS: u32 = 16384;
}
