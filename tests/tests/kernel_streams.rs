//! The running kernel as oracle: what an application receives of overlapping, repeated and
//! reordered segments and fragments is what our reassembly delivers, byte for byte.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use anyhow::{Result, ensure};
use dpi_snort::packet::TcpHeader;
use dpi_tests::{
    kernel_fixture::skipped,
    oracle::{Fragment, FragmentOracle, Given, Opening, Segment, StreamOracle, Version},
    random::Random,
};

/// Cases drawn at random, of each kind and version.
const RANDOM: u32 = 25_000;

fn check<T: std::fmt::Debug>(case: &[T], given: &Given) -> Result<()> {
    ensure!(
        given.kernel == given.ours,
        "{case:#?}\nkernel {:?}\nours   {:?}",
        String::from_utf8_lossy(&given.kernel),
        String::from_utf8_lossy(&given.ours)
    );
    Ok(())
}

/// Bytes that tell segment and place.
fn letters(number: usize, offset: i32, length: u32) -> Vec<u8> {
    (0..length)
        .map(|at| {
            b"aAnN"[number % 4]
                + u8::try_from(offset.cast_unsigned().wrapping_add(at) % 13).unwrap_or(0)
        })
        .collect()
}

/// Opens an oracle; `None`, with the reason printed, where this machine has none.
fn oracle<T>(open: impl FnOnce() -> Result<Option<T>>) -> Result<Option<T>> {
    let is_root = rustix::process::geteuid().is_root();
    let oracle = is_root.then(open).transpose()?.flatten();
    if oracle.is_none() {
        skipped(&"the kernel as oracle: needs root and the tun driver (modprobe tun)");
    }
    Ok(oracle)
}

#[test]
fn three_segments_in_every_overlap_and_order() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| StreamOracle::open(version))? else {
            return Ok(());
        };
        let shapes: Vec<(i32, u32)> = (0..4)
            .flat_map(|offset| (1..=3).map(move |length| (offset, length)))
            .collect();
        let mut cases = 0;
        for first in &shapes {
            for second in &shapes {
                for third in &shapes {
                    let each = [first, second, third];
                    let segments: Vec<_> = each
                        .iter()
                        .enumerate()
                        .map(|(n, (at, len))| Segment::new(*at, letters(n, *at, *len)))
                        .collect();
                    check(&segments, &oracle.run(&segments)?)?;
                    cases += 1;
                }
            }
        }
        println!("{version:?}: {cases} cases of three segments, 0 differences");
    }
    Ok(())
}

#[test]
fn random_segments() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| StreamOracle::open(version))? else {
            return Ok(());
        };
        let mut random = Random::new(7);
        let mut delivered = 0;
        for _ in 0..RANDOM {
            let segments = random_case(&mut random);
            let given = oracle.run(&segments)?;
            delivered += given.kernel.len();
            check(&segments, &given)?;
        }
        println!("{version:?}: {RANDOM} random cases, {delivered} bytes, 0 differences");
        ensure!(delivered > 0);
    }
    Ok(())
}

/// What else may come in a connection, each with a share of its own.
#[test]
fn random_events() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| StreamOracle::open(version))? else {
            return Ok(());
        };
        for event in Event::ALL {
            let mut random = Random::new(event as u64);
            let mut delivered = 0;
            for _ in 0..EVENTS {
                let mut segments = in_order_mostly(&mut random);
                let timestamp = event.put_in(&mut segments, &mut random);
                let given = oracle.run_with(timestamp, &segments)?;
                delivered += given.kernel.len();
                check(&segments, &given)?;
            }
            println!("{version:?}: {EVENTS} cases of {event:?}, {delivered} bytes, 0 differences");
            ensure!(delivered > 0);
        }
    }
    Ok(())
}

