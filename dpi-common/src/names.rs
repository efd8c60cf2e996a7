//! Names of programs and maps: the same here, in the object, and under the pin directory.

/// Raised with every change of a map's key, value, size or meaning. Pins of another
/// version are removed, not adopted.
pub const ABI_VERSION: u32 = 1;

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
/// learned from what they send.
pub const LEARNED: &str = "LEARNED";
/// Array of one [`PortBitmap`](crate::PortBitmap).
pub const PORTS: &str = "PORTS";
/// LRU hash of [`FlowKey`](crate::FlowKey) to [`Bypass`](crate::Bypass).
pub const BYPASS: &str = "BYPASS";
/// LRU hash of [`FragKey`](crate::FragKey) to [`FragValue`](crate::FragValue).
pub const FRAGMENTS: &str = "FRAGMENTS";
/// Per-CPU array of one [`Counters`](crate::Counters).
pub const COUNTERS: &str = "COUNTERS";

/// Every map that is pinned, by name.
pub const MAPS: [&str; 9] = [
    CONTROL, INTERFACES, CGROUPS, POD_IPS, LEARNED, PORTS, BYPASS, FRAGMENTS, COUNTERS,
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
    /// Bypassed flows.
    pub const BYPASS: u32 = 65536;
    /// Datagrams in fragments.
    pub const FRAGMENTS: u32 = 16384;
}
