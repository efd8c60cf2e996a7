//! Headers, tags, labels and tunnels that are read.

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn ethernet_and_ip() {
    let snap = join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &be(0x0800), &v4_udp()]);
    check(
        LinkType::Ethernet,
        &[
            ("UDP", eth(0x0800, &v4_udp()), "v4 udp 1 2 'hi' 2"),
            (
                "TCP",
                eth(0x0800, &ipv4(6, &tcp(b"hi"))),
                "v4 tcp 1 2 'hi' 2",
            ),
            (
                "padding",
                join(&[&eth(0x0800, &v4_udp()), &[0; 9]]),
                "v4 udp 1 2 'hi' 2",
            ),
            (
                "options",
                eth(0x0800, &ipv4_with(17, &[1; 8], 0, &udp(1, 2, b""))),
                "v4 udp 1 2 '' 2",
            ),
            (
                "echo",
                eth(0x0800, &ipv4(1, &[8, 0, 0, 0, 0, 5, 0, 1, b'x'])),
                "v4 icmp 8 0 id 5 'x' 2",
            ),
            (
                "unreachable",
                eth(0x0800, &ipv4(1, &[3, 1, 0, 0, 0, 0, 0, 0])),
                "v4 icmp 3 1 '' 2",
            ),
            (
                "short echo",
                eth(0x0800, &ipv4(1, &[8, 0, 0, 0])),
                "v4 icmp 8 0 '' 2",
            ),
            (
                "information request",
                eth(0x0800, &ipv4(1, &[15, 0, 0, 0, 0, 5, 0, 1])),
                "v4 icmp 15 0 '\\x00\\x05\\x00\\x01' 2",
            ),
            (
                "OSPF",
                eth(0x0800, &ipv4(89, b"hi")),
                "v4 protocol 89 'hi' 2",
            ),
            (
                "first fragment",
                eth(0x0800, &ipv4_with(17, &[], 0x2000, b"12345678")),
                "v4 protocol 17 '12345678' 2",
            ),
            (
                "last fragment",
                eth(0x0800, &ipv4_with(17, &[], 1, b"hi")),
                "v4 protocol 17 'hi' 2",
            ),
            (
                "IPv6",
                eth(0x86dd, &ipv6(17, &udp(1, 2, b"hi"))),
                "v6 udp 1 2 'hi' 2",
            ),
            (
                "ICMPv6",
                eth(0x86dd, &ipv6(58, &[128, 0, 0, 0, 0, 5, 0, 1])),
                "v6 icmp 128 0 id 5 '' 2",
            ),
            (
                "extensions",
                eth(
                    0x86dd,
                    &ipv6(0, &extension(60, &extension(17, &udp(1, 2, b"hi")))),
                ),
                "v6 udp 1 2 'hi' 2",
            ),
            (
                "no next header",
                eth(0x86dd, &ipv6(59, b"hi")),
                "v6 protocol 59 'hi' 2",
            ),
            (
                "atomic fragment",
                eth(
                    0x86dd,
                    &ipv6(44, &join(&[&[17, 0, 0, 0, 0, 0, 0, 9], &udp(1, 2, b"hi")])),
                ),
                "v6 udp 1 2 'hi' 2",
            ),
            (
                "fragment of IPv6",
                eth(
                    0x86dd,
                    &ipv6(44, &join(&[&[17, 0, 0, 9, 0, 0, 0, 9], b"12345678"])),
                ),
                "v6 protocol 17 '12345678' 2",
            ),
            (
                "AH",
                eth(
                    0x0800,
                    &ipv4(
                        51,
                        &join(&[&[17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &udp(1, 2, b"hi")]),
                    ),
                ),
                "v4 udp 1 2 'hi' 2",
            ),
            ("SNAP", eth(len(&snap), &snap), "v4 udp 1 2 'hi' 2"),
        ],
    );
}

