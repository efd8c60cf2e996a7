//! What the programs read of a packet.

use crate::{
    flow::{Address, FlowTuple, protocol, words},
    fragment::FragKey,
    slot::Slot,
};

/// TCP flag bits (RFC 9293 §3.1).
pub mod tcp_flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Acknowledgment field significant.
    pub const ACK: u8 = 0x10;
}

/// Addresses, ports and what else the prefilter looks at. All of it zero bytes is the default,
/// and the programs make it so by whole words: hence the layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Packet {
    /// Source address.
    pub src: Address,
    /// Destination address.
    pub dst: Address,
    /// Source port, host byte order; 0 where the packet shows none.
    pub src_port: u16,
    /// Destination port, likewise.
    pub dst_port: u16,
    /// Protocol after the IP header and its extension headers.
    pub protocol: u8,
    /// 4 or 6.
    pub family: u8,
    /// TCP flags; 0 for other protocols.
    pub tcp_flags: u8,
    /// Its place in a datagram.
    pub fragment: Fragment,
    /// Identification of the datagram as it stands in the packet; 0 if it is whole.
    pub fragment_id: u32,
    /// It has a VLAN tag, in its bytes or beside them.
    pub tagged: bool,
    /// The transport header ends before what should be read of it.
    pub cut: bool,
}

/// Place of a packet in its datagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Fragment {
    /// All of it, as far as IP is concerned. So are IPv6 "atomic fragments" (RFC 6946).
    #[default]
    Whole = 0,
    /// Its beginning, with the transport header.
    First,
    /// Another part.
    Later,
}

/// Why a packet's flow cannot be told. It is handed over all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// Its `EtherType` is neither IP nor a VLAN tag.
    NotIp,
    /// It ends within the link or network header.
    Truncated,
    /// The IP version or header length contradicts the header.
    BadIpHeader,
    /// More VLAN tags or IPv6 extension headers than are followed.
    TooDeep,
}

impl Packet {
    /// The flow that it belongs to. Without ports where it shows none.
    #[inline(always)]
    pub fn tuple(&self) -> FlowTuple {
        FlowTuple::new(
            self.family,
            self.protocol,
            (&self.src, self.src_port),
            (&self.dst, self.dst_port),
        )
    }

    /// Its direction of that flow: source first, whichever end is smaller. Never equal to
    /// what [`Packet::tuple`] gives.
    #[inline(always)]
    pub fn one_way(&self) -> FlowTuple {
        FlowTuple {
            low: words(&self.src),
            high: words(&self.dst),
            low_port: self.src_port,
            high_port: self.dst_port,
            protocol: self.protocol,
            family: self.family,
            zero: FlowTuple::ONE_WAY,
        }
    }

    /// The datagram that it is a fragment of; only meaningful for fragments.
    #[inline(always)]
    pub fn frag_key(&self, slot: Slot) -> FragKey {
        FragKey {
            src: words(&self.src),
            dst: words(&self.dst),
            id: self.fragment_id,
            // Later IPv6 fragments need not repeat the upper protocol (RFC 8200 §4.5).
            protocol: if self.family == crate::flow::IPV6 {
                0
            } else {
                self.protocol
            },
            family: self.family,
            zero: 0,
            slot: slot.get(),
        }
    }

    /// TCP or UDP, whole, untagged, with its ports: what a bypass entry may speak for.
    #[inline(always)]
    pub fn may_be_bypassed(&self) -> bool {
        (self.protocol == protocol::TCP || self.protocol == protocol::UDP)
            && matches!(self.fragment, Fragment::Whole)
            && !self.tagged
            && !self.cut
    }

    /// TCP with SYN, FIN or RST: a flow begins or ends.
    #[inline(always)]
    pub fn is_flow_edge(&self) -> bool {
        self.protocol == protocol::TCP
            && self.tcp_flags & (tcp_flags::SYN | tcp_flags::FIN | tcp_flags::RST) != 0
    }
}
