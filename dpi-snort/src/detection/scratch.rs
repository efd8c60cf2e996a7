//! What detection writes to while it looks at units: one for each engine.

use std::sync::Arc;

use dpi_match::{
    MpmScratch,
    pcre::{Limits, MatchScratch},
};

use super::{
    Detection, LimitHits, Tracer, compile::RuleIndex, events::Matched, matcher::Hit,
    merged::MergedCache, option_tree::Memory,
};
use crate::{
    config::{Config, EventQueue},
    filters::{FilterSet, FilterTable},
};

/// KiB of heap for one expression's backtracking.
pub(super) const PCRE_HEAP_KIB: u32 = 4096;

/// Working memory of detection, used again for every unit, and the counts of filters.
#[derive(Debug)]
pub struct Scratch {
    pub(super) mpm: MpmScratch,
    pub(super) pcre: MatchScratch,
    pub(super) filters: FilterTable,
    /// Filters by rule.
    pub(super) set: Arc<FilterSet>,
    pub(super) limits: LimitHits,
    /// Merged sets that were used last.
    pub(super) merged: MergedCache,
    /// Literals found in the unit under examination.
    pub(super) hits: Vec<Hit>,
    /// What beginnings of rules came to on the unit under examination.
    pub(super) memory: Memory,
    /// Rules to be tried, in the order found.
    pub(super) candidates: Vec<RuleIndex>,
    /// Generation in which a rule became a candidate: it is tried once a unit.
    pub(super) seen: Vec<u32>,
    pub(super) generation: u32,
    /// Rules that matched and alert.
    pub(super) matched: Vec<Matched>,
    pub(super) queue: EventQueue,
    pub(super) max_steps: u32,
    pub(super) max_rule_steps: u32,
    pub(super) try_every_rule: bool,
    pub(super) stats: DetectionStats,
    /// Bytes searched for literals since they were last asked for.
    pub(super) searched: u64,
    /// Follows one rule.
    pub(crate) tracer: Option<Box<Tracer>>,
    /// Follows the fast path in tests.
    #[cfg(test)]
    pub(crate) shadow: Option<Box<super::oracle::Shadow>>,
}

/// How often a limit of detection was hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectionStats {
    /// Rules whose options were tried.
    pub evaluations: u64,
    /// Expressions given up at a limit of PCRE2.
    pub pcre_limit: u64,
    /// Units on which rules were left untried after `max_evaluation_steps`.
    pub step_limit: u64,
    /// Rules given up on a unit after `max_rule_steps`.
    pub rule_step_limit: u64,
    /// Matches beyond `max_queue` and `max_log` on one unit.
    pub queue_limit: u64,
    /// Buffers searched more than once because `max_merged_rules` was reached.
    pub merged_limit: u64,
    /// Counts of filters that were forgotten for lack of room.
    pub filter_evicted: u64,
}

impl Scratch {
    /// Working memory with the limits of `config`.
    pub fn new(config: &Config) -> Scratch {
        Scratch {
            mpm: MpmScratch::default(),
            pcre: MatchScratch::new(Limits {
                matches: config.pcre_match_limit,
                depth: config.pcre_depth_limit,
                heap_kib: PCRE_HEAP_KIB,
            }),
            filters: FilterTable::new(config.max_filter_counts),
            set: Arc::clone(&config.filters),
            limits: LimitHits::default(),
            merged: MergedCache::default(),
            hits: Vec::new(),
            memory: Memory::default(),
            candidates: Vec::new(),
            seen: Vec::new(),
            generation: 0,
            matched: Vec::new(),
            queue: config.event_queue,
            max_steps: config.max_evaluation_steps,
            max_rule_steps: config.max_rule_steps,
            try_every_rule: config.try_every_rule,
            stats: DetectionStats::default(),
            searched: 0,
            tracer: None,
            #[cfg(test)]
            shadow: None,
        }
    }

    /// How often limits were hit.
    pub fn stats(&self) -> DetectionStats {
        DetectionStats {
            filter_evicted: self.filters.evicted(),
            ..self.stats
        }
    }

    /// Bytes searched for literals since the last call.
    pub(crate) fn take_searched(&mut self) -> u64 {
        std::mem::take(&mut self.searched)
    }

    /// Goes on with other filters than those of the configuration.
    pub fn use_filters(&mut self, filters: &Arc<FilterSet>) {
        if !Arc::ptr_eq(filters, &self.set) {
            self.set = Arc::clone(filters);
        }
    }

    /// Forgets the candidates of the unit before.
    pub(super) fn begin(&mut self, detection: &Detection) {
        self.candidates.clear();
        self.matched.clear();
        self.memory.begin(detection.nodes);
        let rules = detection.rules.len();
        if self.seen.len() != rules || self.generation == u32::MAX {
            self.seen.clear();
            self.seen.resize(rules, 0);
            self.generation = 0;
        }
        self.generation = self.generation.saturating_add(1);
    }

    /// Notes a candidate, once a unit.
    pub(super) fn candidate(&mut self, rule: RuleIndex) {
        note(&mut self.seen, &mut self.candidates, self.generation, rule);
    }
}

/// The same where the parts of a scratch are borrowed one by one; whether it is a new one.
pub(super) fn note(
    seen: &mut [u32],
    candidates: &mut Vec<RuleIndex>,
    generation: u32,
    rule: RuleIndex,
) -> bool {
    let is_new = |mark: &&mut u32| **mark != generation;
    let mark = seen.get_mut(rule as usize).filter(is_new);
    if let Some(mark) = mark {
        *mark = generation;
        candidates.push(rule);
        return true;
    }
    false
}
