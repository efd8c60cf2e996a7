//! What cannot be read, and why.

use super::*;

/// What cannot be read inside leaves the outer packet, with the reason.
#[test]
fn unreadable_insides() {
    check(
        LinkType::Ethernet,
        &[
            (
                "TCP offset 4",
                eth(
                    0x0800,
                    &ipv4(
                        6,
                        &[
                            0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0,
                        ],
                    ),
                ),
                "v4 protocol 6 '' 2; TCP header length is too small",
            ),
            (
                "short TCP",
                eth(0x0800, &ipv4(6, &[0; 19])),
                "v4 protocol 6 '' 2; TCP header is cut short",
            ),
            (
                "UDP length 7",
                eth(0x0800, &ipv4(17, &[0, 1, 0, 2, 0, 7, 0, 0])),
                "v4 protocol 17 '' 2; UDP length is smaller than the header",
            ),
            (
                "UDP length beyond",
                eth(0x0800, &ipv4(17, &[0, 1, 0, 2, 0, 9, 0, 0])),
                "v4 protocol 17 '' 2; UDP length goes beyond the packet",
            ),
            (
                "short ICMP",
                eth(0x0800, &ipv4(1, &[8, 0, 0])),
                "v4 protocol 1 '' 2; ICMP header is cut short",
            ),
            (
                "ICMP timestamp without times",
                eth(
                    0x0800,
                    &ipv4(1, &[13, 0, 0, 0, 0, 5, 0, 1, b'a', b'b', b'c']),
                ),
                "v4 protocol 1 '' 2; ICMP header is cut short",
            ),
            (
                "ICMP address mask without mask",
                eth(0x0800, &ipv4(1, &[17, 0, 0, 0, 0, 5, 0, 1])),
                "v4 protocol 1 '' 2; ICMP header is cut short",
            ),
            (
                "GRE with routes",
                eth(0x0800, &ipv4(47, &[0x40, 0, 8, 0])),
                "v4 protocol 47 '@\\x00\\x08\\x00' 2; GRE header is malformed",
            ),
            (
                "GRE of ARP",
                eth(0x0800, &ipv4(47, &[0, 0, 8, 6])),
                "v4 protocol 47 '\\x00\\x00\\x08\\x06' 2; EtherType 0x0806 is not IP",
            ),
            (
                "ERSPAN II of version 2",
                eth(
                    0x0800,
                    &ipv4(47, b"\x10\x00\x88\xbe\0\0\0\x01\x20\0\0\0\0\0\0\0"),
                ),
                "v4 protocol 47 '\\x10\\x00\\x88\\xbe\\x00\\x00\\x00\\x01 \\x00\\x00\\x00\\x00\\x00\\x00\\x00' 2; ERSPAN header is of another version",
            ),
            (
                "short ERSPAN III",
                eth(0x0800, &ipv4(47, b"\x10\x00\x22\xeb\0\0\0\x01\x20")),
                "v4 protocol 47 '\\x10\\x00\\\"\\xeb\\x00\\x00\\x00\\x01 ' 2; ERSPAN III header is cut short",
            ),
            (
                "short Teredo",
                eth(0x0800, &ipv4(17, &udp(9, 3544, b"hi"))),
                "v4 udp 9 3544 'hi' 2; Teredo header is cut short",
            ),
            (
                "IPv6 of others on Teredo's port",
                eth(0x0800, &ipv4(17, &udp(9, 3544, &ipv6(59, b"")[..40]))),
                "v4 udp 9 3544 '`\\x00\\x00\\x00\\x00\\x00;@\\xfd\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\xfd\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02' 2; Teredo header is malformed",
            ),
            (
                "VXLAN without flag",
                eth(0x0800, &ipv4(17, &udp(9, 4789, &[0; 8]))),
                "v4 udp 9 4789 '\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00' 2; VXLAN header is malformed",
            ),
            (
                "short Geneve",
                eth(0x0800, &ipv4(17, &udp(9, 6081, b"hi"))),
                "v4 udp 9 6081 'hi' 2; Geneve header is cut short",
            ),
            (
                "IPIP of nothing",
                eth(0x0800, &ipv4(4, b"")),
                "v4 protocol 4 '' 2; IPv4 header is cut short",
            ),
        ],
    );
}

