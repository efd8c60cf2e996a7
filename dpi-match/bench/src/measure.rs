//! One cell: a set, a corpus, every engine, in turns.

use std::{hint::black_box, time::Duration};

use anyhow::{Result, bail};
use dpi_match::MpmStats;

use crate::{corpora::Corpus, engines::Built, sets::Set};

/// What was measured.
pub(crate) struct Cell {
    pub(crate) set: String,
    pub(crate) patterns: usize,
    pub(crate) corpus: String,
    pub(crate) bytes: usize,
    pub(crate) buffers: usize,
    pub(crate) matches: u64,
    pub(crate) results: Vec<Measured>,
}

/// One engine's part.
pub(crate) struct Measured {
    pub(crate) engine: &'static str,
    pub(crate) plan: String,
    pub(crate) median: Duration,
    pub(crate) build: Duration,
    pub(crate) memory: usize,
    /// Of the run that was compared, not measured.
    pub(crate) stats: Option<MpmStats>,
}

/// CPU time of this thread.
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// CPU time of this thread since then.
pub(crate) fn since(start: Duration) -> Duration {
    thread_time().saturating_sub(start)
}

/// Compares what the engines find, then measures them `runs` times in turns.
pub(crate) fn cell(set: &Set, corpus: &Corpus, engines: &mut [Built], runs: usize) -> Result<Cell> {
    let mut expected: Option<(u64, u64)> = None;
    let mut stats = Vec::new();
    for engine in &mut *engines {
        let before = engine.search.stats();
        let found = fingerprint(engine, corpus);
        if *expected.get_or_insert(found) != found {
            bail!(
                "{} finds {} in {} on {}, the first engine {expected:?}",
                engine.name,
                found.0,
                set.name,
                corpus.name
            );
        }
        let after = engine.search.stats();
        stats.push(
            after
                .zip(before)
                .map(|(after, before)| difference(after, before)),
        );
    }
    let mut times = vec![Vec::new(); engines.len()];
    for _ in 0..runs {
        for (engine, times) in engines.iter_mut().zip(&mut times) {
            times.push(run(engine, corpus));
        }
    }
    let results = engines.iter().zip(times).zip(stats);
    let results = results.map(|((engine, mut times), stats)| {
        times.sort_unstable();
        Measured {
            engine: engine.name,
            plan: engine.plan.clone(),
            median: times.get(times.len() / 2).copied().unwrap_or_default(),
            build: engine.build,
            memory: engine.memory,
            stats,
        }
    });
    Ok(Cell {
        set: set.name.clone(),
        patterns: set.patterns.len(),
        corpus: corpus.name.clone(),
        bytes: corpus.buffers.iter().map(Vec::len).sum(),
        buffers: corpus.buffers.len(),
        matches: expected.unwrap_or_default().0,
        results: results.collect(),
    })
}

/// How many matches there are, and a sum over buffer, end and pattern of each.
fn fingerprint(engine: &mut Built, corpus: &Corpus) -> (u64, u64) {
    let mut sum = (0u64, 0u64);
    for (index, buffer) in corpus.buffers.iter().enumerate() {
        engine.search.search(buffer, &mut |id, end| {
            let place = (index as u64) << 40 ^ (end as u64) << 20 ^ u64::from(id);
            let mixed = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            sum.0 += 1;
            sum.1 = sum
                .1
                .wrapping_add((mixed ^ mixed >> 29).wrapping_mul(mixed | 1));
        });
    }
    sum
}

fn run(engine: &mut Built, corpus: &Corpus) -> Duration {
    let start = thread_time();
    let mut count = 0u64;
    for buffer in &corpus.buffers {
        engine.search.search(buffer, &mut |_, _| count += 1);
    }
    black_box(count);
    since(start)
}

fn difference(after: MpmStats, before: MpmStats) -> MpmStats {
    MpmStats {
        candidates: after.candidates - before.candidates,
        survivors: after.survivors - before.survivors,
        comparisons: after.comparisons - before.comparisons,
        takeovers: after.takeovers - before.takeovers,
    }
}
