//! Attacks on the layers below the application, one a test: what they hide is found, what the
//! receiver never reads is not, and nothing grows with them. Floods are in the tests of the
//! whole; overlaps, windows and the like are held against the running kernel there.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/frames.rs"]
mod frames;
#[path = "../common/tcp.rs"]
mod tcp;

mod http;
mod ip;
mod streams;

use std::collections::BTreeMap;

use dpi_snort::Config;

/// What frames come to: how often each rule alerted, and the counters that are not 0.
struct Outcome {
    alerts: BTreeMap<u32, usize>,
    counters: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// How often rule 1 alerted.
    fn found(&self) -> usize {
        self.alerts.get(&1).copied().unwrap_or(0)
    }

    fn count(&self, counter: &str) -> u64 {
        self.counters.get(counter).copied().unwrap_or(0)
    }
}

fn outcome(rules: &str, frames: &[Vec<u8>]) -> Outcome {
    outcome_with(rules, frames, Config::default())
}

/// Frames a millisecond apart through a fresh engine, every one booked.
fn outcome_with(rules: &str, frames: &[Vec<u8>], config: Config) -> Outcome {
    let mut engine = tcp::engine(rules, config);
    let alerts = tcp::run(&mut engine, frames);
    let mut result = Outcome {
        alerts: BTreeMap::new(),
        counters: BTreeMap::new(),
    };
    for (sid, _) in alerts.0 {
        *result.alerts.entry(sid).or_default() += 1;
    }
    engine.each_counter(|name, value| {
        if value > 0 {
            result.counters.insert(name, value);
        }
    });
    let booked: u64 = result
        .counters
        .iter()
        .filter(|(name, _)| **name == "inspected" || name.starts_with("dropped."))
        .map(|(_, value)| value)
        .sum();
    assert_eq!(booked, frames.len() as u64, "{:?}", result.counters);
    result
}
