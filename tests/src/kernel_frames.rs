//! Frames by the header.

use crate::checksum::checksum;

/// Ethernet with a payload of any kind.
pub fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Puts a VLAN tag before the `EtherType` of a frame.
pub fn tagged(tpid: u16, vid: u16, frame: &[u8]) -> Vec<u8> {
    let mut out = frame[..12].to_vec();
    out.extend(tpid.to_be_bytes());
    out.extend(vid.to_be_bytes());
    out.extend(&frame[12..]);
    out
}

/// An IPv4 packet to be.
#[derive(Clone, Debug)]
pub struct Ipv4 {
    /// Source address.
    pub src: [u8; 4],
    /// Destination address.
    pub dst: [u8; 4],
    /// Identification.
    pub id: u16,
    /// More fragments.
    pub more: bool,
    /// Fragment offset in units of eight bytes.
    pub place: u16,
    /// Options, a multiple of four bytes.
    pub options: Vec<u8>,
}

impl Default for Ipv4 {
    fn default() -> Self {
        Ipv4 {
            src: [10, 0, 0, 1],
            dst: [10, 0, 0, 2],
            id: 7,
            more: false,
            place: 0,
            options: Vec::new(),
        }
    }
}

impl Ipv4 {
    /// The packet, with a right checksum.
    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let total = u16::try_from(header_len + payload.len()).unwrap_or(0);
        let version_ihl = 0x40 | u8::try_from(header_len / 4).unwrap_or(0);
        let mut packet = vec![version_ihl, 0];
        packet.extend(total.to_be_bytes());
        packet.extend(self.id.to_be_bytes());
        let flags = if self.more { 0x2000 } else { 0 };
        packet.extend((flags | self.place).to_be_bytes());
        packet.extend([64, protocol, 0, 0]);
        packet.extend(self.src);
        packet.extend(self.dst);
        packet.extend(&self.options);
        let sum = checksum(&[&packet]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend(payload);
        packet
    }

    /// The packet in an Ethernet frame.
    pub fn frame(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        ethernet(0x0800, &self.packet(protocol, payload))
    }
}

/// An IPv6 packet from `fd00::1` to `fd00::2` whose first header is `next`.
pub fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap_or(0).to_be_bytes());
    packet.extend([next, 64]);
    for end in [1, 2] {
        packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, end]);
    }
    packet.extend(payload);
    packet
}

/// [`ipv6`] in an Ethernet frame.
pub fn ipv6_frame(next: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x86dd, &ipv6(next, payload))
}

/// An IPv6 extension header of `units` times eight bytes before `payload`.
pub fn extension(next: u8, units: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![next, units - 1];
    out.resize(usize::from(units) * 8, 0);
    out.extend(payload);
    out
}

/// An authentication header (RFC 4302) with a check value of twelve bytes.
pub fn authentication(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![next, 4, 0, 0];
    out.resize(24, 0);
    out.extend(payload);
    out
}

/// An IPv6 fragment header.
pub fn fragment6(next: u8, place: u16, more: bool, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![next, 0];
    out.extend((place << 3 | u16::from(more)).to_be_bytes());
    out.extend(id.to_be_bytes());
    out.extend(payload);
    out
}

/// A TCP segment.
pub fn tcp(src: u16, dst: u16, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(src.to_be_bytes());
    out.extend(dst.to_be_bytes());
    out.extend([0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    out.extend(data);
    out
}

/// A UDP datagram.
pub fn udp(src: u16, dst: u16, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(src.to_be_bytes());
    out.extend(dst.to_be_bytes());
    let length = u16::try_from(8 + data.len()).unwrap_or(0);
    out.extend(length.to_be_bytes());
    out.extend([0, 0]);
    out.extend(data);
    out
}
