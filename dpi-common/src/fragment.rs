//! Fragments of a datagram find the same reader.

use crate::{flow::Address, hash::FlowHash};

/// What the fragments of one datagram have in common (RFC 791 §3.2, RFC 8200 §4.5), and
/// the workload that it is handed over for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct FragKey {
    /// Source address.
    pub src: Address,
    /// Destination address.
    pub dst: Address,
    /// Identification, as it stands in the packet; 16 bits in IPv4.
    pub id: u32,
    /// IP protocol in IPv4. 0 in IPv6, where identification and addresses alone count.
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
    /// Padding, always 0.
    pub zero: u16,
    /// The workload, as a number.
    pub slot: u32,
}

/// Which reader a datagram's fragments go to.
///
/// Whichever fragment comes first decides: the one with the ports by the flow's hash,
/// so that whole datagrams of that flow meet it; another one by addresses alone, and then
/// the one with the ports follows it. An entry that a fragment used lately is never
/// overruled, or a sender could split a datagram between two readers by using an
/// identification again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FragValue {
    /// Time of the last fragment: nanoseconds of `CLOCK_MONOTONIC_COARSE`.
    pub last_seen: u64,
    /// [`FlowHash`] of all fragments.
    pub flow: u32,
    /// Padding, always 0.
    pub zero: u32,
}

impl FragValue {
    /// Linux gives up a datagram 30 s (`ipfrag_time`) or 60 s (`ip6frag_time`) after its
    /// first fragment; an entry unused for longer belongs to none.
    pub const IDLE_NS: u64 = 60 * 1_000_000_000;

    /// An entry made by a fragment with hash `flow` at `now`.
    #[inline(always)]
    pub const fn new(flow: FlowHash, now: u64) -> FragValue {
        FragValue {
            last_seen: now,
            flow: flow.get() as u32,
            zero: 0,
        }
    }

    /// The hash to follow at `now`, if the entry still counts.
    #[inline(always)]
    pub const fn follow(&self, now: u64) -> Option<FlowHash> {
        if now.saturating_sub(self.last_seen) < Self::IDLE_NS {
            Some(FlowHash::truncate(self.flow))
        } else {
            None
        }
    }
}

const _: () = assert!(size_of::<FragKey>() == 44);
const _: () = assert!(size_of::<FragValue>() == 16);
