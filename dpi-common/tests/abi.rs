//! Tables of the kernel ABI: encodings, hashes, and verdicts.

use std::net::IpAddr;

use dpi_common::{
    Bypass, Control, Counter, Counters, Direction, FlowHash, FlowTuple, FragValue, Fragment,
    Packet, PodIp, PortBitmap, SkbHash, Slot, Verdict,
    counters::Class,
    flow::{IPV4, IPV6, protocol},
    names,
    packet::tcp_flags::{ACK, FIN, RST, SYN},
    ports::{PortSide, flags},
    prefilter::prefilter,
    user::address,
};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn slots_are_24_bits_and_never_zero() {
    for (number, valid) in [
        (0, false),
        (1, true),
        (0x00ff_ffff, true),
        (0x0100_0000, false),
        (u32::MAX, false),
    ] {
        assert_eq!(
            Slot::new_checked(number).map(Slot::get),
            valid.then_some(number)
        );
    }
}

#[test]
fn hashes_carry_direction_flow_and_slot() {
    use Direction::{FromPod, ToPod};
    for (direction, flow, slot, want) in [
        (FromPod, 0, 1, 0x0000_0001),
        (ToPod, 0, 1, 0x8000_0001),
        (FromPod, 127, 0x00ff_ffff, 0x7fff_ffff),
        (ToPod, 127, 0x00ff_ffff, 0xffff_ffff),
        (ToPod, 0x55, 0x12_3456, 0xd512_3456),
        // Only seven bits of the flow count; the direction is not theirs.
        (FromPod, 0x80, 1, 0x0000_0001),
    ] {
        let hash = SkbHash {
            direction,
            flow: FlowHash::truncate(flow),
            slot: Slot::new_checked(slot).unwrap(),
        };
        assert_eq!(hash.encode(), want);
        assert_eq!(SkbHash::decode(want), Some(hash));
    }
    for foreign in [0, 0x8000_0000, 0x7f00_0000, 0xff00_0000] {
        assert_eq!(SkbHash::decode(foreign), None, "{foreign:#x}");
    }
}

#[test]
fn readers_are_the_flow_hash_modulo_their_number() {
    for (flow, readers, want) in [
        (0, 1, 0),
        (127, 1, 0),
        (127, 2, 1),
        (127, 4, 3),
        (6, 4, 2),
        (5, 0, 0),
    ] {
        assert_eq!(FlowHash::truncate(flow).reader(readers), want);
    }
}

const PAIRS: [(&str, &str); 6] = [
    ("10.0.0.1", "10.0.0.2"),
    ("10.0.0.2", "10.0.0.2"),
    ("192.168.1.200", "8.8.8.8"),
    ("fd00::1", "fd00::2"),
    ("2001:db8::ffff", "2001:db8:ffff::"),
    ("::ffff:10.0.0.1", "::ffff:10.0.0.2"),
];

#[test]
fn both_directions_are_one_tuple() {
    for (a, b) in PAIRS {
        for (pa, pb) in [(40000, 80), (80, 40000), (5000, 5000), (0, 0), (65535, 1)] {
            for proto in [protocol::TCP, protocol::UDP, protocol::ICMP] {
                let there = FlowTuple::from_ends(proto, (ip(a), pa), (ip(b), pb)).unwrap();
                let back = FlowTuple::from_ends(proto, (ip(b), pb), (ip(a), pa)).unwrap();
                assert_eq!(there, back, "{a} {pa} {b} {pb}");
                assert_eq!(there.hash(7), back.hash(7));
            }
        }
    }
}

#[test]
fn different_flows_are_different_tuples() {
    let mut seen = std::collections::HashSet::new();
    for (a, b) in PAIRS {
        for (pa, pb) in [(1, 2), (1, 3)] {
            for proto in [protocol::TCP, protocol::UDP] {
                let tuple = FlowTuple::from_ends(proto, (ip(a), pa), (ip(b), pb)).unwrap();
                assert!(seen.insert(tuple), "{a} {b} {pa} {pb} {proto}");
            }
        }
    }
    // A port belongs to its end.
    let tuple = |pa, pb| FlowTuple::from_ends(6, (ip("10.0.0.1"), pa), (ip("10.0.0.2"), pb));
    assert_ne!(tuple(1, 2), tuple(2, 1));
    assert_eq!(
        FlowTuple::from_ends(6, (ip("10.0.0.1"), 1), (ip("fd00::1"), 2)),
        None
    );
}

