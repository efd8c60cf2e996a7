//! What is odd about a decoded packet, or about a frame that could not be decoded
//! (generator 116).

use std::net::IpAddr;

use super::{BuiltinEvent, EventSet};
use crate::{
    codecs::{DecodeError, Decoded, Layer, udp_header},
    packet::{IpHeader, Packet, TcpHeader, Transport},
};

const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
const LARGEST_DATAGRAM: usize = 65_535;
/// Larger datagrams are odd to Snort.
const LARGE_UDP: usize = 4000;
/// RFC 8200 (5): every link carries as much.
const MIN_MTU_V6: u32 = 1280;

/// Of a frame without a packet.
pub(crate) fn of_error(error: DecodeError) -> EventSet {
    let mut events = EventSet::EMPTY;
    if let Some(event) = event_of(error) {
        events.insert(event);
    }
    events
}

/// Of the innermost packet that could be read, and of what could not.
pub(crate) fn of_packet(decoded: &Decoded<'_>) -> EventSet {
    let mut events = decoded.incomplete.map_or(EventSet::EMPTY, of_error);
    let packet = &decoded.packet;
    match (packet.ip.src, packet.ip.dst) {
        (IpAddr::V4(_), IpAddr::V4(_)) => ipv4(&packet.ip, &mut events),
        _ => ipv6(&packet.ip, &mut events),
    }
    events.insert_if(BuiltinEvent::NestedIp, decoded.ip_headers > 1);
    if packet.ip.fragment.is_fragmented() {
        let is_empty = packet.ip.payload.is_empty();
        events.insert_if(BuiltinEvent::EmptyFragment, is_empty);
        return events;
    }
    match &packet.transport {
        Transport::Tcp(header) => tcp(header, packet, &mut events),
        Transport::Udp { src_port, dst_port } => {
            udp((*src_port, *dst_port), packet, &mut events);
        }
        Transport::Icmp { .. } | Transport::Other => icmp(packet, &mut events),
    }
    events
}

fn event_of(error: DecodeError) -> Option<BuiltinEvent> {
    use BuiltinEvent as Event;
    Some(match error {
        DecodeError::TooManyLayers(_) => Event::TooManyLayers,
        DecodeError::TooManyExtensions(_) => Event::Ipv6Extensions,
        DecodeError::Truncated(layer) => match layer {
            Layer::Ethernet => Event::EthernetShort,
            Layer::Vlan => Event::VlanShort,
            Layer::Mpls => Event::MplsShort,
            Layer::Pppoe => Event::PppoeBad,
            Layer::Ipv4 => Event::Ipv4Short,
            Layer::Ipv6 => Event::Ipv6Short,
            Layer::Ipv6Extension => Event::Ipv6ExtensionShort,
            Layer::Ah => Event::AhShort,
            Layer::Gre => Event::GreShort,
            Layer::Erspan => Event::Erspan2Short,
            Layer::Erspan3 => Event::Erspan3Short,
            Layer::Geneve => Event::GeneveShort,
            Layer::Tcp => Event::TcpShort,
            Layer::Udp => Event::UdpShort,
            // The packet says which kind of message it is.
            _ => return None,
        },
        DecodeError::Version(layer) => match layer {
            Layer::Ipv4 => Event::Ipv4Version,
            Layer::Ipv6 => Event::Ipv6Version,
            Layer::Gre => Event::GreVersion,
            Layer::Geneve => Event::GeneveVersion,
            Layer::Erspan => Event::ErspanVersion,
            _ => return None,
        },
        DecodeError::HeaderLength(layer) => match layer {
            Layer::Ipv4 => Event::Ipv4HeaderLength,
            Layer::Tcp => Event::TcpHeaderLength,
            _ => return None,
        },
        DecodeError::Length(layer) => match layer {
            Layer::Ipv4 => Event::Ipv4TotalLength,
            Layer::Udp => Event::UdpLength,
            _ => return None,
        },
        DecodeError::Beyond(layer) => match layer {
            Layer::Ipv4 => Event::Ipv4Beyond,
            Layer::Ipv6 => Event::Ipv6Beyond,
            Layer::Tcp => Event::TcpBeyond,
            Layer::Udp => Event::UdpBeyond,
            _ => return None,
        },
        DecodeError::Malformed(Layer::Pppoe) => Event::PppoeBad,
        DecodeError::Malformed(_) | DecodeError::NotIp(_) => return None,
    })
}

