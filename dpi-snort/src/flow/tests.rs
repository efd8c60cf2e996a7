//! Which packets are of one flow; the table's bounds, order and times.

use std::{net::Ipv6Addr, time::Duration};

use proptest::prelude::*;

use super::{
    list::{Index, Linked, Links, List},
    *,
};
use crate::{
    Config, MonoTime, Slot,
    packet::{Packet, Transport},
    testing::packet,
};

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> MonoTime {
    MonoTime(seconds * SECOND)
}

/// A UDP packet 10.0.0.1:`src` → 10.0.0.2:`dst`.
fn udp(src_port: u16, dst_port: u16) -> Packet<'static> {
    let mut packet = packet(b"");
    packet.ip.protocol = 17;
    packet.transport = Transport::Udp { src_port, dst_port };
    packet
}

fn icmp(icmp_type: u8, id: Option<u16>) -> Packet<'static> {
    let mut packet = packet(b"");
    packet.ip.protocol = 1;
    packet.transport = Transport::Icmp {
        icmp_type,
        code: 0,
        id,
        seq: id,
    };
    packet
}

fn answer(mut packet: Packet<'static>) -> Packet<'static> {
    std::mem::swap(&mut packet.ip.src, &mut packet.ip.dst);
    if let Transport::Udp { src_port, dst_port } = &mut packet.transport {
        std::mem::swap(src_port, dst_port);
    }
    packet
}

fn changed(mut packet: Packet<'static>, change: impl Fn(&mut Packet<'static>)) -> Packet<'static> {
    change(&mut packet);
    packet
}

#[test]
fn which_packets_are_of_one_flow() {
    let of = |packet: &Packet<'_>| FlowKey::of(packet, Slot(1)).map(|(key, _)| key);
    for (what, a, b, same) in [
        ("answer", udp(1, 2), answer(udp(1, 2)), true),
        ("ports", udp(1, 2), udp(1, 3), false),
        ("ports turned round", udp(1, 2), udp(2, 1), false),
        (
            "protocol",
            udp(1, 2),
            changed(udp(1, 2), |p| p.ip.protocol = 132),
            false,
        ),
        (
            "VLAN",
            udp(1, 2),
            changed(udp(1, 2), |p| p.encapsulation = 9),
            false,
        ),
        (
            "source",
            udp(1, 2),
            changed(udp(1, 2), |p| p.ip.src = [10, 0, 0, 3].into()),
            false,
        ),
        ("TTL", udp(1, 2), changed(udp(1, 2), |p| p.ip.ttl = 1), true),
        (
            "echo and reply",
            icmp(8, Some(5)),
            answer(icmp(0, Some(5))),
            true,
        ),
        ("two echoes", icmp(8, Some(5)), icmp(8, Some(6)), false),
    ] {
        assert_eq!(of(&a) == of(&b), same, "{what}");
        assert!(of(&a).is_some() && of(&b).is_some(), "{what}");
    }
    let other = FlowKey::of(&udp(1, 2), Slot(2)).map(|(key, _)| key);
    assert_ne!(of(&udp(1, 2)), other, "workloads are kept apart");
}

#[test]
fn packets_that_are_of_no_flow() {
    let v6 = |icmp_type| {
        changed(icmp(icmp_type, None), |p| {
            p.ip.protocol = 58;
            p.ip.src = Ipv6Addr::LOCALHOST.into();
            p.ip.dst = Ipv6Addr::LOCALHOST.into();
        })
    };
    let fragment = changed(udp(0, 0), |p| {
        p.transport = Transport::Other;
        p.ip.fragment.more_fragments = true;
    });
    for (what, packet, has_flow) in [
        ("unreachable", icmp(3, None), false),
        ("time exceeded", icmp(11, None), false),
        ("echo", icmp(8, Some(1)), true),
        ("timestamp", icmp(13, None), true),
        ("too big of IPv6", v6(2), false),
        ("time exceeded of IPv6", v6(3), false),
        ("echo of IPv6", v6(128), true),
        ("fragment", fragment, false),
        (
            "GRE",
            changed(udp(0, 0), |p| p.transport = Transport::Other),
            true,
        ),
    ] {
        assert_eq!(FlowKey::of(&packet, Slot(1)).is_some(), has_flow, "{what}");
    }
}

#[test]
fn endpoints_are_those_of_the_packet() {
    for packet in [udp(1, 2), udp(2, 1), answer(udp(1, 2)), udp(7, 7)] {
        let (key, from_low) = FlowKey::of(&packet, Slot(1)).unwrap();
        assert_eq!(key.endpoints(from_low), packet.endpoints());
        assert_eq!(key.endpoints(!from_low), answer(packet).endpoints());
    }
}

