//! Frames of every kind, and what is found in them; each also cut at every length.

mod errors;
mod layers;

use super::*;
use crate::{ChecksumState, Config, Frame, LinkType, Tag, packet::Transport};

fn be(value: u16) -> [u8; 2] {
    value.to_be_bytes()
}

fn len(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn eth(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2; 12], &be(ethertype), payload])
}

fn vlan(id: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&be(id), &be(ethertype), payload])
}

/// 10.0.0.1 → 10.0.0.2, with options, flags and offset.
fn ipv4_with(protocol: u8, options: &[u8], fragment: u16, payload: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap();
    let total = 20 + len(options) + len(payload);
    let start = [0x40 | words, 0];
    let middle = [64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    join(&[
        &start,
        &be(total),
        &[0, 7],
        &be(fragment),
        &middle,
        options,
        payload,
    ])
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with(protocol, &[], 0, payload)
}

/// From `fd00::1` to `fd00::2`.
fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let address = |last| [[0xfd].as_slice(), &[0; 14], &[last]].concat();
    let head = join(&[&[0x60, 0, 0, 0], &be(len(payload)), &[next, 64]]);
    join(&[&head, &address(1), &address(2), payload])
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&be(src), &be(dst), &be(8 + len(payload)), &[0, 0], payload])
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let rest = [0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
    join(&[&be(1), &be(2), &rest, payload])
}

fn v4_udp() -> Vec<u8> {
    ipv4(17, &udp(1, 2, b"hi"))
}

/// An IPv6 extension header of 8 bytes.
fn extension(next: u8, payload: &[u8]) -> Vec<u8> {
    join(&[&[next, 0, 1, 4, 0, 0, 0, 0], payload])
}

fn frame(bytes: &[u8], link_type: LinkType) -> Frame<'_> {
    Frame {
        bytes,
        link_type,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        vlan: None,
        gso_size: 0,
        checksum: ChecksumState::NotReady,
        tag: Tag::default(),
    }
}

/// The packet found, layers, and why the walk ended early.
fn shown(frame: &Frame<'_>) -> String {
    let decoded = match decode(frame, &DecodeLimits::of(&Config::default())) {
        Ok(decoded) => decoded,
        Err(error) => return format!("error: {error}"),
    };
    let packet = &decoded.packet;
    let transport = match &packet.transport {
        Transport::Tcp(tcp) => format!("tcp {} {}", tcp.src_port, tcp.dst_port),
        Transport::Udp { src_port, dst_port } => format!("udp {src_port} {dst_port}"),
        Transport::Icmp {
            icmp_type,
            code,
            id,
            ..
        } => match id {
            Some(id) => format!("icmp {icmp_type} {code} id {id}"),
            None => format!("icmp {icmp_type} {code}"),
        },
        Transport::Other => format!("protocol {}", packet.ip.protocol),
    };
    let family = if packet.ip.src.is_ipv4() { 4 } else { 6 };
    let payload = packet.payload.escape_ascii();
    let mut shown = format!("v{family} {transport} '{payload}' {}", packet.layers);
    if let Some(error) = decoded.incomplete {
        shown = format!("{shown}; {error}");
    }
    shown
}

fn check(link_type: LinkType, rows: &[(&str, Vec<u8>, &str)]) {
    for (name, bytes, expected) in rows {
        let whole = frame(bytes, link_type);
        assert_eq!(shown(&whole), *expected, "{name}");
        for cut in 0..bytes.len() {
            // As if the rest had not been sent, and as if it had not been captured.
            shown(&frame(&bytes[..cut], link_type));
            shown(&Frame {
                bytes: &bytes[..cut],
                ..whole
            });
        }
    }
}