fn ipv4(ip: &IpHeader<'_>, events: &mut EventSet) {
    use BuiltinEvent as Event;
    let (IpAddr::V4(src), IpAddr::V4(dst)) = (ip.src, ip.dst) else {
        return;
    };
    let fragment = &ip.fragment;
    let end = usize::from(fragment.offset)
        .saturating_mul(8)
        .saturating_add(ip.payload.len());
    let df = fragment.dont_fragment;
    let is_fragment = fragment.is_fragmented();
    let is_reserved = |octets: [u8; 4]| octets[0] >= 240 && octets != [255; 4];
    for (event, is_so) in [
        (Event::Ipv4ZeroTtl, ip.ttl == 0),
        (Event::Ipv4FragmentBits, df && fragment.more_fragments),
        (Event::Ipv4DontFragmentOffset, df && fragment.offset != 0),
        (
            Event::Ipv4FragmentEnd,
            is_fragment && end > LARGEST_DATAGRAM,
        ),
        (Event::Ipv4ReservedBit, fragment.reserved),
        (Event::Ipv4Options, !ip.options.is_empty()),
        (Event::Ipv4FromThisNet, src.octets()[0] == 0),
        (Event::Ipv4ToThisNet, dst.octets()[0] == 0),
        (Event::Ipv4FromMulticast, src.is_multicast()),
        (Event::Ipv4FromReserved, is_reserved(src.octets())),
        (Event::Ipv4ToReserved, is_reserved(dst.octets())),
        (Event::Ipv4FromBroadcast, src.is_broadcast()),
        (Event::Ipv4ToBroadcast, dst.is_broadcast()),
        (Event::Loopback, src.is_loopback() || dst.is_loopback()),
        (Event::SameEnds, src == dst),
    ] {
        events.insert_if(event, is_so);
    }
    let fault = options_fault(ip.options);
    events.insert_if(Event::Ipv4OptionLength, fault == Some(OptionFault::Length));
    events.insert_if(Event::Ipv4OptionCut, fault == Some(OptionFault::Cut));
}

fn ipv6(ip: &IpHeader<'_>, events: &mut EventSet) {
    use BuiltinEvent as Event;
    for (event, is_so) in [
        (Event::Ipv6ZeroHops, ip.ttl == 0),
        (Event::Ipv6ToNobody, ip.dst.is_unspecified()),
        (Event::Ipv6FromMulticast, ip.src.is_multicast()),
        (
            Event::Loopback,
            ip.src.is_loopback() || ip.dst.is_loopback(),
        ),
        (Event::SameEnds, ip.src == ip.dst),
    ] {
        events.insert_if(event, is_so);
    }
}

fn tcp(header: &TcpHeader<'_>, packet: &Packet<'_>, events: &mut EventSet) {
    use BuiltinEvent as Event;
    let has = |flag: u8| header.flags & flag != 0;
    let (syn, ack, rst) = (
        has(TcpHeader::SYN),
        has(TcpHeader::ACK),
        has(TcpHeader::RST),
    );
    let is_lit = has(TcpHeader::FIN) && has(TcpHeader::PSH) && has(TcpHeader::URG);
    let has_purpose = syn || ack || rst;
    let is_beyond = usize::from(header.urgent) > packet.payload.len() || packet.payload.is_empty();
    for (event, is_so) in [
        (Event::XmasAll, is_lit && has_purpose),
        (Event::XmasScan, is_lit && !has_purpose),
        (
            Event::SynToMulticast,
            syn && !ack && packet.ip.dst.is_multicast(),
        ),
        (Event::UrgentBeyond, has(TcpHeader::URG) && is_beyond),
        (Event::SynFin, syn && has(TcpHeader::FIN)),
        (Event::SynRst, syn && rst),
        (Event::TcpNoPurpose, !has_purpose),
        (
            Event::TcpPortZero,
            header.src_port == 0 || header.dst_port == 0,
        ),
        (
            Event::TcpWindowScale,
            crate::stream::tcp::window_shift(header.options).is_some_and(|shift| shift > 14),
        ),
    ] {
        events.insert_if(event, is_so);
    }
    let fault = options_fault(header.options);
    events.insert_if(Event::TcpOptionLength, fault == Some(OptionFault::Length));
    events.insert_if(Event::TcpOptionCut, fault == Some(OptionFault::Cut));
}