/// A SYN that is sent again with another sequence number, before the kernel answers the first
/// and after; never within the window that the answer offers, where it ends the attempt.
#[test]
fn a_second_syn_with_another_number() -> Result<()> {
    const DISTANCES: [u32; 7] = [
        0,
        u32::MAX,
        0_u32.wrapping_sub(1000),
        1 << 17,
        1 << 24,
        1 << 30,
        1 << 31,
    ];
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| StreamOracle::open(version))? else {
            return Ok(());
        };
        let mut random = Random::new(13);
        let (mut cases, mut delivered) = (0, 0);
        for distance in DISTANCES {
            for is_late in [false, true] {
                for _ in 0..SECOND_SYNS {
                    let segments = in_order_mostly(&mut random);
                    let opening = Opening {
                        timestamp: None,
                        other_syn: Some((is_late, distance)),
                    };
                    let given = oracle.run_opened(opening, &segments)?;
                    delivered += given.kernel.len();
                    check(&segments, &given)?;
                    cases += 1;
                }
            }
        }
        println!("{version:?}: {cases} cases of a second SYN, {delivered} bytes, 0 differences");
        ensure!(delivered > 0);
    }
    Ok(())
}

/// Cases of each second SYN and version.
const SECOND_SYNS: u32 = 200;

/// Cases of each event and version.
const EVENTS: u32 = 5_000;

/// Something besides bytes.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Urgent bytes.
    Urgent,
    /// Timestamps, some of them old, some missing.
    Timestamps,
    /// Resets in and beside the order.
    Resets,
    /// SYNs within the connection.
    Syns,
    /// No acknowledgement, or one of what was never sent.
    Acknowledgements,
    /// Bytes beyond the window, and far before the stream.
    Windows,
    /// FINs anywhere.
    Fins,
    /// All of these together.
    All,
}

impl Event {
    const ALL: [Event; 8] = [
        Event::Urgent,
        Event::Timestamps,
        Event::Resets,
        Event::Syns,
        Event::Acknowledgements,
        Event::Windows,
        Event::Fins,
        Event::All,
    ];

    /// Changes some of the segments; says what timestamp the SYN has.
    fn put_in(self, segments: &mut [Segment], random: &mut Random) -> Option<u32> {
        if let Event::All = self {
            let timestamp = (random.below(2) == 0)
                .then(|| Event::Timestamps.put_in(segments, random))
                .flatten();
            for segment in segments {
                let event = Event::ALL[random.index(Event::ALL.len())];
                if !matches!(event, Event::All | Event::Timestamps) {
                    event.put_in(std::slice::from_mut(segment), random);
                }
            }
            return timestamp;
        }
        let start = 1000_u32;
        for (number, segment) in (0_u32..).zip(segments.iter_mut()) {
            let is_changed = random.below(3) == 0;
            match self {
                Event::Urgent if is_changed => {
                    segment.flags |= TcpHeader::URG;
                    segment.urgent = random.short(6);
                }
                Event::Timestamps => {
                    let step = if is_changed { random.below(12) } else { 5 };
                    segment.timestamp =
                        (random.below(8) > 0).then(|| (start + number * 2 + step).wrapping_sub(5));
                }
                Event::Resets if is_changed => {
                    segment.flags |= TcpHeader::RST;
                    if random.below(2) == 0 {
                        segment.flags ^= TcpHeader::ACK;
                    }
                    if random.below(2) == 0 {
                        segment.bytes.clear();
                    }
                }
                Event::Syns if is_changed => segment.flags |= TcpHeader::SYN,
                Event::Acknowledgements if is_changed => match random.below(3) {
                    0 => segment.flags ^= TcpHeader::ACK,
                    1 => segment.ack = 1 + random.below(1000),
                    _ => segment.ack = random.below(1000).wrapping_neg(),
                },
                Event::Windows if is_changed => {
                    let far = [60_000, 65_530, 65_536, 70_000, 1 << 30, -70_000, -10];
                    segment.offset += far[random.index(far.len())];
                }
                Event::Fins if is_changed => segment.flags |= TcpHeader::FIN,
                _ => {}
            }
        }
        matches!(self, Event::Timestamps).then_some(start)
    }
}

