//! Packets and fragments.

use super::{BuiltinEvent as Event, Case};
use crate::{LinkType, testing::wire::*};

fn eth(ethertype: u16, payload: &[u8]) -> (LinkType, Vec<u8>) {
    let mut frame = vec![2; 12];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    (LinkType::Ethernet, frame)
}

fn plain(flags: u8, options: &[u8]) -> Vec<u8> {
    ip(6, &tcp(true, flags, (1, 1), options, b""))
}

fn fragment(id: u8, bits: u16, payload: &[u8]) -> Vec<u8> {
    let packet = set(ip(17, payload), 5, &[id]);
    set(packet, 6, &bits.to_be_bytes())
}

/// Destination options without any, so many times, and UDP.
fn extensions(count: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for at in 1..=count {
        let next = if at == count { 17 } else { 60 };
        payload.extend([next, 0, 1, 4, 0, 0, 0, 0]);
    }
    payload.extend(udp(9, 9, b"x"));
    ip6(60, &payload)
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(ip(17, &udp(9, 9, b"x")), |inner, _| ip(4, &inner))
}

fn gre(ethertype: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x10, 0, ethertype[0], ethertype[1], 0, 0, 0, 1];
    packet.extend(payload);
    ip(47, &packet)
}

/// What IP headers say.
fn headers_of_ip() -> Vec<(Event, Vec<u8>)> {
    const MF: u16 = 0x2000;
    let datagram = || ip(17, &udp(9, 9, b"x"));
    let from = |address: &[u8]| set(datagram(), 12, address);
    let to = |address: &[u8]| set(datagram(), 16, address);
    vec![
        (Event::Ipv4Version, set(datagram(), 0, &[0x55])),
        (Event::Ipv4HeaderLength, set(datagram(), 0, &[0x44])),
        (Event::Ipv4TotalLength, set(datagram(), 2, &[0, 10])),
        (
            Event::Ipv4OptionLength,
            ip_with(17, &[7, 1, 0, 0], &udp(9, 9, b"")),
        ),
        (
            Event::Ipv4OptionCut,
            ip_with(17, &[7, 9, 0, 0], &udp(9, 9, b"")),
        ),
        (Event::Ipv4Beyond, set(datagram(), 2, &[0, 200])),
        (Event::Loopback, from(&[127, 0, 0, 1])),
        (Event::SameEnds, to(&[10, 0, 0, 1])),
        (Event::Ipv6ExtensionShort, ip6(60, &[17])),
        (Event::Ipv6Short, vec![0x60; 10]),
        (
            Event::Ipv6Beyond,
            set(ip6(17, &udp(9, 9, b"x")), 4, &[0, 99]),
        ),
        (
            Event::Ipv6ToNobody,
            set(ip6(17, &udp(9, 9, b"x")), 24, &[0; 16]),
        ),
        (
            Event::Ipv6FromMulticast,
            set(ip6(17, &udp(9, 9, b"x")), 8, &[0xff, 2]),
        ),
        (Event::Ipv4ZeroTtl, set(datagram(), 8, &[0])),
        (Event::Ipv4FragmentBits, set(datagram(), 6, &[0x60])),
        (Event::Ipv4FragmentEnd, fragment(1, 0x1fff, &[0; 100])),
        (Event::Ipv4FromThisNet, from(&[0, 0, 0, 9])),
        (Event::Ipv4ToThisNet, to(&[0, 0, 0, 9])),
        (Event::Ipv4FromMulticast, from(&[224, 0, 0, 9])),
        (Event::Ipv4FromReserved, from(&[240, 0, 0, 9])),
        (Event::Ipv4ToReserved, to(&[240, 0, 0, 9])),
        (Event::Ipv4FromBroadcast, from(&[255; 4])),
        (Event::Ipv4ToBroadcast, to(&[255; 4])),
        (Event::Ipv4Short, vec![0x45; 10]),
        (Event::Ipv6ZeroHops, set(ip6(17, &udp(9, 9, b"x")), 7, &[0])),
        (
            Event::Ipv4DontFragmentOffset,
            fragment(2, 0x4001, b"12345678"),
        ),
        (
            Event::Ipv4Options,
            ip_with(17, &[1, 1, 1, 0], &udp(9, 9, b"")),
        ),
        (Event::Ipv4ReservedBit, set(datagram(), 6, &[0x80])),
        (Event::Ipv6Extensions, extensions(25)),
        (Event::EmptyFragment, fragment(3, MF, b"")),
        (Event::FragmentEmpty, fragment(4, MF, b"")),
        (Event::FragmentTooLarge, fragment(5, 0x1fff, &[0; 100])),
    ]
}

