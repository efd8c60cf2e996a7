//! Packets by hand.

use crate::{LinkType, packet::TcpHeader};

/// What the packets are made for.
pub(crate) const RAW: LinkType = LinkType::RawIp;

/// Frames with what their first byte is.
pub(crate) type Packets = Vec<(LinkType, Vec<u8>)>;

pub(crate) const ACK: u8 = TcpHeader::ACK;
pub(crate) const SYN: u8 = TcpHeader::SYN;
pub(crate) const FIN: u8 = TcpHeader::FIN;
pub(crate) const RST: u8 = TcpHeader::RST;
pub(crate) const PSH: u8 = TcpHeader::PSH;
pub(crate) const URG: u8 = TcpHeader::URG;

/// Sequence numbers of the first bytes behind both SYNs.
pub(crate) const CLIENT: u32 = 1001;
pub(crate) const SERVER: u32 = 5001;
/// What both ends offer, unscaled.
pub(crate) const WINDOW: u16 = 30_000;

/// An IPv4 packet 10.0.0.1 → 10.0.0.2.
pub(crate) fn ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip_with(protocol, &[], payload)
}

/// The same with options, whose length is a multiple of 4.
pub(crate) fn ip_with(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let total = u16::try_from(header + payload.len()).unwrap().to_be_bytes();
    let first = 0x40 | u8::try_from(header / 4).unwrap();
    let mut packet = vec![first, 0, total[0], total[1], 0, 7, 0, 0, 64, protocol, 0, 0];
    packet.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(options);
    packet.extend(payload);
    packet
}

/// An IPv6 packet between two unique local addresses.
pub(crate) fn ip6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, len[0], len[1], protocol, 64];
    for end in [1, 2] {
        packet.push(0xfd);
        packet.extend([0; 14]);
        packet.push(end);
    }
    packet.extend(payload);
    packet
}

/// A packet with other bytes at an index.
pub(crate) fn set(mut packet: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    packet[at..at + bytes.len()].copy_from_slice(bytes);
    packet
}

pub(crate) fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    let mut datagram = Vec::new();
    for word in [src, dst, len, 0x1234] {
        datagram.extend(word.to_be_bytes());
    }
    datagram.extend(payload);
    datagram
}

/// A segment 1000 → 80, or back.
pub(crate) fn tcp(
    from_client: bool,
    flags: u8,
    (seq, ack): (u32, u32),
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let ports: [u16; 2] = if from_client { [1000, 80] } else { [80, 1000] };
    let mut segment: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.push(u8::try_from((20 + options.len()) / 4 * 16).unwrap());
    segment.push(flags);
    segment.extend(WINDOW.to_be_bytes());
    segment.extend([0; 4]);
    segment.extend(options);
    segment.extend(payload);
    segment
}

/// A segment of the connection, in its packet.
pub(crate) fn segment(
    from_client: bool,
    flags: u8,
    numbers: (u32, u32),
    options: &[u8],
    payload: &[u8],
) -> (LinkType, Vec<u8>) {
    let packet = ip(6, &tcp(from_client, flags, numbers, options, payload));
    if from_client {
        return (RAW, packet);
    }
    (RAW, set(packet, 12, &[10, 0, 0, 2, 10, 0, 0, 1]))
}

/// The handshake; both SYNs, and the last segment, with these options.
pub(crate) fn handshake(options: &[u8]) -> Packets {
    vec![
        segment(true, SYN, (CLIENT - 1, 0), options, b""),
        segment(false, SYN | ACK, (SERVER - 1, CLIENT), options, b""),
        segment(true, ACK, (CLIENT, SERVER), options, b""),
    ]
}

/// What the client sends, what the server answers.
pub(crate) fn conversation(request: &[u8], answer: &[u8]) -> Packets {
    let mut packets = handshake(&[]);
    let (mut client, mut server) = (CLIENT, SERVER);
    for (from_client, bytes) in [(true, request), (false, answer)] {
        for part in bytes.chunks(1400) {
            let len = u32::try_from(part.len()).unwrap();
            let (own, other) = if from_client {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            packets.push(segment(from_client, ACK, (*own, *other), &[], part));
            *own += len;
            packets.push(segment(!from_client, ACK, (*other, *own), &[], b""));
        }
    }
    packets
}