fn key(slot: u32, port: u16) -> FlowKey {
    FlowKey::of(&udp(port, 1), Slot(slot)).unwrap().0
}

/// A table of port numbers with flows (slot, port, class), seen a second apart.
fn table(max: usize, flows: &[(u32, u16, FlowClass)]) -> FlowTable<u16> {
    let mut table = FlowTable::new(max, 7);
    for (second, (slot, port, class)) in (0..).zip(flows) {
        table.insert(key(*slot, *port), *port, *class, at(second));
    }
    table
}

#[test]
fn flows_are_found_until_they_are_removed() {
    let mut table = table(9, &[(1, 1, FlowClass::Udp), (1, 2, FlowClass::Udp)]);
    let first = table.find(&key(1, 1)).unwrap();
    assert_eq!(table.get_mut(first), Some(&mut 1));
    assert_eq!(table.find(&key(2, 1)), None);
    assert_eq!(table.remove(first), Some((key(1, 1), 1)));
    assert_eq!((table.remove(first), table.get_mut(first)), (None, None));
    assert_eq!((table.find(&key(1, 1)), table.len()), (None, 1));
    // The place is used again; the flows do not mix.
    let third = table.insert(key(3, 3), 3, FlowClass::Other, at(9));
    assert_eq!(third, first);
    assert_eq!(table.get_mut(third), Some(&mut 3));
    assert_eq!(table.slots(), [Slot(1), Slot(3)]);
    while let Some(handle) = table.next_of(Slot(1)).or(table.next_of(Slot(3))) {
        table.remove(handle);
    }
    assert!(table.is_empty() && table.slots().is_empty());
}

