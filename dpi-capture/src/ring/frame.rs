//! What a frame of a ring carries beside its bytes.

use dpi_common::SkbHash;

/// Slot, direction and flow hash, as the eBPF program put them into `skb->hash`.
pub type Tag = SkbHash;

/// One packet, borrowed from its block.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'block> {
    /// From the Ethernet header on, as far as the ring has it.
    pub bytes: &'block [u8],
    /// Length on the sink; larger than `bytes` only if the packet did not fit a block.
    pub wire_len: u32,
    /// When the kernel saw it, wall clock.
    pub timestamp: Timestamp,
    /// `skb->hash` as it was.
    pub rxhash: u32,
    /// The outermost VLAN tag where the kernel carries it beside the bytes.
    pub vlan: Option<Vlan>,
    /// Set for a super-packet that segmentation has yet to cut.
    pub gso: Option<Gso>,
    /// What may be expected of the checksums in `bytes`.
    pub checksum: Checksum,
}

impl Frame<'_> {
    /// Whose packet it is; `None` if no eBPF program of ours handed it over.
    pub fn tag(&self) -> Option<Tag> {
        SkbHash::decode(self.rxhash)
    }
}

/// `CLOCK_REALTIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub seconds: u32,
    /// 0 to 999 999 999.
    pub nanoseconds: u32,
}

/// A tag that the kernel took off the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// Priority, DEI and VLAN id, host order.
    pub tci: u16,
    /// EtherType of the tag, host order: 0x8100 or 0x88a8.
    pub tpid: u16,
}

/// Of a super-packet, from `struct virtio_net_hdr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// Payload bytes of each segment to be.
    pub size: u16,
    /// What it will be cut into.
    pub kind: GsoKind,
}

/// `gso_type` of `struct virtio_net_hdr`, without the ECN bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GsoKind {
    /// `VIRTIO_NET_HDR_GSO_TCPV4`.
    TcpV4,
    /// `VIRTIO_NET_HDR_GSO_TCPV6`.
    TcpV6,
    /// `VIRTIO_NET_HDR_GSO_UDP`: into fragments.
    UdpFragments,
    /// `VIRTIO_NET_HDR_GSO_UDP_L4`: into datagrams.
    UdpDatagrams,
    /// Of a later kernel.
    Other(u8),
}

/// State of the transport checksum in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// As it will be on the wire; nobody has verified it.
    Unverified,
    /// Verified by the kernel or the card.
    Valid,
    /// Not yet computed (`CHECKSUM_PARTIAL)`: the field holds a pseudo-header sum.
    NotReady,
}