#[test]
fn flows_spread_over_readers() {
    // Port pairs as kernels hand them out: regular steps, each against one server.
    for step in [1, 2, 256] {
        let mut readers = [0_u32; 4];
        for i in 0..800_u32 {
            let client = (
                ip("10.244.1.7"),
                u16::try_from(32768 + i * step % 28000).unwrap(),
            );
            let tuple = FlowTuple::from_ends(6, client, (ip("10.244.2.9"), 443)).unwrap();
            readers[tuple.hash(0x1234_5678).reader(4) as usize] += 1;
        }
        let fullest = readers.into_iter().max().unwrap();
        assert!(fullest < 400, "step {step}: {readers:?}");
    }
}

#[test]
fn the_seed_changes_the_reader() {
    let tuple = FlowTuple::from_ends(6, (ip("10.0.0.1"), 1), (ip("10.0.0.2"), 2)).unwrap();
    let hashes: std::collections::HashSet<u8> = (0..1000).map(|s| tuple.hash(s).get()).collect();
    assert!(hashes.len() > 100, "{}", hashes.len());
}

#[test]
fn tunnels_are_hashed_by_their_ends() {
    let hash = |proto, pa, pb| {
        FlowTuple::from_ends(proto, (ip("10.0.0.1"), pa), (ip("10.0.0.2"), pb))
            .unwrap()
            .hash(1)
    };
    for port in [4789, 8472, 6081] {
        assert_eq!(hash(17, 40000, port), hash(17, port, 50000));
        assert_ne!(hash(6, 40000, port), hash(6, 50000, port), "TCP to {port}");
    }
}

#[test]
fn addresses_are_words_in_network_order() {
    let first = u32::from_ne_bytes([10, 0, 0, 1]);
    assert_eq!(address(ip("10.0.0.1")), (IPV4, [first, 0, 0, 0]));
    let (family, words) = address(ip("2001:db8::1"));
    assert_eq!(family, IPV6);
    assert_eq!(words[0].to_ne_bytes(), [0x20, 0x01, 0x0d, 0xb8]);
    assert_eq!(words[3].to_ne_bytes(), [0, 0, 0, 1]);
    assert_ne!(PodIp::from(ip("1.2.3.4")), PodIp::from(ip("102:304::")));
}

#[test]
fn ports_are_wanted_on_the_side_that_a_rule_names() {
    let mut ports = Box::new(PortBitmap::NOTHING);
    ports.want_tcp(PortSide::Destination, 80);
    ports.want_tcp(PortSide::Source, 65535);
    ports.want_udp(PortSide::Destination, 0);
    ports.want_udp(PortSide::Source, 53);
    for (proto, src, dst, want) in [
        (6, 40000, 80, true),
        (6, 80, 40000, false),
        (6, 65535, 1, true),
        (6, 1, 65535, false),
        (6, 40000, 81, false),
        (6, 40000, 16, false),
        (6, 40000, 144, false),
        (17, 40000, 80, false),
        (17, 53, 1000, true),
        (17, 1000, 53, false),
        (17, 1000, 0, true),
        (17, 1000, 4789, false),
        (1, 0, 0, false),
        (58, 0, 0, false),
        (47, 0, 0, false),
        (132, 40000, 80, false),
    ] {
        assert_eq!(ports.wants(proto, src, dst), want, "{proto} {src} {dst}");
    }
}

