//! The engine on captures that are in memory, each with a fresh engine.

use std::{
    alloc::System,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use dpi_agent::pcap::{ReadError, read};
use dpi_snort::{
    Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, LinkType, Now,
    Output, SlotTable, Tag, detection::Detection,
};
use dpi_tests::fidelity;
use stats_alloc::{Region, StatsAlloc};

use crate::{cpu::user_seconds, median};

/// Each set is gone through again until it has taken this long, so that the kernel's clock
/// of 10 ms does.
const AT_LEAST_SECONDS: f64 = 1.0;

struct Packet {
    nanos: u64,
    wire_len: u32,
    link_type: LinkType,
    bytes: Vec<u8>,
}

/// Captures of one kind.
struct Set {
    name: &'static str,
    captures: Vec<Vec<Packet>>,
}

#[derive(Default)]
struct Count(u64);

impl Output for Count {
    fn alert(&mut self, _alert: &Alert<'_>) {
        self.0 += 1;
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

pub(crate) fn measure(
    data: &Path,
    rules: &Path,
    rounds: usize,
    allocator: &'static StatsAlloc<System>,
) -> Result<()> {
    let detection = fidelity::rules(rules)?;
    println!(
        "{} rules, one thread, median of {rounds} rounds",
        detection.len()
    );
    println!(
        "{:<12} {:>9} {:>8} {:>9} {:>11} {:>14} {:>8}",
        "set", "packets", "MB", "MB/CPU-s", "us/packet", "allocs/packet", "alerts"
    );
    let sets = [
        ("captures", files(&data.join("pcaps/pcap"))?),
        ("synth", vec![data.join("synth/synth.pcap")]),
        ("near misses", vec![data.join("synth/mut.pcap")]),
    ];
    for (name, paths) in sets {
        let set = Set {
            name,
            captures: paths.iter().map(|path| load(path)).collect::<Result<_>>()?,
        };
        set.measure(&detection, rounds, allocator)?;
    }
    Ok(())
}

/// Every capture once, for a profiler; prints the bytes of their packets.
pub(crate) fn once(data: &Path, rules: &Path) -> Result<()> {
    let detection = fidelity::rules(rules)?;
    let mut count = Count::default();
    let mut bytes = 0;
    for path in files(&data.join("pcaps/pcap"))? {
        let capture = load(&path)?;
        bytes += capture
            .iter()
            .map(|packet| packet.bytes.len())
            .sum::<usize>();
        inspect(&capture, &detection, &mut count);
    }
    println!("{bytes}");
    Ok(())
}

impl Set {
    fn measure(
        &self,
        detection: &Arc<Detection>,
        rounds: usize,
        allocator: &'static StatsAlloc<System>,
    ) -> Result<()> {
        let packets = self.captures.iter().flatten();
        let bytes: usize = packets.clone().map(|packet| packet.bytes.len()).sum();
        let (bytes, packets) = (bytes as f64, packets.count() as f64);
        if packets == 0.0 {
            bail!("{}: no packet", self.name);
        }
        // The first time expressions are compiled and memory is taken up.
        let alerts = self.run(detection);
        let region = Region::new(allocator);
        self.run(detection);
        let allocations = region.change().allocations as f64;
        let mut seconds = Vec::new();
        for _ in 0..rounds {
            let (start, mut times) = (user_seconds()?, 0.0);
            let taken = loop {
                self.run(detection);
                times += 1.0;
                let taken = user_seconds()? - start;
                if taken >= AT_LEAST_SECONDS {
                    break taken;
                }
            };
            seconds.push(taken / times);
        }
        let seconds = median(seconds);
        println!(
            "{:<12} {packets:>9} {:>8.1} {:>9.0} {:>11.2} {:>14.2} {alerts:>8}",
            self.name,
            bytes / 1e6,
            bytes / 1e6 / seconds,
            seconds * 1e6 / packets,
            allocations / packets,
        );
        Ok(())
    }

    /// Every capture once; how many alerts.
    fn run(&self, detection: &Arc<Detection>) -> u64 {
        let mut count = Count::default();
        for capture in &self.captures {
            inspect(capture, detection, &mut count);
        }
        count.0
    }
}

/// A function of its own, so that a profiler finds it.
#[inline(never)]
fn inspect(capture: &[Packet], detection: &Arc<Detection>, count: &mut Count) {
    let slots = Arc::new(SlotTable::default());
    let config = Config {
        // What a worker would hold for one flow table is not part of a short capture.
        max_flows: 65_536,
        ..Config::default()
    };
    let mut engine = Engine::new(config, Arc::clone(detection), slots);
    let mut last = Now::default();
    let mut next_expiry = 0;
    for packet in capture {
        last = Now::from_capture(packet.nanos.max(last.monotonic.0));
        if last.monotonic.0 >= next_expiry {
            engine.expire(last, count);
            next_expiry = last.monotonic.0.saturating_add(1_000_000_000);
        }
        let frame = Frame {
            bytes: &packet.bytes,
            link_type: packet.link_type,
            wire_len: packet.wire_len,
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::Unknown,
            tag: Tag::default(),
        };
        engine.process(&frame, last, count);
    }
    engine.finish(last, count);
}

/// The packets of a file; of one that is cut short or damaged, those before.
fn load(path: &Path) -> Result<Vec<Packet>> {
    let mut packets = Vec::new();
    let result = read(path, &mut |packet| {
        packets.push(Packet {
            nanos: packet.nanos,
            wire_len: packet.wire_len,
            link_type: packet.link_type,
            bytes: packet.bytes.to_vec(),
        });
        Ok(())
    });
    match result {
        Ok(_) => Ok(packets),
        Err(ReadError::Capture(_)) if path.is_file() => Ok(packets),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.with_context(|| folder.display().to_string())?;
    paths.sort();
    Ok(paths)
}
