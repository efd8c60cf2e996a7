//! Fragments to datagrams, as Linux does it: overlaps, ends, time, limits.

use std::time::Duration;

use super::{Budget, Datagram, Defragmenter, FragmentVerdict};
use crate::{
    Config, MonoTime, Slot,
    packet::{Fragment, Packet},
    testing::packet,
};

/// Offset in units of 8 bytes, length, whether more follow.
type Piece = (u16, usize, bool);

fn fragment(bytes: &[u8], offset: u16, more_fragments: bool, id: u32) -> Packet<'_> {
    let mut packet = packet(bytes);
    packet.ip.fragment = Fragment {
        more_fragments,
        offset,
        id,
        ..Fragment::default()
    };
    packet
}

struct Defrag {
    defragmenter: Defragmenter,
    budget: Budget,
    last: Option<Box<Datagram>>,
}

impl Defrag {
    fn new(config: &Config) -> Defrag {
        Defrag {
            defragmenter: Defragmenter::new(config),
            budget: Budget::new(config.reassembly_memory),
            last: None,
        }
    }

    fn push(&mut self, packet: &Packet<'_>, slot: u32, seconds: u64) -> (&'static str, u64) {
        let now = MonoTime(seconds * 1_000_000_000);
        let (verdict, evicted) = self
            .defragmenter
            .push(packet, Slot(slot), now, &mut self.budget);
        let verdict = match verdict {
            FragmentVerdict::Held => "held",
            FragmentVerdict::Complete(datagram) => {
                self.last = Some(datagram);
                "complete"
            }
            FragmentVerdict::Discarded(_) => "discarded",
            FragmentVerdict::Malformed => "malformed",
            FragmentVerdict::NoMemory => "no memory",
        };
        (verdict, evicted)
    }

    /// Pushes pieces of one datagram, filled with 'a', 'b', … in the order of arrival.
    fn pieces(&mut self, pieces: &[Piece]) -> Vec<&'static str> {
        let filled = pieces.iter().zip(b'a'..);
        filled
            .map(|((offset, len, more), fill)| {
                let bytes = vec![fill; *len];
                self.push(&fragment(&bytes, *offset, *more, 1), 0, 0).0
            })
            .collect()
    }
}

