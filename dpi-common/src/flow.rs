//! Flows: the symmetric 5-tuple, its hash, and the bypass entry.

use crate::hash::FlowHash;

/// An IP address as four words in network byte order, as loaded from the packet;
/// an IPv4 address is the first word and the rest is zero.
pub type Address = [u32; 4];

/// IP versions as they stand in [`FlowTuple::family`] and other keys. They keep an IPv4
/// address and the IPv6 address of the same words apart.
pub const IPV4: u8 = 4;
/// See [`IPV4`].
pub const IPV6: u8 = 6;

/// IP protocol numbers that the programs know (IANA).
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// IPv4 in IP.
    pub const IPIP: u8 = 4;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// IPv6 in IP.
    pub const IPV6: u8 = 41;
    /// Generic routing encapsulation.
    pub const GRE: u8 = 47;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// Destination ports of UDP tunnels whose source port differs by direction: VXLAN
/// (RFC 7348), Linux's old VXLAN port, Geneve (RFC 8926). Their packets are hashed by
/// addresses alone.
pub const TUNNEL_PORTS: [u16; 3] = [4789, 8472, 6081];

/// Addresses, ports and protocol of a flow, the same for both of its directions: the
/// smaller (address, port) comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct FlowTuple {
    /// The smaller end's address.
    pub low: Address,
    /// The other end's address.
    pub high: Address,
    /// The smaller end's port, host byte order; 0 without ports.
    pub low_port: u16,
    /// The other end's port.
    pub high_port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// [`IPV4`] or [`IPV6`].
    pub family: u8,
    /// Padding, 0: the kernel compares keys byte by byte. [`FlowTuple::ONE_WAY`] marks what
    /// stands for one direction alone.
    pub zero: u16,
}

impl FlowTuple {
    /// See [`Packet::one_way`](crate::Packet::one_way).
    pub const ONE_WAY: u16 = 1;

    /// The tuple of a packet from `src` to `dst`; ports in host byte order.
    #[inline(always)]
    pub fn new(
        family: u8,
        protocol: u8,
        (src, src_port): (&Address, u16),
        (dst, dst_port): (&Address, u16),
    ) -> FlowTuple {
        let (low, low_port, high, high_port) = if comes_first(src, src_port, dst, dst_port) {
            (src, src_port, dst, dst_port)
        } else {
            (dst, dst_port, src, src_port)
        };
        FlowTuple {
            low: words(low),
            high: words(high),
            low_port,
            high_port,
            protocol,
            family,
            zero: 0,
        }
    }

    /// What chooses the reader: the same for both directions, spread by `seed`.
    ///
    /// UDP tunnels count by their ends alone, since the outer source port is chosen by
    /// each end for itself.
    #[inline(always)]
    pub fn hash(&self, seed: u32) -> FlowHash {
        // The ports enter in sorted order (by end). A xor of them collapses on the
        // regular pairs that kernels hand out.
        let ports = if self.is_tunnel() {
            0
        } else {
            (u32::from(self.low_port) << 16) | u32::from(self.high_port)
        };
        let mut hash = seed ^ u32::from(self.protocol);
        // The words of an IPv4 address beyond the first are zero and not worth a round.
        if self.family == IPV6 {
            hash = mix(hash ^ self.low[1] ^ self.high[1].rotate_left(16));
            hash = mix(hash ^ self.low[2] ^ self.high[2].rotate_left(16));
            hash = mix(hash ^ self.low[3] ^ self.high[3].rotate_left(16));
        }
        hash = mix(hash ^ self.low[0]);
        hash = mix(hash ^ self.high[0]);
        FlowHash::truncate(mix(hash ^ ports))
    }

    fn is_tunnel(&self) -> bool {
        self.protocol == protocol::UDP
            && (is_tunnel_port(self.low_port) || is_tunnel_port(self.high_port))
    }
}

/// Whether `port` is one of [`TUNNEL_PORTS`].
#[inline(always)]
pub const fn is_tunnel_port(port: u16) -> bool {
    port == TUNNEL_PORTS[0] || port == TUNNEL_PORTS[1] || port == TUNNEL_PORTS[2]
}

/// A copy, word by word: for a whole array the linker of the programs calls a loop over its
/// bytes, which costs as much as looking the flow up.
#[inline(always)]
pub(crate) const fn words(&[a, b, c, d]: &Address) -> Address {
    [a, b, c, d]
}

/// A total order of ends. Comparing words as they lie in memory is as good as any other
/// order, and cheaper than bytes.
#[inline(always)]
fn comes_first(a: &Address, a_port: u16, b: &Address, b_port: u16) -> bool {
    if a[3] != b[3] {
        return a[3] < b[3];
    }
    if a[2] != b[2] {
        return a[2] < b[2];
    }
    if a[1] != b[1] {
        return a[1] < b[1];
    }
    if a[0] != b[0] {
        return a[0] < b[0];
    }
    a_port <= b_port
}

/// The finalizer of `MurmurHash3`: every input bit reaches every output bit.
#[inline(always)]
const fn mix(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// Key of a bypassed flow. A new ruleset raises the epoch, which makes every older entry
/// unreachable at once. Frames with a VLAN tag are never looked up: their flows are
/// told apart by the tag, which is not in the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct FlowKey {
    /// The flow.
    pub tuple: FlowTuple,
    /// The workload that the flow was inspected for, as a number.
    pub slot: u32,
    /// The ruleset that had nothing more to find.
    pub epoch: u32,
}

/// Value of a bypassed flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Bypass {
    /// Time of its last packet, or of the entry's making: nanoseconds of
    /// `CLOCK_MONOTONIC_COARSE`.
    pub last_seen: u64,
}

impl Bypass {
    /// An entry that no packet used for so long is void, so that a later flow of the
    /// same addresses and ports is looked at again. As long as Snort's default
    /// `session_timeout` of its stream modules.
    pub const IDLE_NS: u64 = 180 * 1_000_000_000;

    /// Whether the entry still counts at `now` (same clock as `last_seen`). The clock of
    /// another CPU may be one tick behind, hence the saturation.
    #[inline(always)]
    pub const fn is_fresh(&self, now: u64) -> bool {
        now.saturating_sub(self.last_seen) < Self::IDLE_NS
    }
}

const _: () = assert!(size_of::<FlowTuple>() == 40);
const _: () = assert!(size_of::<FlowKey>() == 48);
const _: () = assert!(size_of::<Bypass>() == 8);
