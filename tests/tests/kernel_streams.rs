//! The running kernel as oracle: what an application receives of overlapping, repeated and
//! reordered segments and fragments is what our reassembly delivers, byte for byte.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use anyhow::{Result, ensure};
use dpi_snort::packet::TcpHeader;
use dpi_tests::{
    kernel_fixture::skipped,
    oracle::{Fragment, FragmentOracle, Given, Segment, StreamOracle, Version},
};

/// Cases drawn at random, of each kind and version.
const RANDOM: u32 = 25_000;

/// A small generator with a fixed seed: the same cases in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(bound)).unwrap_or(0)
    }

    fn short(&mut self, bound: u32) -> u16 {
        u16::try_from(self.below(bound)).unwrap_or(0)
    }

    fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }
}

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

/// Of a thousand random cases so many may differ. Where several held segments overlap, it
/// hangs on the shape of the kernel's red-black tree which of them a new one is compared
/// with: ours is compared with the nearest.
const DIFFERENT: usize = 3;

#[test]
fn random_segments() -> Result<()> {
    for version in Version::BOTH {
        let Some(mut oracle) = oracle(|| StreamOracle::open(version))? else {
            return Ok(());
        };
        let mut random = Random(7);
        let (mut delivered, mut different) = (0, 0);
        for _ in 0..RANDOM {
            let segments = random_case(&mut random);
            let given = oracle.run(&segments)?;
            different += usize::from(given.kernel != given.ours);
            delivered += given.kernel.len();
        }
        println!("{version:?}: {RANDOM} random cases, {delivered} bytes, {different} differences");
        ensure!(delivered > 0);
        ensure!(different * 1000 <= DIFFERENT * RANDOM as usize);
    }
    Ok(())
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
        let mut random = Random(11);
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
