//! A decoded packet: the innermost IP packet of a frame, as header options see it.
//!
//! The codecs make it; it borrows the frame. Multi-byte fields are in host byte order.

use std::net::IpAddr;

use crate::output::{FlowEndpoints, IcmpType};

/// The innermost IP packet of a frame or of a rebuilt datagram.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    /// Its IP header.
    pub ip: IpHeader<'a>,
    /// Its transport header.
    pub transport: Transport<'a>,
    /// Bytes behind the transport header, without link padding.
    pub payload: &'a [u8],
    /// Hash of what separates equal 5-tuples: VLAN ids, tunnel ids. 0 without any.
    pub encapsulation: u32,
    /// Rebuilt from fragments.
    pub rebuilt: bool,
    /// Segment size if this is a GSO super-packet, else 0.
    pub gso_size: u16,
    /// Ethernet, VLAN or tunnel headers in front of the IP header.
    pub layers: u8,
}

/// Fields of an IPv4 or IPv6 header that rules can ask for.
#[derive(Clone, Debug)]
pub struct IpHeader<'a> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Protocol of the payload: behind all extension headers.
    pub protocol: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// TOS or traffic class.
    pub tos: u8,
    /// Identification; 0 for IPv6.
    pub id: u16,
    /// Fragmentation fields; for IPv6 from its fragment header.
    pub fragment: Fragment,
    /// IPv4 options without the fixed header.
    pub options: &'a [u8],
    /// Bytes behind the IP header and its extension headers.
    pub payload: &'a [u8],
}

/// Fragmentation fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// The reserved bit.
    pub reserved: bool,
    /// Don't fragment.
    pub dont_fragment: bool,
    /// More fragments.
    pub more_fragments: bool,
    /// Offset in units of 8 bytes.
    pub offset: u16,
    /// Identification of 32 bits for IPv6, of 16 for IPv4.
    pub id: u32,
}

impl Fragment {
    /// Whether the packet is part of a larger datagram.
    pub fn is_fragmented(&self) -> bool {
        self.more_fragments || self.offset != 0
    }
}

/// The transport header.
#[derive(Clone, Debug)]
pub enum Transport<'a> {
    /// TCP.
    Tcp(TcpHeader<'a>),
    /// UDP.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
    },
    /// ICMP of either version.
    Icmp {
        /// Type; ICMPv6 has its own numbers.
        icmp_type: u8,
        /// Code.
        code: u8,
        /// Identifier, for echo requests and replies.
        id: Option<u16>,
        /// Sequence number, for echo requests and replies.
        seq: Option<u16>,
    },
    /// Another protocol, a fragment, or a header that is cut short.
    Other,
}

/// A TCP header.
#[derive(Clone, Copy, Debug)]
pub struct TcpHeader<'a> {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// CWR ECE URG ACK PSH RST SYN FIN, from bit 7 to bit 0.
    pub flags: u8,
    /// Window, not scaled.
    pub window: u16,
    /// Urgent pointer.
    pub urgent: u16,
    /// Option bytes.
    pub options: &'a [u8],
}

impl TcpHeader<'_> {
    /// FIN bit of `flags`.
    pub const FIN: u8 = 0x01;
    /// SYN bit of `flags`.
    pub const SYN: u8 = 0x02;
    /// RST bit of `flags`.
    pub const RST: u8 = 0x04;
    /// PSH bit of `flags`.
    pub const PSH: u8 = 0x08;
    /// ACK bit of `flags`.
    pub const ACK: u8 = 0x10;
    /// URG bit of `flags`.
    pub const URG: u8 = 0x20;
    /// ECE bit of `flags`.
    pub const ECE: u8 = 0x40;
    /// CWR bit of `flags`.
    pub const CWR: u8 = 0x80;

    /// Sequence numbers that a segment with `len` bytes of payload takes: SYN and FIN take
    /// one each.
    pub fn seq_len(&self, len: usize) -> u32 {
        let flags = u32::from(self.flags & Self::SYN != 0) + u32::from(self.flags & Self::FIN != 0);
        u32::try_from(len).unwrap_or(u32::MAX).wrapping_add(flags)
    }
}

impl Packet<'_> {
    /// Source and destination port, (0, 0) where the protocol has none.
    pub fn ports(&self) -> (u16, u16) {
        match &self.transport {
            Transport::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
            Transport::Udp { src_port, dst_port } => (*src_port, *dst_port),
            Transport::Icmp { .. } | Transport::Other => (0, 0),
        }
    }

    /// Type and code, if this is an ICMP message with a whole header.
    pub fn icmp(&self) -> Option<IcmpType> {
        match self.transport {
            Transport::Icmp {
                icmp_type, code, ..
            } => Some(IcmpType {
                icmp_type,
                icmp_code: code,
            }),
            Transport::Tcp(_) | Transport::Udp { .. } | Transport::Other => None,
        }
    }

    /// Addresses, ports and protocol, source first.
    pub fn endpoints(&self) -> FlowEndpoints {
        let (src_port, dst_port) = self.ports();
        FlowEndpoints {
            src: self.ip.src,
            dst: self.ip.dst,
            src_port,
            dst_port,
            protocol: self.ip.protocol,
        }
    }
}
