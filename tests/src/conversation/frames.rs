//! [`Conversation`] → Ethernet frames, with valid checksums throughout.

use std::net::IpAddr;

use super::{Conversation, Protocol, Side, Step};
use crate::checksum::{checksum, octets, transport_checksum};

/// Payload bytes of a TCP segment on an Ethernet without options.
const MSS: usize = 1460;
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// How TCP writes become segments. The default sends each write whole and in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Where writes are cut.
    pub segments: Segments,
    /// In what order the segments of one write arrive.
    pub order: Order,
    /// Whether each data segment is sent twice.
    pub retransmit: bool,
}

/// Where TCP writes are cut, beside the maximum segment size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segments {
    /// Nowhere else.
    #[default]
    Whole,
    /// Once, behind this many bytes of the client's whole stream.
    SplitClientAt(usize),
    /// Into pieces of at most this many bytes (at least 1), both sides.
    Every(usize),
}

/// In what order the segments of one write arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As sent.
    #[default]
    Sent,
    /// The last one first.
    Reversed,
}

impl Conversation {
    /// The frames of the conversation in the order of their arrival.
    pub fn frames(&self, delivery: &Delivery) -> Vec<Vec<u8>> {
        match self.protocol {
            Protocol::Tcp => TcpFrames::new(self, delivery).run(),
            Protocol::Udp => self.steps.iter().map(|s| self.udp_frame(s)).collect(),
            Protocol::Icmp => self.steps.iter().map(|s| self.icmp_frame(s)).collect(),
        }
    }

    fn udp_frame(&self, step: &Step) -> Vec<u8> {
        let (src, dst) = (self.endpoint(step.from), self.endpoint(step.from.peer()));
        let mut udp = Vec::with_capacity(8 + step.bytes.len());
        udp.extend(src.port().to_be_bytes());
        udp.extend(dst.port().to_be_bytes());
        udp.extend(be16(8 + step.bytes.len()));
        udp.extend([0, 0]);
        udp.extend(&step.bytes);
        let sum = transport_checksum(self.addresses(step.from), 17, &udp);
        // RFC 768: a computed 0 is sent as all ones.
        let sum = if sum == 0 { 0xffff } else { sum };
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        self.ip_frame(step.from, 17, &udp)
    }

    fn icmp_frame(&self, step: &Step) -> Vec<u8> {
        let v4 = self.client.is_ipv4();
        let (request, reply) = if v4 { (8, 0) } else { (128, 129) };
        let echo = match step.from {
            Side::Client => request,
            Side::Server => reply,
        };
        let mut icmp = vec![
            step.fields.icmp_type.unwrap_or(echo),
            step.fields.icmp_code.unwrap_or(0),
        ];
        // Checksum, then identifier and sequence number of an echo message.
        icmp.extend([0, 0, 0x12, 0x34, 0, 1]);
        icmp.extend(&step.bytes);
        let protocol = if v4 { 1 } else { 58 };
        let sum = if v4 {
            checksum(&[&icmp])
        } else {
            transport_checksum(self.addresses(step.from), protocol, &icmp)
        };
        icmp[2..4].copy_from_slice(&sum.to_be_bytes());
        self.ip_frame(step.from, protocol, &icmp)
    }

    fn ip_frame(&self, from: Side, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let (ethertype, ip) = match self.addresses(from) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let mut ip = vec![0x45, 0];
                ip.extend(be16(20 + payload.len()));
                // Identification 1, don't fragment.
                ip.extend([0, 1, 0x40, 0, self.ttl, protocol, 0, 0]);
                ip.extend(src.octets());
                ip.extend(dst.octets());
                let sum = checksum(&[&ip]);
                ip[10..12].copy_from_slice(&sum.to_be_bytes());
                (0x0800_u16, ip)
            }
            (src, dst) => {
                let mut ip = vec![0x60, 0, 0, 0];
                ip.extend(be16(payload.len()));
                ip.extend([protocol, self.ttl]);
                ip.extend(octets(src));
                ip.extend(octets(dst));
                (0x86dd, ip)
            }
        };
        // Locally administered addresses that name the ends.
        let (dst_mac, src_mac) = match from {
            Side::Client => (2, 1),
            Side::Server => (1, 2),
        };
        let mut frame = vec![2, 0, 0, 0, 0, dst_mac, 2, 0, 0, 0, 0, src_mac];
        frame.extend(ethertype.to_be_bytes());
        frame.extend(ip);
        frame.extend(payload);
        frame
    }
}