#[test]
fn flags_want_whole_protocols() {
    for (flag, wanted) in [
        (flags::TCP, &[6][..]),
        (flags::UDP, &[17]),
        (flags::ICMP, &[1, 58]),
        (flags::OTHER, &[2, 50, 89, 132, 255]),
        (flags::TUNNEL, &[4, 41, 47]),
    ] {
        let mut ports = Box::new(PortBitmap::NOTHING);
        ports.want(flag);
        for proto in [1, 2, 4, 6, 17, 41, 47, 50, 58, 89, 132, 255] {
            assert_eq!(
                ports.wants(proto, 9, 9),
                wanted.contains(&proto),
                "{flag} {proto}"
            );
            assert!(PortBitmap::EVERYTHING.wants(proto, 9, 9));
            assert!(!PortBitmap::NOTHING.wants(proto, 9, 9));
        }
        let vxlan = flag == flags::TUNNEL || flag == flags::UDP;
        assert_eq!(ports.wants(17, 40000, 4789), vxlan);
    }
}

#[test]
fn bitmaps_merge() {
    let (mut a, mut b) = (Box::new(PortBitmap::NOTHING), Box::new(PortBitmap::NOTHING));
    a.want_tcp(PortSide::Destination, 80);
    b.want_udp(PortSide::Source, 53);
    b.want(flags::ICMP);
    a.merge(&b);
    assert!(a.wants(6, 1, 80) && a.wants(17, 53, 1) && a.wants(1, 0, 0));
    assert!(!a.wants(6, 80, 1) && !a.wants(47, 0, 0));
}

