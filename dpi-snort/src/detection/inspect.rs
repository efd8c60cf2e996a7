//! One unit through all rules: candidates, then evaluation.

use super::{
    Detection, Event, FlowState, RuleLimit, Scratch, compile::Compiled, evaluate::Evaluation,
    events::Sighting, unit_header::UnitHeader,
};
use crate::{
    frame::Slot,
    ips_options::{Context, IpsOption},
    time::MonoTime,
    unit::InspectionUnit,
};

/// Whether the beginnings that rules share are evaluated once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evaluate {
    Shared,
    /// Each rule by itself, for those who check the other way.
    Alone,
}

impl Detection {
    /// Tries the rules on a unit and calls `emit` for each alert: the most severe first,
    /// then by gid and sid.
    pub fn inspect(
        &self,
        unit: &InspectionUnit<'_>,
        slot: Slot,
        mut state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        #[cfg(test)]
        let before = state.as_deref().cloned();
        scratch.begin(self);
        let way = if scratch.try_every_rule {
            self.collect_every(unit, scratch);
            Evaluate::Alone
        } else {
            self.collect(unit, state.as_deref_mut(), scratch);
            Evaluate::Shared
        };
        if scratch.tracer.is_some() {
            self.trace(unit, state.as_deref(), scratch);
        }
        self.run(way, (unit, slot), state, scratch, now, emit);
        #[cfg(test)]
        if let Some(shadow) = &mut scratch.shadow {
            let fast: Vec<_> = scratch.matched.iter().map(|m| m.index).collect();
            shadow.follow(self, unit, before, (slot, now), &fast);
        }
    }

    /// Tries the candidates and emits what they came to.
    pub(super) fn run(
        &self,
        way: Evaluate,
        (unit, slot): (&InspectionUnit<'_>, Slot),
        mut state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        let candidates = std::mem::take(&mut scratch.candidates);
        let sighting = Sighting::new(unit, slot, now);
        let header = UnitHeader::of(unit);
        let mut steps = scratch.max_steps;
        let mut passed = false;
        let mut last = None;
        for index in &candidates {
            let Some(compiled) = self.rules.get(*index as usize) else {
                continue;
            };
            if !header.fits(compiled) {
                continue;
            }
            if steps == 0 {
                scratch.out_of_steps(last);
                break;
            }
            last = Some(compiled.rule.id);
            scratch.stats.evaluations = scratch.stats.evaluations.saturating_add(1);
            if try_rule(way, (compiled, unit), state.as_deref(), scratch, &mut steps) {
                set_bits(compiled, state.as_deref_mut());
                passed |= scratch.matched(*index, compiled, &sighting);
            }
        }
        scratch.candidates = candidates;
        if passed {
            scratch.matched.clear();
        }
        self.emit_all(&sighting, state, scratch, emit);
    }
}

/// Whether all options of the rule hold.
fn try_rule(
    way: Evaluate,
    (compiled, unit): (&Compiled, &InspectionUnit<'_>),
    state: Option<&FlowState>,
    scratch: &mut Scratch,
    steps: &mut u32,
) -> bool {
    let budget = scratch.max_rule_steps.min(*steps);
    let pcre_before = scratch.stats.pcre_limit;
    let mut evaluation = Evaluation {
        context: Context {
            unit,
            flowbits: state.map(|state| &state.flowbits),
            pcre: &mut scratch.pcre,
            pcre_limit_hits: &mut scratch.stats.pcre_limit,
        },
        steps: budget,
    };
    let matches = match way {
        Evaluate::Shared => evaluation.matches_from(compiled, &mut scratch.memory),
        Evaluate::Alone => evaluation.matches(compiled),
    };
    let left = evaluation.steps;
    *steps = steps.saturating_sub(budget.saturating_sub(left));
    if left == 0 && budget == scratch.max_rule_steps {
        scratch.stats.rule_step_limit = scratch.stats.rule_step_limit.saturating_add(1);
        scratch.limits.count(compiled.rule.id, RuleLimit::Steps, 1);
    }
    let given_up = scratch.stats.pcre_limit.saturating_sub(pcre_before);
    scratch
        .limits
        .count(compiled.rule.id, RuleLimit::Pcre, given_up);
    matches
}

/// Does what the rule asks for beside its alert.
fn set_bits(compiled: &Compiled, state: Option<&mut FlowState>) {
    let Some(state) = state else {
        return;
    };
    for option in &compiled.setters {
        match option {
            IpsOption::Flowbits(bits) => bits.apply(&mut state.flowbits),
            IpsOption::StreamReassemble(option) => option.apply(state),
            _ => {}
        }
    }
}