/// What stands behind them.
fn headers_inside() -> Vec<(Event, Vec<u8>)> {
    let datagram = || ip(17, &udp(9, 9, b"x"));
    let message = |bytes: &[u8]| ip(1, bytes);
    let lit = FIN | PSH | URG;
    vec![
        (Event::TcpShort, ip(6, &[0; 10])),
        (Event::TcpHeaderLength, set(plain(ACK, &[]), 32, &[0x40])),
        (Event::TcpBeyond, set(plain(ACK, &[]), 32, &[0xf0])),
        (Event::TcpOptionLength, plain(ACK, &[2, 0, 0, 0])),
        (Event::TcpOptionCut, plain(ACK, &[2, 9, 0, 0])),
        (Event::TcpWindowScale, plain(SYN, &[3, 3, 15, 0])),
        (Event::UdpShort, ip(17, &[0; 4])),
        (Event::UdpLength, set(datagram(), 24, &[0, 4])),
        (Event::UdpBeyond, set(datagram(), 24, &[0, 99])),
        (Event::UdpLong, set(datagram(), 24, &[0, 8])),
        (
            Event::IcmpTimestampShort,
            message(&[13, 0, 0, 0, 0, 0, 0, 0]),
        ),
        (Event::IcmpMaskShort, message(&[17, 0, 0, 0, 0, 0, 0, 0])),
        (Event::GreShort, ip(47, &[0x80, 0, 8, 0])),
        (Event::GreVersion, ip(47, &[0, 2, 8, 0])),
        (Event::GeneveShort, ip(17, &udp(9, 6081, b"hi"))),
        (
            Event::GeneveVersion,
            ip(17, &udp(9, 6081, &[0x40, 0, 8, 0, 0, 0, 0, 0])),
        ),
        (Event::Icmp6SmallMtu, ip6(58, &[2, 0, 0, 0, 0, 0, 4, 0])),
        (Event::NestedIp, nested(1)),
        (Event::XmasAll, plain(lit | ACK, &[])),
        (Event::XmasScan, plain(lit, &[])),
        (
            Event::SynToMulticast,
            set(plain(SYN, &[]), 16, &[224, 0, 0, 1]),
        ),
        (
            Event::Udp6NoChecksum,
            set(ip6(17, &udp(9, 9, b"x")), 46, &[0, 0]),
        ),
        (
            Event::IcmpToMulticast,
            set(message(&[8; 8]), 16, &[224, 0, 0, 1]),
        ),
        (Event::IcmpToBroadcast, set(message(&[8; 8]), 16, &[255; 4])),
        (Event::UrgentBeyond, plain(ACK | URG, &[])),
        (Event::SynFin, plain(SYN | FIN, &[])),
        (Event::SynRst, plain(SYN | RST, &[])),
        (Event::TcpNoPurpose, plain(FIN, &[])),
        (Event::IcmpShort, message(&[8, 0, 0])),
        (Event::Icmp6Short, ip6(58, &[128, 0, 0])),
        (Event::IcmpRedirectHost, message(&[5, 1, 0, 0, 0, 0, 0, 0])),
        (Event::IcmpRedirectNet, message(&[5, 0, 0, 0, 0, 0, 0, 0])),
        (Event::IcmpSourceQuench, message(&[4, 0, 0, 0, 0, 0, 0, 0])),
        (Event::UdpLarge, ip(17, &udp(9, 9, &[0; 4001]))),
        (Event::TcpPortZero, set(plain(ACK, &[]), 22, &[0, 0])),
        (Event::UdpPortZero, ip(17, &udp(0, 9, b"x"))),
        (Event::ErspanVersion, gre([0x88, 0xbe], &[0x20; 8])),
        (Event::Erspan2Short, gre([0x88, 0xbe], &[0x10; 4])),
        (Event::Erspan3Short, gre([0x22, 0xeb], &[0x20; 4])),
        (Event::AhShort, ip(51, &[6, 0, 0, 0])),
        (Event::TooManyLayers, nested(20)),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    const MF: u16 = 0x2000;
    let mut cases: Vec<Case> = headers_of_ip()
        .into_iter()
        .chain(headers_inside())
        .map(|(event, packet)| (event, vec![(RAW, packet)]))
        .collect();
    cases.extend([
        (Event::EthernetShort, vec![(LinkType::Ethernet, vec![2; 9])]),
        (Event::VlanShort, vec![eth(0x8100, &[0])]),
        (Event::MplsShort, vec![eth(0x8847, &[0])]),
        (Event::PppoeBad, vec![eth(0x8864, &[0x22; 8])]),
        (Event::Ipv6Version, vec![eth(0x86dd, &[0x40; 40])]),
        (
            Event::FragmentOverlap,
            vec![
                (RAW, fragment(6, MF, &[0; 16])),
                (RAW, fragment(6, MF | 1, &[0; 16])),
            ],
        ),
        (
            Event::FragmentEnd,
            vec![
                (RAW, fragment(7, 1, &[0; 8])),
                (RAW, fragment(7, MF | 2, &[0; 8])),
            ],
        ),
    ]);
    cases
}