/// What arrives, what becomes of each piece, and the datagram as runs of letters.
type Row = (&'static [Piece], &'static [&'static str], &'static str);

const ROWS: &[Row] = &[
    (
        &[(0, 8, true), (1, 4, false)],
        &["held", "complete"],
        "a8 b4",
    ),
    (
        &[(1, 4, false), (0, 8, true)],
        &["held", "complete"],
        "b8 a4",
    ),
    (
        &[(2, 4, false), (1, 8, true), (0, 8, true)],
        &["held", "held", "complete"],
        "c8 b8 a4",
    ),
    // A piece that more follow is cut to a multiple of 8.
    (
        &[(0, 15, true), (1, 4, false)],
        &["held", "complete"],
        "a8 b4",
    ),
    // Repetitions: the same piece, one inside, one over two that adjoin. The first copy stays.
    (
        &[(0, 16, true), (0, 16, true), (2, 4, false)],
        &["held", "held", "complete"],
        "a16 c4",
    ),
    (
        &[(0, 24, true), (1, 8, true), (3, 4, false)],
        &["held", "held", "complete"],
        "a24 c4",
    ),
    (
        &[(0, 8, true), (1, 8, true), (0, 16, true), (2, 4, false)],
        &["held", "held", "held", "complete"],
        "a8 b8 d4",
    ),
    (
        &[(2, 4, false), (2, 4, false), (0, 16, true)],
        &["held", "held", "complete"],
        "c16 a4",
    ),
    // Any other overlap discards the datagram.
    (&[(0, 16, true), (1, 16, true)], &["held", "discarded"], ""),
    (&[(1, 16, true), (0, 16, true)], &["held", "discarded"], ""),
    (&[(1, 8, true), (0, 24, true)], &["held", "discarded"], ""),
    (
        &[(0, 8, true), (2, 8, true), (0, 24, true)],
        &["held", "held", "discarded"],
        "",
    ),
    (&[(0, 16, true), (1, 16, false)], &["held", "discarded"], ""),
    // So do ends that contradict each other.
    (&[(1, 4, false), (2, 8, true)], &["held", "discarded"], ""),
    (&[(2, 4, false), (1, 4, false)], &["held", "discarded"], ""),
    (&[(2, 8, true), (0, 8, false)], &["held", "discarded"], ""),
    (&[(1, 8, false), (1, 9, false)], &["held", "discarded"], ""),
    // What comes after is a datagram of its own.
    (
        &[(0, 16, true), (1, 16, true), (0, 8, true), (1, 4, false)],
        &["held", "discarded", "held", "complete"],
        "c8 d4",
    ),
    // Nothing is given out with a hole, nor without an end.
    (&[(0, 8, true), (2, 8, false)], &["held", "held"], ""),
    (&[(1, 8, true), (2, 8, false)], &["held", "held"], ""),
    (&[(0, 8, true), (1, 8, true)], &["held", "held"], ""),
    // No bytes, too few, or behind the largest datagram.
    (&[(0, 0, true)], &["malformed"], ""),
    (&[(0, 7, true)], &["malformed"], ""),
    (&[(8191, 8, false)], &["malformed"], ""),
    (&[(8191, 7, false)], &["held"], ""),
];

/// "aab" as "a2 b1".
fn runs(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|a, b| a == b);
    let runs = runs.map(|run| format!("{}{}", char::from(run[0]), run.len()));
    runs.collect::<Vec<_>>().join(" ")
}

#[test]
fn pieces_and_what_becomes_of_them() {
    for (pieces, expected, datagram) in ROWS {
        let mut defrag = Defrag::new(&Config::default());
        assert_eq!(defrag.pieces(pieces), *expected, "{pieces:?}");
        let found = defrag.last.as_ref();
        let found = found.map_or(String::new(), |datagram| runs(datagram.header().payload));
        assert_eq!(found, *datagram, "{pieces:?}");
        if defrag.last.is_some() {
            assert_eq!(defrag.budget.used(), 0, "{pieces:?}");
        }
    }
}

#[test]
fn every_order_gives_the_same_datagram() {
    let bytes: Vec<u8> = (0..60).collect();
    let pieces = [(0, 0..16), (2, 16..24), (3, 24..48), (6, 48..60)];
    let mut orders = vec![vec![]];
    for _ in 0..pieces.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let left = (0..pieces.len()).filter(|next| !order.contains(next));
                let longer = left.map(|next| [order.clone(), vec![next]].concat());
                longer.collect::<Vec<_>>()
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        let mut defrag = Defrag::new(&Config::default());
        for index in &order {
            let (offset, range) = &pieces[*index];
            let packet = fragment(&bytes[range.clone()], *offset, range.end < 60, 9);
            defrag.push(&packet, 0, 0);
        }
        let datagram = defrag.last.expect("complete");
        assert_eq!(datagram.header().payload, bytes, "{order:?}");
        assert_eq!(datagram.header().ttl, 64);
    }
}