/// State of a TCP connection while its frames are made.
struct TcpFrames<'a> {
    conversation: &'a Conversation,
    delivery: &'a Delivery,
    /// Next sequence number of the client and of the server.
    next: [u32; 2],
    client_sent: usize,
    frames: Vec<Vec<u8>>,
}

impl<'a> TcpFrames<'a> {
    fn new(conversation: &'a Conversation, delivery: &'a Delivery) -> Self {
        TcpFrames {
            conversation,
            delivery,
            // Near the end of the number space, so that long writes wrap.
            next: [0xffff_fff0, 0x1000_0000],
            client_sent: 0,
            frames: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Vec<u8>> {
        if self.conversation.handshake {
            self.open();
        }
        for step in &self.conversation.steps {
            self.write(step);
        }
        if self.conversation.handshake {
            self.close();
        }
        self.frames
    }

    fn open(&mut self) {
        self.segment(Side::Client, SYN, self.next[0], &[]);
        self.next[0] = self.next[0].wrapping_add(1);
        self.segment(Side::Server, SYN | ACK, self.next[1], &[]);
        self.next[1] = self.next[1].wrapping_add(1);
        self.segment(Side::Client, ACK, self.next[0], &[]);
    }

    fn close(&mut self) {
        self.segment(Side::Client, FIN | ACK, self.next[0], &[]);
        self.next[0] = self.next[0].wrapping_add(1);
        self.segment(Side::Server, FIN | ACK, self.next[1], &[]);
        self.next[1] = self.next[1].wrapping_add(1);
        self.segment(Side::Client, ACK, self.next[0], &[]);
    }

    fn write(&mut self, step: &Step) {
        let side = step.from as usize;
        let start = self.next[side];
        let mut pieces = self.cut(step);
        if self.delivery.order == Order::Reversed {
            pieces.reverse();
        }
        for (offset, piece) in pieces {
            let seq = start.wrapping_add(wire_u32(offset));
            let flags = step.fields.flags.unwrap_or(PSH | ACK);
            self.segment(step.from, flags, seq, piece);
            if self.delivery.retransmit && !piece.is_empty() {
                self.segment(step.from, flags, seq, piece);
            }
        }
        self.next[side] = start.wrapping_add(wire_u32(step.bytes.len()));
        if step.from == Side::Client {
            self.client_sent += step.bytes.len();
        }
        if self.conversation.handshake {
            let peer = step.from.peer();
            self.segment(peer, ACK, self.next[peer as usize], &[]);
        }
    }

    /// Offsets and bytes of the segments of a write; one empty segment for an empty write.
    fn cut<'s>(&self, step: &'s Step) -> Vec<(usize, &'s [u8])> {
        let len = step.bytes.len();
        let size = match self.delivery.segments {
            Segments::Every(size) => size.clamp(1, MSS),
            Segments::Whole | Segments::SplitClientAt(_) => MSS,
        };
        let mut ends: Vec<usize> = (1..=len.div_ceil(size))
            .map(|n| len.min(n * size))
            .collect();
        if let (Segments::SplitClientAt(at), Side::Client) = (self.delivery.segments, step.from) {
            let at = at.saturating_sub(self.client_sent);
            if at > 0 && at < len && !ends.contains(&at) {
                ends.push(at);
                ends.sort_unstable();
            }
        }
        if ends.is_empty() {
            ends.push(0);
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts
            .zip(ends.iter())
            .map(|(start, &end)| (start, &step.bytes[start..end]))
            .collect()
    }

    fn segment(&mut self, from: Side, flags: u8, seq: u32, payload: &[u8]) {
        let c = self.conversation;
        let ack = if flags & ACK == 0 {
            0
        } else {
            self.next[from.peer() as usize]
        };
        let mut tcp = Vec::with_capacity(20 + payload.len());
        tcp.extend(c.endpoint(from).port().to_be_bytes());
        tcp.extend(c.endpoint(from.peer()).port().to_be_bytes());
        tcp.extend(seq.to_be_bytes());
        tcp.extend(ack.to_be_bytes());
        // Data offset 5 words, window 65,535, checksum and urgent pointer 0.
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(payload);
        let sum = transport_checksum(c.addresses(from), 6, &tcp);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        self.frames.push(c.ip_frame(from, 6, &tcp));
    }
}

fn wire_u32(len: usize) -> u32 {
    u32::try_from(len).expect("a write is at most 1 MiB")
}

/// A 16-bit length field.
///
/// # Panics
/// If a UDP or ICMP write is larger than an IP packet: the case is wrong.
fn be16(len: usize) -> [u8; 2] {
    u16::try_from(len)
        .expect("a datagram of a conversation is larger than 65,535 bytes")
        .to_be_bytes()
}
