//! What every engine offers, and the memory that a scan writes to.

use crate::{PatternId, Plan, sieve::Queue};

/// A multi-pattern matcher: finds every occurrence of every one of its patterns.
pub trait Mpm: Send + Sync + std::fmt::Debug {
    /// Calls `on_match` with the pattern and the offset behind its last byte, for every
    /// occurrence that ends behind `from`, overlapping ones too.
    ///
    /// Bytes in front of `from` are context: an occurrence may begin there. So a stream is
    /// scanned chunk by chunk, each with the [`Mpm::reach`] − 1 bytes before it, and every
    /// match is reported once. Occurrences of one pattern come by rising offset; the order
    /// among different patterns is the engine's. `on_match` returns whether to go on.
    fn scan(
        &self,
        haystack: &[u8],
        from: usize,
        scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    );

    /// As [`Mpm::scan`], but only the first occurrence of each pattern, by rising end, the
    /// longer pattern first where two end together: the same order with every engine.
    fn scan_first(
        &self,
        haystack: &[u8],
        from: usize,
        scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    ) {
        let mut seen = std::mem::take(&mut scratch.seen);
        seen.begin();
        self.scan(haystack, from, scratch, &mut |id, end| {
            if seen.insert(id) {
                seen.note(id, end, self.length_of(id));
            }
            true
        });
        seen.report(on_match);
        scratch.seen = seen;
    }

    /// Length of a pattern in bytes; 0 for an id that is not of this set.
    fn length_of(&self, id: PatternId) -> usize;

    /// Length of the longest pattern; 0 for the empty set.
    fn reach(&self) -> usize;

    /// Bytes of memory that the matcher holds.
    fn memory(&self) -> usize;

    /// How the matcher searches.
    fn plan(&self) -> Plan;
}

/// Memory that scans write to: one for each thread, for all matchers.
///
/// 11 KiB, and with [`Mpm::scan_first`] four bytes for each pattern of the largest set and
/// sixteen for each one found.
#[derive(Debug, Default)]
pub struct MpmScratch {
    pub(crate) queue: Box<Queue>,
    pub(crate) seen: Seen,
    pub(crate) stats: MpmStats,
}

/// What scans did: counts of work, the same on every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MpmStats {
    /// Positions that a filter let through.
    pub candidates: u64,
    /// Of these, positions whose window is that of a pattern by hash.
    pub survivors: u64,
    /// Patterns compared at a position, and one more for every eight bytes compared.
    pub comparisons: u64,
    /// Scans that ran out of their allowance of comparisons and went on by automaton.
    pub takeovers: u64,
}

/// Patterns found by one scan.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    generation: u32,
    /// Generation in which a pattern was found, by id.
    of: Vec<u32>,
    /// End, negative length, id.
    found: Vec<(usize, std::cmp::Reverse<u32>, PatternId)>,
}

impl MpmScratch {
    /// What the scans with this scratch did.
    pub fn stats(&self) -> MpmStats {
        self.stats
    }

    /// Bytes of memory that the scratch holds.
    pub fn memory(&self) -> usize {
        size_of::<Queue>() + self.seen.of.capacity() * 4 + self.seen.found.capacity() * 16
    }
}

impl Seen {
    pub(crate) fn begin(&mut self) {
        self.found.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.of.fill(0);
            self.generation = 1;
        }
    }

    pub(crate) fn contains(&self, id: PatternId) -> bool {
        self.of.get(id.0 as usize) == Some(&self.generation)
    }

    /// Whether the pattern is new.
    pub(crate) fn insert(&mut self, id: PatternId) -> bool {
        let index = id.0 as usize;
        if index >= self.of.len() {
            self.of.resize(index.saturating_add(1), 0);
        }
        match self.of.get_mut(index) {
            Some(generation) if *generation != self.generation => {
                *generation = self.generation;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn note(&mut self, id: PatternId, end: usize, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.found.push((end, std::cmp::Reverse(length), id));
    }

    pub(crate) fn report(&mut self, on_match: &mut dyn FnMut(PatternId, usize) -> bool) {
        self.found.sort_unstable();
        for (end, _, id) in &self.found {
            if !on_match(*id, *end) {
                return;
            }
        }
    }
}