/// Two halves that differ in one thing do not make a datagram, unless it is no part of the
/// identity.
#[test]
fn identity() {
    type Change = fn(&mut Packet<'_>);
    let rows: [(&str, Change, bool); 6] = [
        ("nothing", |_| {}, true),
        ("id", |packet| packet.ip.fragment.id = 2, false),
        (
            "source",
            |packet| packet.ip.src = [10, 0, 0, 9].into(),
            false,
        ),
        ("protocol", |packet| packet.ip.protocol = 17, false),
        ("encapsulation", |packet| packet.encapsulation = 5, false),
        ("ttl", |packet| packet.ip.ttl = 1, true),
    ];
    for (what, change, same) in rows {
        let mut defrag = Defrag::new(&Config::default());
        defrag.push(&fragment(&[0; 8], 0, true, 1), 0, 0);
        let mut second = fragment(&[0; 8], 1, false, 1);
        change(&mut second);
        let complete = defrag.push(&second, 0, 0).0 == "complete";
        assert_eq!(complete, same, "{what}");
    }
    let mut defrag = Defrag::new(&Config::default());
    defrag.push(&fragment(&[0; 8], 0, true, 1), 0, 0);
    let other_slot = defrag.push(&fragment(&[0; 8], 1, false, 1), 1, 0);
    assert_eq!(other_slot.0, "held", "workloads are kept apart");
}

#[test]
fn the_next_header_of_ipv6_fragments_may_differ() {
    let mut defrag = Defrag::new(&Config::default());
    let v6 = |offset, more, protocol| {
        let mut packet = fragment(&[0; 8], offset, more, 1);
        packet.ip.src = std::net::Ipv6Addr::LOCALHOST.into();
        packet.ip.protocol = protocol;
        packet
    };
    assert_eq!(defrag.push(&v6(0, true, 6), 0, 0).0, "held");
    assert_eq!(defrag.push(&v6(1, false, 17), 0, 0).0, "complete");
    assert_eq!(defrag.last.expect("complete").header().protocol, 6);
}

#[test]
fn late_pieces_do_not_join() {
    let config = Config {
        fragment_timeout: Duration::from_secs(5),
        ..Config::default()
    };
    for (at, expected) in [(5, "complete"), (6, "held")] {
        let mut defrag = Defrag::new(&config);
        defrag.push(&fragment(&[0; 8], 0, true, 1), 0, 0);
        let second = defrag.push(&fragment(&[0; 8], 1, false, 1), 0, at);
        assert_eq!(second.0, expected, "after {at} s");
    }
    let mut defrag = Defrag::new(&config);
    for (id, second) in [(1, 0), (2, 3), (3, 6)] {
        defrag.push(&fragment(&[0; 8], 0, true, id), 0, second);
    }
    let mut expire = |seconds: u64| {
        let now = MonoTime(seconds * 1_000_000_000);
        defrag.defragmenter.expire(now, &mut defrag.budget)
    };
    assert_eq!([expire(5), expire(6), expire(6), expire(100)], [0, 1, 0, 2]);
    assert_eq!(defrag.budget.used(), 0);
}

#[test]
fn the_oldest_datagram_goes_when_there_are_too_many() {
    let config = Config {
        max_fragmented_datagrams: 2,
        ..Config::default()
    };
    let mut defrag = Defrag::new(&config);
    let evicted: Vec<u64> = (1..=4)
        .map(|id| defrag.push(&fragment(&[0; 8], 0, true, id), 0, 0).1)
        .collect();
    assert_eq!(evicted, [0, 0, 1, 1]);
    // The third is still there, the first is not.
    assert_eq!(
        defrag.push(&fragment(&[0; 8], 1, false, 3), 0, 0),
        ("complete", 0)
    );
    assert_eq!(
        defrag.push(&fragment(&[0; 8], 1, false, 1), 0, 0),
        ("held", 0)
    );
}

#[test]
fn memory_is_bounded_and_given_back() {
    let config = Config {
        reassembly_memory: 200,
        ..Config::default()
    };
    let mut defrag = Defrag::new(&config);
    assert_eq!(
        defrag.pieces(&[(0, 64, true), (8, 64, true)]),
        ["held", "no memory"]
    );
    assert!(defrag.budget.used() <= 200);
    assert_eq!(
        defrag.push(&fragment(&[0; 1], 8, false, 1), 0, 0).0,
        "complete"
    );
    assert_eq!(defrag.budget.used(), 0);
}
