//! One unit through all rules: candidates, evaluation, filters, events.

use super::{
    Detection, Event, FlowState, Scratch,
    compile::{Compiled, RuleIndex},
    evaluate::{Evaluation, header_fits},
    fast_pattern::Layer,
    scratch::note,
};
use crate::{
    buffers::BufferId,
    frame::Slot,
    ips_options::{Context, IpsOption},
    output::Action,
    time::MonoTime,
    unit::{InspectionUnit, UnitKind},
};

impl Detection {
    /// Tries the rules on a unit and calls `emit` for each alert: the most severe first,
    /// then by gid and sid.
    pub fn inspect(
        &self,
        unit: &InspectionUnit<'_>,
        slot: Slot,
        state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        #[cfg(test)]
        let before = state.as_deref().cloned();
        scratch.begin(self.rules.len());
        if scratch.try_every_rule {
            self.collect_every(unit, scratch);
        } else {
            self.collect(unit, scratch);
        }
        if scratch.tracer.is_some() {
            self.trace(unit, state.as_deref(), scratch);
        }
        self.run(unit, slot, state, scratch, now, emit);
        #[cfg(test)]
        if let Some(shadow) = &mut scratch.shadow {
            shadow.follow(self, unit, before, (slot, now), &scratch.matched);
        }
    }

    /// Gathers the rules worth trying, in the order in which their literals occur: as in
    /// Snort, a bit that one rule sets is seen by those behind it on the same unit.
    pub(super) fn collect(&self, unit: &InspectionUnit<'_>, scratch: &mut Scratch) {
        let layer = Layer::of(&unit.packet.transport);
        let Scratch {
            mpm,
            candidates,
            seen,
            generation,
            ..
        } = scratch;
        let mut scan = |buffer: BufferId, data: &[u8]| {
            self.fast.scan(layer, buffer, data, mpm, &mut |rule| {
                note(seen, candidates, *generation, rule);
            });
        };
        scan(BufferId::PktData, unit.payload);
        scan(BufferId::RawData, unit.raw_payload);
        unit.buffers.fresh(&mut scan);
        self.groups.each(unit, &mut |rule| scratch.candidate(rule));
    }

    /// Tries the candidates and emits what they came to.
    pub(super) fn run(
        &self,
        unit: &InspectionUnit<'_>,
        slot: Slot,
        mut state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        now: MonoTime,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        let candidates = std::mem::take(&mut scratch.candidates);
        let mut steps = scratch.max_steps;
        let mut passed = false;
        for index in &candidates {
            let Some(compiled) = self.rules.get(*index as usize) else {
                continue;
            };
            if !header_fits(&compiled.rule, unit) {
                continue;
            }
            scratch.stats.evaluations = scratch.stats.evaluations.saturating_add(1);
            if try_rule(compiled, unit, state.as_deref(), scratch, &mut steps) {
                set_bits(compiled, state.as_deref_mut());
                passed |= compiled.rule.action == Action::Pass;
                matched(*index, compiled, (unit, slot, now), scratch);
            }
        }
        if steps == 0 {
            scratch.stats.step_limit = scratch.stats.step_limit.saturating_add(1);
        }
        scratch.candidates = candidates;
        if !passed {
            self.emit_all(unit, state, scratch, emit);
        }
    }

    fn emit_all(
        &self,
        unit: &InspectionUnit<'_>,
        mut state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        // Rules are sorted by id, so an index stands for one.
        let priority = |index: &RuleIndex| {
            let rule = self
                .rules
                .get(*index as usize)
                .map(|compiled| &compiled.rule);
            // 0 is "none stated": behind all others.
            rule.map(|rule| rule.priority)
                .filter(|priority| *priority > 0)
                .unwrap_or(u32::MAX)
        };
        scratch
            .matched
            .sort_unstable_by_key(|index| (priority(index), *index));
        for index in &scratch.matched {
            let Some(compiled) = self.rules.get(*index as usize) else {
                continue;
            };
            let rule = &compiled.rule;
            if !told_before(rule.id, unit, state.as_deref_mut()) {
                emit(&Event {
                    rule,
                    rebuilt: unit.kind != UnitKind::Raw,
                });
            }
        }
    }
}

/// Whether all options of the rule hold.
pub(super) fn try_rule(
    compiled: &Compiled,
    unit: &InspectionUnit<'_>,
    state: Option<&FlowState>,
    scratch: &mut Scratch,
    steps: &mut u32,
) -> bool {
    let mut evaluation = Evaluation {
        context: Context {
            unit,
            flowbits: state.map(|state| &state.flowbits),
            pcre: &mut scratch.pcre,
            pcre_limit_hits: &mut scratch.stats.pcre_limit,
        },
        steps: *steps,
    };
    let matches = evaluation.matches(compiled);
    *steps = evaluation.steps;
    matches
}

fn set_bits(compiled: &Compiled, state: Option<&mut FlowState>) {
    let Some(state) = state else {
        return;
    };
    for option in &compiled.setters {
        if let IpsOption::Flowbits(bits) = option {
            bits.apply(&mut state.flowbits);
        }
    }
}

/// Queues the alert of a rule that matched, if it makes one.
fn matched(
    index: RuleIndex,
    compiled: &Compiled,
    (unit, slot, now): (&InspectionUnit<'_>, Slot, MonoTime),
    scratch: &mut Scratch,
) {
    let rule = &compiled.rule;
    if unit.kind == UnitKind::HeldStream && rule.detection_filter.is_some() {
        // The PDU to come holds the same bytes: they are counted there, once.
        return;
    }
    let ends = (unit.packet.ip.src, unit.packet.ip.dst);
    let filtered = rule
        .detection_filter
        .is_some_and(|filter| !scratch.filters.passes(rule.id, filter, slot, ends, now));
    if filtered || rule.noalert || matches!(rule.action, Action::Pass | Action::Log) {
        return;
    }
    if scratch.matched.len() < scratch.max_queue {
        scratch.matched.push(index);
    } else {
        scratch.stats.queue_limit = scratch.stats.queue_limit.saturating_add(1);
    }
}

/// Whether the alert repeats, on a plain rebuilt stream, one of a raw segment in it or of
/// an earlier look at it.
fn told_before(
    rule: crate::parser::RuleId,
    unit: &InspectionUnit<'_>,
    state: Option<&mut FlowState>,
) -> bool {
    let (Some(state), Some(flow)) = (state, unit.flow) else {
        return false;
    };
    match unit.kind {
        UnitKind::Raw => {
            state.note(flow.to_server, rule);
            false
        }
        UnitKind::HeldStream => {
            let told = state.has_alerted(flow.to_server, rule);
            state.note(flow.to_server, rule);
            told
        }
        UnitKind::RebuiltStream => state.has_alerted(flow.to_server, rule),
        UnitKind::RebuiltDatagram | UnitKind::RebuiltPdu => false,
    }
}