#[test]
fn frames_without_a_packet() {
    let broken = |at: usize, value: u8| {
        let mut ip = v4_udp();
        ip[at] = value;
        eth(0x0800, &ip)
    };
    let tags = (0..20).fold(vlan(1, 0x0800, &v4_udp()), |inner, _| {
        vlan(1, 0x8100, &inner)
    });
    check(
        LinkType::Ethernet,
        &[
            ("nothing", vec![], "error: Ethernet header is cut short"),
            (
                "13 bytes",
                vec![0; 13],
                "error: Ethernet header is cut short",
            ),
            (
                "ARP",
                eth(0x0806, &[0; 28]),
                "error: EtherType 0x0806 is not IP",
            ),
            (
                "802.3",
                eth(0x0010, &[0x42; 16]),
                "error: EtherType 0x0010 is not IP",
            ),
            (
                "empty IPv4",
                eth(0x0800, b""),
                "error: IPv4 header is cut short",
            ),
            (
                "version 5",
                broken(0, 0x55),
                "error: IPv4 header is of another version",
            ),
            (
                "header of 16 bytes",
                broken(0, 0x44),
                "error: IPv4 header length is too small",
            ),
            (
                "header of 60 bytes",
                broken(0, 0x4f),
                "error: IPv4 header is cut short",
            ),
            (
                "length beyond",
                broken(3, 200),
                "error: IPv4 length goes beyond the packet",
            ),
            (
                "length below header",
                broken(3, 19),
                "error: IPv4 length is smaller than the header",
            ),
            (
                "short IPv6",
                eth(0x86dd, &[0x60; 39]),
                "error: IPv6 header is cut short",
            ),
            (
                "IPv6 of version 4",
                eth(0x86dd, &[0x40; 40]),
                "error: IPv6 header is of another version",
            ),
            (
                "short extension",
                eth(0x86dd, &ipv6(60, &[17, 9, 0, 0])),
                "error: IPv6 extension header is cut short",
            ),
            ("20 tags", eth(0x8100, &tags), "error: more than 16 layers"),
            (
                "short tag",
                eth(0x8100, &[0, 1, 8]),
                "error: VLAN header is cut short",
            ),
            (
                "short label",
                eth(0x8847, &[0, 1]),
                "error: MPLS header is cut short",
            ),
            (
                "PPPoE of version 2",
                eth(0x8864, &[0x21, 0, 0, 7, 0, 0]),
                "error: PPPoE header is malformed",
            ),
        ],
    );
}

#[test]
fn more_extension_headers_than_are_followed_are_payload() {
    let limit = 24;
    for count in [limit, limit + 1] {
        let mut packet = udp(1, 2, b"");
        for _ in 0..count {
            let next = if packet.len() == 8 { 17 } else { 60 };
            packet = extension(next, &packet);
        }
        let shown = shown(&frame(&eth(0x86dd, &ipv6(60, &packet)), LinkType::Ethernet));
        let is_deep = shown.ends_with("more than 24 IPv6 extension headers");
        assert_eq!(is_deep, count > limit, "{shown}");
        assert_eq!(shown.contains("protocol 60"), count > limit, "{shown}");
    }
}

#[test]
fn nested_tunnels_end_at_the_limit() {
    let deep = (0..40).fold(v4_udp(), |inner, _| ipv4(4, &inner));
    let shown = shown(&frame(&eth(0x0800, &deep), LinkType::Ethernet));
    assert!(shown.ends_with("16; more than 16 layers"), "{shown}");
}