fn packet(protocol: u8, tcp_flags: u8) -> Packet {
    Packet {
        protocol,
        tcp_flags,
        family: IPV4,
        src_port: 40000,
        dst_port: 80,
        ..Packet::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn verdicts() {
    let mut web = Box::new(PortBitmap::NOTHING);
    web.want_tcp(PortSide::Destination, 80);
    let nothing = Box::new(PortBitmap::NOTHING);
    let tcp = packet(6, ACK);
    let later = Packet {
        fragment: Fragment::Later,
        ..tcp
    };
    let first = Packet {
        fragment: Fragment::First,
        ..tcp
    };
    let cut = Packet { cut: true, ..tcp };
    let tagged = Packet {
        tagged: true,
        ..tcp
    };
    for (name, packet, ports, bypassed, want) in [
        ("wanted", tcp, Some(&web), false, Verdict::Handover),
        ("finished", tcp, Some(&web), true, Verdict::Bypassed),
        ("unwanted", tcp, Some(&nothing), false, Verdict::NoRule),
        ("unwanted wins", tcp, Some(&nothing), true, Verdict::NoRule),
        (
            "other protocol",
            packet(17, 0),
            Some(&web),
            false,
            Verdict::NoRule,
        ),
        ("no map", tcp, None, false, Verdict::Handover),
        ("no map, finished", tcp, None, true, Verdict::Bypassed),
        (
            "SYN",
            packet(6, SYN),
            Some(&web),
            true,
            Verdict::HandoverFlowEdge,
        ),
        (
            "SYN ACK",
            packet(6, SYN | ACK),
            Some(&web),
            true,
            Verdict::HandoverFlowEdge,
        ),
        (
            "FIN",
            packet(6, FIN | ACK),
            Some(&web),
            true,
            Verdict::HandoverFlowEdge,
        ),
        (
            "RST",
            packet(6, RST),
            Some(&web),
            true,
            Verdict::HandoverFlowEdge,
        ),
        (
            "unwanted SYN",
            packet(6, SYN),
            Some(&nothing),
            true,
            Verdict::NoRule,
        ),
        (
            "later fragment",
            later,
            Some(&nothing),
            true,
            Verdict::HandoverFragment,
        ),
        (
            "first fragment",
            first,
            Some(&nothing),
            true,
            Verdict::HandoverFragment,
        ),
        ("cut", cut, Some(&nothing), true, Verdict::HandoverCut),
        ("tagged", tagged, Some(&web), true, Verdict::Handover),
        (
            "tagged, unwanted",
            tagged,
            Some(&nothing),
            true,
            Verdict::NoRule,
        ),
        (
            "ICMP is never bypassed",
            packet(1, 0),
            None,
            true,
            Verdict::Handover,
        ),
        (
            "SCTP is never bypassed",
            packet(132, 0),
            None,
            true,
            Verdict::Handover,
        ),
        (
            "UDP flags are no flags",
            packet(17, SYN),
            None,
            true,
            Verdict::Bypassed,
        ),
    ] {
        let verdict = prefilter(&packet, ports.map(AsRef::as_ref), || bypassed);
        assert_eq!(verdict, want, "{name}");
        let passes = matches!(want, Verdict::NoRule | Verdict::Bypassed);
        assert_eq!(verdict.is_handover(), !passes, "{name}");
    }
}

#[test]
fn entries_age() {
    let value = FragValue::new(FlowHash::truncate(9), 1_000);
    let bypass = Bypass { last_seen: 1_000 };
    for (age, fragment, flow) in [
        (0, true, true),
        (FragValue::IDLE_NS - 1, true, true),
        (FragValue::IDLE_NS, false, true),
        (Bypass::IDLE_NS - 1, false, true),
        (Bypass::IDLE_NS, false, false),
    ] {
        let now = 1_000 + age;
        assert_eq!(
            value.follow(now),
            fragment.then_some(FlowHash::truncate(9)),
            "{age}"
        );
        assert_eq!(bypass.is_fresh(now), flow, "{age}");
    }
    // Another CPU's clock may be a tick behind.
    assert!(value.follow(0).is_some() && bypass.is_fresh(0));
}

#[test]
fn datagrams_are_told_apart() {
    let slot = |n| Slot::new_checked(n).unwrap();
    let base = Packet {
        fragment: Fragment::First,
        fragment_id: 5,
        ..packet(17, 0)
    };
    let swapped = Packet {
        src: [1, 0, 0, 0],
        ..base
    };
    let key = base.frag_key(slot(1));
    assert_eq!(
        key,
        Packet {
            src_port: 0,
            dst_port: 0,
            ..base
        }
        .frag_key(slot(1))
    );
    assert_ne!(key, base.frag_key(slot(2)));
    assert_ne!(
        key,
        Packet {
            fragment_id: 6,
            ..base
        }
        .frag_key(slot(1))
    );
    assert_ne!(
        key,
        Packet {
            protocol: 6,
            ..base
        }
        .frag_key(slot(1))
    );
    assert_ne!(key, swapped.frag_key(slot(1)));
    // In IPv6 the upper protocol is known to the first fragment alone.
    let v6 = Packet {
        family: IPV6,
        ..base
    };
    assert_eq!(
        v6.frag_key(slot(1)),
        Packet { protocol: 0, ..v6 }.frag_key(slot(1))
    );
}

#[test]
fn a_lease_ends() {
    let control = Control {
        lease_until: 100,
        ..Control::default()
    };
    for (now, has) in [(0, true), (99, true), (100, false), (101, false)] {
        assert_eq!(control.has_lease(now), has);
    }
    assert!(!Control::default().has_lease(0));
}

#[test]
fn counters_balance_and_have_a_label_each() {
    let mut labels = std::collections::HashSet::new();
    for (index, counter) in Counter::ALL.into_iter().enumerate() {
        assert_eq!(counter.index(), index);
        assert!(labels.insert(counter.label()));
        let mut counters = Counters::default();
        counters.add(counter, 3);
        assert_eq!(counters.total(counter.class()), 3);
        let neutral = matches!(counter.class(), Class::Note | Class::Bytes);
        assert_eq!(counters.is_balanced(), neutral, "{}", counter.label());
        counters.add(Counter::Seen, 3);
        let outcome = matches!(
            counter.class(),
            Class::HandedOver | Class::Bypassed | Class::Dropped
        );
        assert_eq!(counters.is_balanced(), outcome, "{}", counter.label());
    }
}

#[test]
fn counters_subtract_across_a_wrap() {
    let (mut earlier, mut later) = (Counters::default(), Counters::default());
    earlier.add(Counter::Seen, u64::MAX);
    later.merge(&earlier);
    later.add(Counter::Seen, 3);
    assert_eq!(later.since(&earlier).get(Counter::Seen), 3);
}

#[test]
fn map_names_fit_the_kernel() {
    // BPF_OBJ_NAME_LEN is 16 with the closing zero; a longer name would be cut.
    for name in names::MAPS
        .into_iter()
        .chain([names::INGRESS, names::EGRESS, names::SINK_DROP])
    {
        assert!(name.len() <= 15, "{name}");
    }
}