#[test]
fn tags_labels_and_tunnels() {
    let inner = eth(0x0800, &v4_udp());
    let vxlan = |flags| join(&[&[flags, 0, 0, 0, 0, 0, 5, 0], &inner]);
    let geneve = |first| join(&[&[first, 0], &be(0x6558), &[0, 0, 5, 0], &inner]);
    let gre =
        |first, version, rest: &[u8]| join(&[&[first, version], &be(0x0800), rest, &v4_udp()]);
    let gtp = join(&[&[0x30, 0xff], &be(len(&v4_udp())), &[0, 0, 0, 1], &v4_udp()]);
    check(
        LinkType::Ethernet,
        &[
            (
                "VLAN",
                eth(0x8100, &vlan(5, 0x0800, &v4_udp())),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "QinQ",
                eth(
                    0x88a8,
                    &vlan(5, 0x8100, &vlan(6, 0x86dd, &ipv6(17, &udp(1, 2, b"hi")))),
                ),
                "v6 udp 1 2 'hi' 4",
            ),
            (
                "MPLS",
                eth(0x8847, &join(&[&[0, 1, 0, 9, 0, 2, 1, 9], &v4_udp()])),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "PPPoE",
                eth(
                    0x8864,
                    &join(&[&[0x11, 0, 0, 7, 0, 32, 0, 0x21], &v4_udp()]),
                ),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "IPIP",
                eth(0x0800, &ipv4(4, &v4_udp())),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "6in4",
                eth(0x0800, &ipv4(41, &ipv6(17, &udp(1, 2, b"hi")))),
                "v6 udp 1 2 'hi' 3",
            ),
            (
                "4in6",
                eth(0x86dd, &ipv6(4, &v4_udp())),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "GRE",
                eth(0x0800, &ipv4(47, &gre(0, 0, &[]))),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "GRE with key",
                eth(0x0800, &ipv4(47, &gre(0x20, 0, &[0, 0, 0, 5]))),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "VXLAN",
                eth(0x0800, &ipv4(17, &udp(9, 4789, &vxlan(8)))),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "Geneve",
                eth(0x0800, &ipv4(17, &udp(9, 6081, &geneve(0)))),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "GTP-U",
                eth(0x0800, &ipv4(17, &udp(2152, 2152, &gtp))),
                "v4 udp 1 2 'hi' 3",
            ),
            (
                "VXLAN elsewhere",
                eth(0x0800, &ipv4(17, &udp(9, 4790, b"hi"))),
                "v4 udp 9 4790 'hi' 2",
            ),
        ],
    );
}

#[test]
fn mirrored_frames_and_teredo() {
    let inner = eth(0x0800, &v4_udp());
    let erspan = |flags, ethertype, rest: &[u8]| join(&[&[flags, 0], &be(ethertype), rest, &inner]);
    // Sequence number of GRE, then a header that says whether it is longer.
    let erspan_iii = |longer, len: usize| {
        let mut header = vec![0; 4 + len];
        (header[4], header[15]) = (0x20, longer);
        header
    };
    let of_teredo = || {
        let mut packet = ipv6(17, &udp(1, 2, b"hi"));
        packet[8..12].copy_from_slice(&[0x20, 0x01, 0, 0]);
        packet
    };
    let teredo = join(&[
        &[0, 1, 1, 2, b'i', b'a', b'a'],
        &[0; 9],
        &[0, 0, 1, 2, 3, 4, 5, 6],
        &of_teredo(),
    ]);
    check(
        LinkType::Ethernet,
        &[
            (
                "ERSPAN II",
                eth(
                    0x0800,
                    &ipv4(
                        47,
                        &erspan(0x10, 0x88be, &[0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0]),
                    ),
                ),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "ERSPAN III",
                eth(0x0800, &ipv4(47, &erspan(0x10, 0x22eb, &erspan_iii(0, 12)))),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "ERSPAN III with more of the platform",
                eth(0x0800, &ipv4(47, &erspan(0x10, 0x22eb, &erspan_iii(1, 20)))),
                "v4 udp 1 2 'hi' 4",
            ),
            (
                "Teredo",
                eth(0x0800, &ipv4(17, &udp(9, 3544, &of_teredo()))),
                "v6 udp 1 2 'hi' 3",
            ),
            (
                "Teredo, authenticated, with its origin",
                eth(0x0800, &ipv4(17, &udp(3544, 9, &teredo))),
                "v6 udp 1 2 'hi' 3",
            ),
        ],
    );
}