/// Up to six segments that follow one another; some repeated, some exchanged.
fn in_order_mostly(random: &mut Random) -> Vec<Segment> {
    let (mut segments, mut offset) = (Vec::new(), 0);
    for number in 0..2 + random.index(5) {
        let length = 1 + random.below(4);
        segments.push(Segment::new(offset, letters(number, offset, length)));
        if random.below(6) == 0 {
            segments.push(Segment::new(offset, letters(number + 1, offset, length)));
        }
        offset += i32::try_from(length).unwrap_or(0);
    }
    if random.below(4) == 0 {
        let at = random.index(segments.len());
        let last = segments.len() - 1;
        segments.swap(at, last);
    }
    segments
}

/// Up to eight segments: before the stream's start, beyond its end, with FIN, with and
/// without urgent data.
fn random_case(random: &mut Random) -> Vec<Segment> {
    let count = 1 + random.below(8);
    (0..count as usize)
        .map(|number| {
            let offset = i32::try_from(random.below(14)).unwrap_or(0) - 2;
            let length = random.below(7);
            let mut segment = Segment::new(offset, letters(number, offset, length));
            match random.below(24) {
                0 => segment.flags |= TcpHeader::FIN,
                1 => segment.flags = 0,
                _ => {}
            }
            segment
        })
        .collect()
}

#[test]
fn three_fragments_in_every_overlap_and_order() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| FragmentOracle::open(version))? else {
            return Ok(());
        };
        let shapes: Vec<(u16, u16, bool)> = (0..3)
            .flat_map(|place| (1..=3).map(move |units| (place, units)))
            .flat_map(|(place, units)| [true, false].map(|more| (place, units, more)))
            .collect();
        let (mut cases, mut whole) = (0, 0);
        for first in &shapes {
            for second in &shapes {
                for third in &shapes {
                    let each = [first, second, third];
                    let fragments: Vec<_> = (b'a'..)
                        .zip(each)
                        .map(|(fill, &(place, units, more))| Fragment {
                            place,
                            units,
                            more,
                            fill,
                        })
                        .collect();
                    let given = oracle.run(&fragments)?;
                    check(&fragments, &given)?;
                    cases += 1;
                    whole += usize::from(!given.kernel.is_empty());
                }
            }
        }
        println!("{version:?}: {cases} cases of three fragments, {whole} whole, 0 differences");
        ensure!(whole > 0);
    }
    Ok(())
}

#[test]
fn random_fragments() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| FragmentOracle::open(version))? else {
            return Ok(());
        };
        let mut random = Random::new(11);
        let mut whole = 0;
        for _ in 0..RANDOM {
            let fragments = random_fragments_of_one(&mut random);
            let given = oracle.run(&fragments)?;
            check(&fragments, &given)?;
            whole += usize::from(!given.kernel.is_empty());
        }
        println!("{version:?}: {RANDOM} random datagrams, {whole} whole, 0 differences");
        ensure!(whole > 0);
    }
    Ok(())
}

/// A datagram cut somehow, its pieces shuffled; some repeated, moved, or left out.
fn random_fragments_of_one(random: &mut Random) -> Vec<Fragment> {
    let units = 2 + random.short(8);
    let mut fragments = Vec::new();
    let mut place = 0;
    while place < units {
        let length = (1 + random.short(4)).min(units - place);
        fragments.push(Fragment {
            place,
            units: length,
            more: place + length < units,
            fill: b'a' + u8::try_from(random.below(26)).unwrap_or(0),
        });
        place += length;
    }
    if random.below(3) == 0 {
        let copied = fragments[random.index(fragments.len())];
        fragments.push(copied);
    }
    if random.below(4) == 0 {
        let at = random.index(fragments.len());
        fragments[at].place = (fragments[at].place + random.short(3)).saturating_sub(1);
    }
    if random.below(8) == 0 {
        let at = random.index(fragments.len());
        fragments.remove(at);
    }
    for index in (1..fragments.len()).rev() {
        fragments.swap(index, random.index(index + 1));
    }
    fragments
}