fn udp(ports: (u16, u16), packet: &Packet<'_>, events: &mut EventSet) {
    use BuiltinEvent as Event;
    events.insert_if(Event::UdpPortZero, ports.0 == 0 || ports.1 == 0);
    events.insert_if(Event::UdpLarge, packet.payload.len() > LARGE_UDP);
    let Some((len, checksum)) = udp_header(packet.ip.payload) else {
        return;
    };
    let is_whole = packet.gso_size == 0 && len != 0;
    let is_longer = packet.ip.payload.len() > usize::from(len);
    events.insert_if(Event::UdpLong, is_whole && is_longer);
    events.insert_if(
        Event::Udp6NoChecksum,
        checksum == 0 && packet.ip.src.is_ipv6(),
    );
}

fn icmp(packet: &Packet<'_>, events: &mut EventSet) {
    use BuiltinEvent as Event;
    let message = packet.ip.payload;
    let len = message.len();
    let (kind, code) = match *message {
        [kind, code, ..] => (kind, Some(code)),
        [kind] => (kind, None),
        [] => (u8::MAX, None),
    };
    let is = |wanted: (u8, u8)| (kind, code) == (wanted.0, Some(wanted.1));
    let destination = packet.ip.dst;
    let is_broadcast = matches!(destination, IpAddr::V4(address) if address.is_broadcast());
    if packet.ip.protocol == ICMP && packet.ip.src.is_ipv4() {
        for (event, is_so) in [
            (Event::IcmpShort, len < 8),
            (
                Event::IcmpTimestampShort,
                matches!(kind, 13 | 14) && (8..20).contains(&len),
            ),
            (
                Event::IcmpMaskShort,
                matches!(kind, 17 | 18) && (8..12).contains(&len),
            ),
            (Event::IcmpToMulticast, destination.is_multicast()),
            (Event::IcmpToBroadcast, is_broadcast),
            (Event::IcmpRedirectNet, is((5, 0))),
            (Event::IcmpRedirectHost, is((5, 1))),
            (Event::IcmpSourceQuench, kind == 4),
        ] {
            events.insert_if(event, is_so);
        }
    } else if packet.ip.protocol == ICMP_V6 && packet.ip.src.is_ipv6() {
        events.insert_if(Event::Icmp6Short, len < 8);
        let mtu = message.get(4..8).and_then(|bytes| bytes.first_chunk());
        let is_small = mtu.is_some_and(|mtu| u32::from_be_bytes(*mtu) < MIN_MTU_V6);
        events.insert_if(Event::Icmp6SmallMtu, kind == 2 && is_small);
    }
}

/// What is wrong with the options of an IPv4 or TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OptionFault {
    /// Shorter than kind and length.
    Length,
    /// Longer than what is left.
    Cut,
}

fn options_fault(mut options: &[u8]) -> Option<OptionFault> {
    loop {
        let (kind, rest) = options.split_first()?;
        match (*kind, rest.first()) {
            (0, _) => return None,
            (1, _) => options = rest,
            (_, None) => return Some(OptionFault::Cut),
            (_, Some(len)) if *len < 2 => return Some(OptionFault::Length),
            (_, Some(len)) => match options.get(usize::from(*len)..) {
                Some(rest) => options = rest,
                None => return Some(OptionFault::Cut),
            },
        }
    }
}
