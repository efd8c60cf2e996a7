//! Captures through the whole engine, every unit also judged by the naive evaluator.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped or compared is printed for the record"
)]

use std::{fs, path::PathBuf};

use super::*;
use crate::{
    Alert, ChecksumState, FlowEndpoints, LinkType, Tag,
    detection::oracle::Shadow,
    parser::{ClassificationConfig, Variables, parse_files},
};

/// Captures that are run, evenly chosen of all by name; and frames of each.
const CAPTURES: usize = 90;
const FRAMES: usize = 120;

pub(super) struct Silent;

impl Output for Silent {
    fn alert(&mut self, _alert: &Alert<'_>) {}
    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

/// Frames of a classic capture of Ethernet, little-endian, with their time in nanoseconds;
/// none for other files.
fn frames(file: &[u8]) -> Vec<(u64, &[u8])> {
    let word = |at: usize| {
        let bytes = file.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let mut frames = Vec::new();
    if word(0) != Some(0xa1b2_c3d4) || word(20) != Some(1) {
        return frames;
    }
    let mut at = 24;
    while let (Some(seconds), Some(micros), Some(len)) = (word(at), word(at + 4), word(at + 8)) {
        let start = at + 16;
        let Some(bytes) = file.get(start..start + len as usize) else {
            break;
        };
        let nanos = u64::from(seconds) * 1_000_000_000 + u64::from(micros) * 1_000;
        frames.push((nanos, bytes));
        at = start + len as usize;
    }
    frames
}

/// Runs the first frames of a capture.
pub(super) fn run(engine: &mut Engine, file: &[u8], count: usize) {
    let mut last = Now::default();
    for (nanos, bytes) in frames(file).into_iter().take(count) {
        let frame = Frame {
            bytes,
            link_type: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::NotReady,
            tag: Tag::default(),
        };
        last = Now::from_capture(nanos.max(last.monotonic.0));
        engine.expire(last, &mut Silent);
        engine.process(&frame, last, &mut Silent);
    }
    engine.finish(last, &mut Silent);
}

#[test]
fn the_fast_path_agrees_with_the_oracle_on_captures() {
    let root = std::env::var("DPI_TEST_DATA").unwrap_or_else(|_| "../../shared/data".to_owned());
    let rules = fs::read(format!("{root}/rules/snort3-community.rules"));
    let captures = fs::read_dir(format!("{root}/pcaps/pcap"));
    let (Ok(rules), Ok(captures)) = (rules, captures) else {
        println!(
            "skipped: the_fast_path_agrees_with_the_oracle_on_captures: no rules or captures in {root}: set DPI_TEST_DATA"
        );
        return;
    };
    let ruleset = parse_files(
        [("community", rules.as_slice())],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    let config = Config::default();
    let detection = Arc::new(Detection::compile(ruleset, &config).unwrap().0);
    let mut paths: Vec<PathBuf> = captures.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    let step = paths.len().div_ceil(CAPTURES).max(1);
    let (mut units, mut matches) = (0, 0);
    for path in paths.iter().step_by(step) {
        let slots = Arc::new(SlotTable::default());
        let mut engine = Engine::new(config.clone(), Arc::clone(&detection), slots);
        engine.scratch.shadow = Some(Box::new(Shadow::new(&config)));
        run(&mut engine, &fs::read(path).unwrap(), FRAMES);
        assert_eq!(engine.stats().get(Counter::DroppedPanic), 0, "{path:?}");
        let shadow = engine.scratch.shadow.expect("no panic took it away");
        assert!(
            shadow.differences.is_empty(),
            "{path:?}: {:#?}",
            shadow.differences
        );
        units += shadow.units;
        matches += shadow.matches;
    }
    println!("{units} units and {matches} matches compared");
    assert!(
        units > 1_000 && matches > 20,
        "{units} units, {matches} matches"
    );
}