#[test]
fn other_link_types() {
    let udp6 = ipv6(17, &udp(1, 2, b"hi"));
    check(
        LinkType::RawIp,
        &[
            ("IPv4", v4_udp(), "v4 udp 1 2 'hi' 1"),
            ("IPv6", udp6.clone(), "v6 udp 1 2 'hi' 1"),
            (
                "neither",
                vec![0; 40],
                "error: IPv4 header is of another version",
            ),
        ],
    );
    check(
        LinkType::LinuxSll,
        &[
            (
                "IPv4",
                join(&[&[0; 14], &be(0x0800), &v4_udp()]),
                "v4 udp 1 2 'hi' 2",
            ),
            (
                "short",
                vec![0; 15],
                "error: Linux cooked capture header is cut short",
            ),
        ],
    );
    check(
        LinkType::LinuxSll2,
        &[
            (
                "IPv6",
                join(&[&be(0x86dd), &[0; 18], &udp6]),
                "v6 udp 1 2 'hi' 2",
            ),
            (
                "ARP",
                join(&[&be(0x0806), &[0; 18]]),
                "error: EtherType 0x0806 is not IP",
            ),
        ],
    );
    check(
        LinkType::Null,
        &[
            (
                "little-endian",
                join(&[&[2, 0, 0, 0], &v4_udp()]),
                "v4 udp 1 2 'hi' 2",
            ),
            (
                "big-endian",
                join(&[&[0, 0, 0, 30], &udp6]),
                "v6 udp 1 2 'hi' 2",
            ),
            (
                "another family",
                vec![0, 0, 0, 99],
                "error: loopback header is malformed",
            ),
        ],
    );
    check(
        LinkType::Ppp,
        &[
            (
                "with HDLC",
                join(&[&[0xff, 3, 0, 0x21], &v4_udp()]),
                "v4 udp 1 2 'hi' 2",
            ),
            ("compressed", join(&[&[0x57], &udp6]), "v6 udp 1 2 'hi' 2"),
            (
                "LCP",
                vec![0xc0, 0x21, 1],
                "error: EtherType 0xc021 is not IP",
            ),
        ],
    );
}

#[test]
fn a_cut_capture_keeps_what_there_is() {
    let whole = eth(0x0800, &ipv4(17, &udp(1, 2, b"0123456789")));
    let cut = Frame {
        wire_len: 52,
        ..frame(&whole[..45], LinkType::Ethernet)
    };
    assert_eq!(shown(&cut), "v4 udp 1 2 '012' 2");
    let sent_so = frame(&whole[..45], LinkType::Ethernet);
    assert_eq!(shown(&sent_so), "error: IPv4 length goes beyond the packet");
}

/// Which tags and tunnels keep equal 5-tuples apart.
#[test]
fn encapsulation() {
    let of = |bytes: &[u8]| {
        let frame = frame(bytes, LinkType::Ethernet);
        let decoded = decode(&frame, &DecodeLimits::default()).unwrap();
        decoded.packet.encapsulation
    };
    let tagged = |id| of(&eth(0x8100, &vlan(id, 0x0800, &v4_udp())));
    let plain = of(&eth(0x0800, &v4_udp()));
    assert_eq!(plain, 0);
    assert_ne!(tagged(5), plain);
    assert_ne!(tagged(5), tagged(6));
    assert_eq!(tagged(0), plain, "a priority tag is no VLAN");
    assert_eq!(tagged(0xe005), tagged(5), "the priority does not count");
}

#[test]
fn checksums() {
    // 10.0.0.1 → 10.0.0.2, UDP 1 → 2, "hi": the sum of RFC 768, by hand: pseudo-header
    // 0a00+0001+0a00+0002+0011+000a, header 0001+0002+000a, data 6869, then the complement.
    let pseudo = 0x0a00_u32 + 1 + 0x0a00 + 2 + 17 + 10;
    let sum = pseudo + 1 + 2 + 10 + 0x6869;
    let good = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    for (checksum, bad) in [(good, false), (good ^ 1, true), (0, false)] {
        let datagram = join(&[&be(1), &be(2), &be(10), &be(checksum), b"hi"]);
        let bytes = eth(0x0800, &ipv4(17, &datagram));
        let frame = frame(&bytes, LinkType::Ethernet);
        let decoded = decode(&frame, &DecodeLimits::default()).unwrap();
        assert_eq!(has_bad_checksum(&decoded.packet), bad, "{checksum:#06x}");
    }
}
