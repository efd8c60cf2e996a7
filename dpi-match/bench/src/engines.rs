//! What searches.

use std::time::Duration;

use anyhow::Result;
use dpi_match::{AhoCorasickMpm, Engine, Mpm, MpmScratch, Pattern, Patterns};

use crate::{
    measure::{since, thread_time},
    sets::Set,
};

/// A matcher that was built for a set.
pub(crate) struct Built {
    pub(crate) name: &'static str,
    pub(crate) plan: String,
    pub(crate) search: Box<dyn Search>,
    pub(crate) build: Duration,
    pub(crate) memory: usize,
}

/// What is measured: one call finds everything in one buffer.
pub(crate) trait Search {
    /// Calls `on_match` with pattern and end.
    fn search(&mut self, buffer: &[u8], on_match: &mut dyn FnMut(u32, usize));
    fn stats(&self) -> Option<dpi_match::MpmStats> {
        None
    }
}

struct ByMpm(Box<dyn Mpm>, MpmScratch);

impl Search for ByMpm {
    fn search(&mut self, buffer: &[u8], on_match: &mut dyn FnMut(u32, usize)) {
        self.0.scan(buffer, 0, &mut self.1, &mut |id, end| {
            on_match(id.0, end);
            true
        });
    }

    fn stats(&self) -> Option<dpi_match::MpmStats> {
        Some(self.1.stats())
    }
}

/// Pattern bytes above which a DFA would take more than a few hundred megabytes.
const MAX_DFA_BYTES: usize = 100_000;

/// Every engine that can be built for the set and whose name contains `only`.
pub(crate) fn all(set: &Set, only: &str) -> Result<Vec<Built>> {
    let mut engines = Vec::new();
    let patterns = || -> Vec<Pattern> {
        let pattern = |(bytes, nocase): &(Vec<u8>, bool)| Pattern {
            bytes: bytes.as_slice().into(),
            nocase: *nocase,
        };
        set.patterns.iter().map(pattern).collect()
    };
    for (name, engine) in [
        ("avx512", Engine::Avx512),
        ("avx2", Engine::Avx2),
        ("neon", Engine::Neon),
        ("portable", Engine::Portable),
    ] {
        if name.contains(only) && engine.is_available() {
            let mut list = Patterns::new();
            for (bytes, nocase) in &set.patterns {
                list.add(bytes, *nocase)?;
            }
            engines.push(by_mpm(name, || Ok(list.build_with(engine)?))?);
        }
    }
    let bytes: usize = set.patterns.iter().map(|(bytes, _)| bytes.len()).sum();
    if "ac-dfa".contains(only) && bytes <= MAX_DFA_BYTES {
        let list = patterns();
        engines.push(by_mpm("ac-dfa", || {
            Ok(Box::new(AhoCorasickMpm::dfa(list)?))
        })?);
    }
    if "ac-nfa".contains(only) {
        let list = patterns();
        engines.push(by_mpm("ac-nfa", || {
            Ok(Box::new(AhoCorasickMpm::nfa(list)?))
        })?);
    }
    #[cfg(feature = "hyperscan")]
    if "hyperscan".contains(only) {
        engines.push(crate::hyperscan::built(set)?);
    }
    Ok(engines)
}

fn by_mpm(name: &'static str, build: impl FnOnce() -> Result<Box<dyn Mpm>>) -> Result<Built> {
    let start = thread_time();
    let mpm = build()?;
    Ok(Built {
        name,
        plan: mpm.plan().to_string(),
        build: since(start),
        memory: mpm.memory(),
        search: Box::new(ByMpm(mpm, MpmScratch::default())),
    })
}
