//! What enters the engine: one captured frame with its capture metadata.

/// One frame as captured. The bytes are borrowed for the time of one
/// [`Engine::process`](crate::Engine::process) call only.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Captured bytes, beginning with the link-layer header.
    pub bytes: &'a [u8],
    /// What the first byte is.
    pub link_type: LinkType,
    /// Length on the wire in bytes; more than `bytes.len()` if the capture cut it.
    pub wire_len: u32,
    /// VLAN tag that the capture took out of the frame (hardware acceleration).
    pub vlan: Option<VlanTag>,
    /// Payload bytes of each segment of a GSO super-packet, 0 for a plain packet.
    ///
    /// `dsize` and other packet-size options take it as the segment's size, so
    /// that they mean what an observer on the wire would have seen.
    pub gso_size: u16,
    /// Whether the checksums may be believed.
    pub checksum: ChecksumState,
    /// Whose packet it is and which end of it.
    pub tag: Tag,
}

/// The workload a packet belongs to and the packet's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The selected workload.
    pub slot: Slot,
    /// Whether the workload sent or receives this packet.
    pub direction: Direction,
}

/// Number of a selected workload, 0 to 2²⁴−1. Captures read from a file use 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// Which way a packet goes, seen from the workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The workload sent it.
    #[default]
    FromWorkload,
    /// The workload receives it.
    ToWorkload,
}

impl Direction {
    /// The way of the answer.
    #[must_use]
    pub fn opposite(self) -> Direction {
        match self {
            Direction::FromWorkload => Direction::ToWorkload,
            Direction::ToWorkload => Direction::FromWorkload,
        }
    }
}

/// Link-layer header type of a frame; the names follow libpcap's DLT list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// DLT 1.
    Ethernet,
    /// DLT 101, 12, 14, 228, 229: an IPv4 or IPv6 header comes first.
    RawIp,
    /// DLT 113, Linux "cooked" v1.
    LinuxSll,
    /// DLT 276, Linux "cooked" v2.
    LinuxSll2,
    /// DLT 0, BSD loopback: address family in the capturing host's byte order.
    Null,
    /// DLT 108, OpenBSD loopback: address family in network byte order.
    Loop,
    /// DLT 9, PPP.
    Ppp,
}

/// A VLAN tag: TCI and the EtherType that announced it, both host byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    /// Priority, DEI and VLAN id.
    pub tci: u16,
    /// 0x8100 or 0x88a8.
    pub tpid: u16,
}

/// What is known about a frame's transport checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChecksumState {
    /// Nothing is known; it may be verified.
    #[default]
    Unknown,
    /// The kernel verified it.
    Valid,
    /// Not computed yet (`CHECKSUM_PARTIAL`): it must not be verified.
    NotReady,
}
