//! The naive evaluator: every rule on every unit. What [`Detection::inspect`] finds must
//! be found here as well, and nothing else; tests compare the two.
//!
//! A rule with a fast pattern is judged here only where one of the buffers it searches is
//! new, since that is part of what its author may rely on (an alert for each message, not
//! for each section); so the oracle asks for the literal by a plain search of its own.

use super::{
    Detection, Event, FlowState, Scratch, compile::Compiled, inspect::Evaluate,
    unit_header::UnitHeader,
};
use crate::{buffers::BufferId, frame::Slot, time::MonoTime, unit::InspectionUnit};

impl Detection {
    /// Tries every rule, by rising id.
    pub fn inspect_naively(
        &self,
        unit: &InspectionUnit<'_>,
        slot: Slot,
        state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        scratch.begin(self);
        self.collect_naively(unit, scratch);
        self.run(Evaluate::Alone, (unit, slot), state, scratch, now, emit);
    }

    /// The same, in the order of the fast path, which has a say where rules set and test a
    /// bit on one unit; what the fast path does not find comes last.
    pub(super) fn collect_every(&self, unit: &InspectionUnit<'_>, scratch: &mut Scratch) {
        self.collect(unit, None, scratch);
        let fast = std::mem::take(&mut scratch.candidates);
        scratch.begin(self);
        self.collect_naively(unit, scratch);
        let place = |rule: &u32| fast.iter().position(|found| found == rule);
        scratch
            .candidates
            .sort_by_key(|rule| place(rule).unwrap_or(usize::MAX));
    }

    /// Every rule without a literal, and every rule whose literal a plain search finds.
    pub(super) fn collect_naively(&self, unit: &InspectionUnit<'_>, scratch: &mut Scratch) {
        let fresh = Fresh::of(unit);
        let header = UnitHeader::of(unit);
        for (index, compiled) in (0..).zip(&self.rules) {
            // The header is asked first since that is quick; it is asked again.
            if header.fits(compiled) && fresh.leads_to(compiled) {
                scratch.candidate(index);
            }
        }
    }

    /// Tries every rule, by rising id, without asking for any literal: what must be found
    /// where all buffers of the unit are new.
    pub fn inspect_exhaustively(
        &self,
        unit: &InspectionUnit<'_>,
        slot: Slot,
        state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        scratch.begin(self);
        for (index, _) in (0..).zip(&self.rules) {
            scratch.candidate(index);
        }
        self.run(Evaluate::Alone, (unit, slot), state, scratch, now, emit);
    }
}

/// The buffers of a unit that are new with it.
pub(super) struct Fresh(Vec<(BufferId, Vec<u8>)>);

impl Fresh {
    pub(super) fn of(unit: &InspectionUnit<'_>) -> Fresh {
        let mut fresh = vec![
            (BufferId::PktData, unit.payload.to_vec()),
            (BufferId::RawData, unit.raw_payload.to_vec()),
        ];
        unit.buffers
            .fresh(&mut |buffer, data| fresh.push((buffer, data.to_vec())));
        Fresh(fresh)
    }

    /// Whether the rule has no literal, or one of the buffers has it.
    pub(super) fn leads_to(&self, compiled: &Compiled) -> bool {
        compiled.literal().is_none_or(|(buffer, content)| {
            let mut buffers = self.0.iter().filter(|(id, _)| *id == buffer);
            buffers.any(|(_, data)| occurs(content.fast_bytes(), data))
        })
    }
}

fn occurs((needle, nocase): (&[u8], bool), haystack: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return true;
    };
    let is_at = |at: usize| {
        let rest = haystack.get(at..).unwrap_or_default();
        rest.get(..needle.len()).is_some_and(|window| {
            if nocase {
                window.eq_ignore_ascii_case(needle)
            } else {
                window == needle
            }
        })
    };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, haystack).any(is_at)
}

/// Follows [`Detection::inspect`] with the naive evaluator, unit by unit, and notes where the
/// two match different rules. Rules that test flowbits are left out: within one unit the
/// order in which rules are tried has a say in them.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Shadow {
    scratch: Scratch,
    /// Units compared.
    pub(crate) units: u64,
    /// Matches compared.
    pub(crate) matches: usize,
    /// What differed.
    pub(crate) differences: Vec<String>,
}

#[cfg(test)]
impl Shadow {
    pub(crate) fn new(config: &crate::Config) -> Shadow {
        Shadow {
            scratch: Scratch::new(config),
            units: 0,
            matches: 0,
            differences: Vec::new(),
        }
    }

    /// Compares the naive evaluator's matches with those of the fast path.
    pub(super) fn follow(
        &mut self,
        detection: &Detection,
        unit: &InspectionUnit<'_>,
        mut state: Option<FlowState>,
        (slot, now): (Slot, MonoTime),
        fast: &[super::compile::RuleIndex],
    ) {
        let scratch = &mut self.scratch;
        detection.inspect_naively(unit, slot, state.as_mut(), scratch, now, &mut |_| {});
        let ids = |indices: &[u32]| {
            let rules = indices
                .iter()
                .map(|index| &detection.rules[*index as usize]);
            let mut ids: Vec<_> = rules
                .filter(|compiled| {
                    let mut tests = compiled.header_tests.iter();
                    !tests.any(|test| matches!(test, crate::ips_options::IpsOption::Flowbits(_)))
                })
                .map(|compiled| compiled.rule.id)
                .collect();
            ids.sort_unstable();
            ids
        };
        let naive: Vec<_> = scratch.matched.iter().map(|m| m.index).collect();
        let (fast, naive) = (ids(fast), ids(&naive));
        self.units += 1;
        self.matches += naive.len();
        if fast != naive {
            let payload = String::from_utf8_lossy(unit.payload);
            self.differences.push(format!(
                "{:?} {payload:?}: fast path {fast:?}, oracle {naive:?}",
                unit.kind
            ));
        }
    }
}
