//! The naive evaluator: every rule on every unit. What [`Detection::inspect`] finds must
//! be found here as well, and nothing else; tests compare the two.
//!
//! A rule with a fast pattern is judged here only where one of the buffers it searches is
//! new, since that is part of what its author may rely on (an alert for each message, not
//! for each section); so the oracle asks for the literal by a plain search of its own.

use super::{Detection, Event, FlowState, Scratch, fast_pattern};
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
        scratch.begin(self.rules.len());
        self.collect_naively(unit, scratch);
        self.run(unit, slot, state, scratch, now, emit);
    }

    /// The same, in the order of the fast path, which has a say where rules set and test a
    /// bit on one unit; what the fast path does not find comes last.
    pub(super) fn collect_every(&self, unit: &InspectionUnit<'_>, scratch: &mut Scratch) {
        self.collect(unit, scratch);
        let fast = std::mem::take(&mut scratch.candidates);
        scratch.begin(self.rules.len());
        self.collect_naively(unit, scratch);
        let place = |rule: &u32| fast.iter().position(|found| found == rule);
        scratch
            .candidates
            .sort_by_key(|rule| place(rule).unwrap_or(usize::MAX));
    }

    /// Every rule without a literal, and every rule whose literal a plain search finds.
    pub(super) fn collect_naively(&self, unit: &InspectionUnit<'_>, scratch: &mut Scratch) {
        let mut fresh: Vec<(BufferId, Vec<u8>)> = vec![
            (BufferId::PktData, unit.payload.to_vec()),
            (BufferId::RawData, unit.raw_payload.to_vec()),
        ];
        unit.buffers
            .fresh(&mut |buffer, data| fresh.push((buffer, data.to_vec())));
        for (index, compiled) in (0..).zip(&self.rules) {
            let wanted = match fast_pattern::choose(&compiled.payload_tests) {
                None => true,
                Some((buffer, content)) => fresh
                    .iter()
                    .any(|(id, data)| *id == buffer && occurs(content.fast_bytes(), data)),
            };
            if wanted {
                scratch.candidate(index);
            }
        }
    }
}

fn occurs((needle, nocase): (&[u8], bool), haystack: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| {
        if nocase {
            window.eq_ignore_ascii_case(needle)
        } else {
            window == needle
        }
    })
}
