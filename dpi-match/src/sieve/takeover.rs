//! What bounds a haystack that is made to be slow: after so many comparisons the rest of it
//! is scanned by an automaton, whose cost does not depend on the bytes.
//!
//! Worst case of a scan of n bytes: one visit of the filters and of the first tables for each
//! position and layer, `allowance(n)` comparisons of at most eight bytes, those of one more
//! position, and one pass of the automaton. The automaton is built when it is first needed,
//! since hardly any traffic needs it, and kept.

use std::sync::OnceLock;

use aho_corasick::{Anchored, automaton::Automaton, nfa::contiguous::NFA};

use super::{
    literals::Literals,
    scan::{Run, Sink, Stop},
};
use crate::PatternId;

/// Comparisons for each byte: a flood of matches of ordinary literals needs one or two.
const PER_BYTE: u64 = 8;
/// Comparisons that any scan may make.
const FLOOR: u64 = 256;
/// Bytes of literals above which the automaton would take hundreds of megabytes: such a set
/// is not bounded.
const MAX_BYTES: usize = 8 << 20;

/// Comparisons, in units of [`crate::MpmStats::comparisons`], that a scan of so many bytes
/// may make before the automaton takes over.
pub(super) fn allowance(bytes: usize) -> u64 {
    FLOOR.saturating_add((bytes as u64).saturating_mul(PER_BYTE))
}

/// The automaton, once it was needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Takeover(OnceLock<Option<Box<NFA>>>);

impl Takeover {
    pub(super) fn memory(&self) -> usize {
        match self.0.get() {
            Some(Some(nfa)) => nfa.memory_usage(),
            _ => 0,
        }
    }

    /// Whether there is an automaton for the set, or can be.
    pub(super) fn is_possible(&self, literals: &Literals) -> bool {
        literals.total_bytes() <= MAX_BYTES && self.automaton(literals).is_some()
    }

    fn automaton(&self, literals: &Literals) -> Option<&NFA> {
        let built = self.0.get_or_init(|| {
            let nfa = NFA::builder()
                .ascii_case_insensitive(true)
                .build(literals.iter().map(|(_, literal)| literals.bytes(literal)));
            nfa.ok().map(Box::new)
        });
        built.as_deref()
    }
}

impl<S: Sink> Run<'_, S> {
    /// Reports what the layers would still report: `stops` has the first position that each
    /// of them has not looked at.
    pub(super) fn take_over(&mut self, stops: &[Stop]) {
        self.stats.takeovers += 1;
        let takeover = self.takeover;
        let Some(nfa) = takeover.automaton(self.literals) else {
            return;
        };
        let Ok(mut state) = nfa.start_state(Anchored::No) else {
            return;
        };
        let first = stops.iter().map(Stop::first).min().unwrap_or(0);
        let begin = first.saturating_sub(self.literals.reach());
        let window = self.haystack.get(begin..).unwrap_or_default();
        for (end, byte) in (begin + 1..).zip(window) {
            state = nfa.next_state(Anchored::No, state, *byte);
            if !nfa.is_special(state) || !nfa.is_match(state) || end <= self.from {
                continue;
            }
            for index in 0..nfa.match_len(state) {
                let literal = nfa.match_pattern(state, index).as_u32();
                if !self.automaton_match(literal, end, stops) {
                    return;
                }
            }
        }
    }

    /// Reports an occurrence unless its layer has; false when the caller has had enough.
    fn automaton_match(&mut self, literal: u32, end: usize, stops: &[Stop]) -> bool {
        let Some(literal) = self.literals.get(literal) else {
            return true;
        };
        let layer = usize::from(literal.layer);
        let (Some(stop), Some(stride)) = (
            stops.get(layer),
            self.layers.get(layer).map(|layer| layer.stride),
        ) else {
            return true;
        };
        let Some(start) = end.checked_sub(literal.len()) else {
            return true;
        };
        // Where the layer sees it: at the first of its windows that lies on the grid.
        let seen_at = (start + usize::from(literal.offset)).next_multiple_of(stride);
        if seen_at < stop.of(usize::from(literal.width)) {
            return true;
        }
        let window = self.haystack.get(start..end).unwrap_or_default();
        if !self.literals.compare(literal, window).0 {
            return true;
        }
        let length = literal.len();
        let ids: &[PatternId] = self.literals.ids(literal);
        ids.iter()
            .all(|id| !self.sink.wants(*id) || self.sink.found(*id, end, length))
    }
}