/// Who must go before a workload may have one more flow.
#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn eviction() {
    use EvictionReason::{SlotQuota, TableFull};
    use FlowClass::{Other, TcpEstablished, TcpOpening, Udp};
    for (what, max, flows, slot, quota, expected) in [
        (
            "there is room",
            3,
            &[(1, 1, Udp), (1, 2, Udp)][..],
            1,
            None,
            None,
        ),
        (
            "full: the oldest",
            2,
            &[(1, 1, Udp), (1, 2, Udp)],
            1,
            None,
            Some((1, TableFull)),
        ),
        (
            "quota",
            9,
            &[(1, 1, Udp), (1, 2, Udp)],
            1,
            Some(2),
            Some((1, SlotQuota)),
        ),
        (
            "quota not reached",
            9,
            &[(1, 1, Udp), (1, 2, Udp)],
            1,
            Some(3),
            None,
        ),
        (
            "quota of another",
            9,
            &[(1, 1, Udp), (1, 2, Udp)],
            2,
            Some(2),
            None,
        ),
        (
            "quota 0 lets one flow be",
            9,
            &[(1, 1, Udp)],
            1,
            Some(0),
            Some((1, SlotQuota)),
        ),
        ("no flow yet, quota 0", 9, &[], 1, Some(0), None),
        (
            "class goes before age",
            4,
            &[
                (1, 1, TcpEstablished),
                (1, 2, Other),
                (1, 3, Udp),
                (1, 4, TcpOpening),
            ],
            1,
            None,
            Some((4, TableFull)),
        ),
        (
            "established last",
            3,
            &[(1, 1, TcpEstablished), (1, 2, Other), (1, 3, Udp)],
            1,
            None,
            Some((3, TableFull)),
        ),
        (
            "the largest pays for one below its share",
            4,
            &[(2, 9, Udp), (1, 1, Udp), (1, 2, Udp), (1, 3, Udp)],
            2,
            None,
            Some((1, TableFull)),
        ),
        (
            "who has a share pays alone",
            4,
            &[(2, 9, Udp), (1, 1, Udp), (1, 2, Udp), (1, 3, Udp)],
            1,
            None,
            Some((1, TableFull)),
        ),
        (
            "a newcomer's room comes of the largest",
            3,
            &[(2, 9, Udp), (1, 1, Udp), (1, 2, Udp)],
            5,
            None,
            Some((1, TableFull)),
        ),
        (
            "of two as large the higher number",
            2,
            &[(1, 1, Udp), (2, 9, Udp)],
            5,
            None,
            Some((9, TableFull)),
        ),
        (
            "a bound of 0 is 1",
            0,
            &[(1, 1, Udp)],
            1,
            None,
            Some((1, TableFull)),
        ),
    ] {
        let mut table = table(max, flows);
        let found = table.to_evict(Slot(slot), quota);
        let found = found.map(|(handle, reason)| (*table.get_mut(handle).unwrap(), reason));
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_flow_that_is_seen_becomes_the_youngest_of_its_class() {
    let mut table = table(2, &[(1, 1, FlowClass::Udp), (1, 2, FlowClass::Udp)]);
    let first = table.find(&key(1, 1)).unwrap();
    table.touch(first, FlowClass::Udp, at(5));
    let (victim, _) = table.to_evict(Slot(1), None).unwrap();
    assert_eq!(table.get_mut(victim), Some(&mut 2));
    // As an established connection it goes last, as an opening one first.
    table.touch(victim, FlowClass::TcpEstablished, at(6));
    assert_eq!(table.to_evict(Slot(1), None).unwrap().0, first);
    table.touch(victim, FlowClass::TcpOpening, at(6));
    assert_eq!(table.to_evict(Slot(1), None).unwrap().0, victim);
}

#[test]
fn each_class_has_its_idle_time() {
    let config = Config {
        tcp_opening_timeout: Duration::from_secs(1),
        udp_timeout: Duration::from_secs(2),
        other_timeout: Duration::from_secs(3),
        tcp_established_timeout: Duration::from_secs(4),
        ..Config::default()
    };
    let timeouts = FlowTimeouts::of(&config);
    for (class, seconds) in [
        (FlowClass::TcpOpening, 1),
        (FlowClass::Udp, 2),
        (FlowClass::Other, 3),
        (FlowClass::TcpEstablished, 4),
    ] {
        let mut table = table(9, &[(1, 1, class)]);
        let handle = table.find(&key(1, 1)).unwrap();
        let just = at(seconds);
        let late = MonoTime(just.0 + 1);
        assert!(!table.is_expired(handle, just, &timeouts), "{class:?}");
        assert!(table.is_expired(handle, late, &timeouts), "{class:?}");
        assert_eq!(
            table.next_expired(Slot(1), just, &timeouts),
            None,
            "{class:?}"
        );
        assert_eq!(
            table.next_expired(Slot(1), late, &timeouts),
            Some(handle),
            "{class:?}"
        );
        assert_eq!(
            table.next_expired(Slot(2), late, &timeouts),
            None,
            "{class:?}"
        );
        table.touch(handle, class, late);
        assert!(!table.is_expired(handle, late, &timeouts), "{class:?}");
        // Time that goes back makes a flow no older.
        table.touch(handle, class, at(0));
        assert!(!table.is_expired(handle, late, &timeouts), "{class:?}");
    }
}

#[test]
fn the_end_takes_flows_in_the_order_in_which_they_were_seen() {
    use FlowClass::{Other, TcpEstablished, TcpOpening, Udp};
    let flows = [
        (1, 1, TcpEstablished),
        (1, 2, Udp),
        (1, 3, TcpOpening),
        (1, 4, Other),
    ];
    let mut table = table(9, &flows);
    let first = table.find(&key(1, 1)).unwrap();
    table.touch(first, TcpEstablished, at(9));
    let order: Vec<u16> =
        std::iter::from_fn(|| table.next_of(Slot(1)).and_then(|next| table.remove(next)))
            .map(|(_, port)| port)
            .collect();
    assert_eq!(order, [2, 3, 4, 1]);
}

/// Links without anything else.
#[derive(Default)]
struct Slab(Vec<Links>);

impl Linked for Slab {
    fn links(&mut self, index: Index) -> Option<&mut Links> {
        self.0.get_mut(index as usize)
    }
}

proptest! {
    /// The linked list against a vector: each number appends its entry, or takes it out.
    #[test]
    fn the_list_keeps_its_order(steps in proptest::collection::vec(0_u32..8, 0..60)) {
        let mut slab = Slab(vec![Links::default(); 8]);
        let mut list = List::default();
        let mut model: Vec<Index> = Vec::new();
        for index in steps {
            if let Some(place) = model.iter().position(|known| *known == index) {
                model.remove(place);
                list.remove(&mut slab, index);
            } else {
                model.push(index);
                list.push(&mut slab, index);
            }
            let mut found = Vec::new();
            let mut next = list.oldest;
            while let Some(index) = next {
                found.push(index);
                next = slab.0[index as usize].newer;
            }
            prop_assert_eq!(&found, &model);
        }
    }
}
