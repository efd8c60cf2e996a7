//! The event queue of one unit: what matched, in which order it is told, and what of it is.

use super::{
    Detection, Event, FlowState, LimitHits, RuleLimit, Scratch,
    compile::{Compiled, RuleIndex},
};
use crate::{
    config::OrderEvents,
    filters::Moment,
    frame::Slot,
    output::Action,
    parser::RuleId,
    time::MonoTime,
    unit::{InspectionUnit, UnitKind},
};

/// A rule that matched and alerts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched {
    pub(super) index: RuleIndex,
    /// What it would do: its action, or that of a `rate_filter`.
    pub(super) action: Action,
}

/// A unit, and where and when it was seen.
#[derive(Clone, Copy)]
pub(super) struct Sighting<'u> {
    pub(super) unit: &'u InspectionUnit<'u>,
    pub(super) at: Moment,
}

impl<'u> Sighting<'u> {
    pub(super) fn new(unit: &'u InspectionUnit<'u>, slot: Slot, now: MonoTime) -> Sighting<'u> {
        let ends = (unit.packet.ip.src, unit.packet.ip.dst);
        Sighting {
            unit,
            at: Moment { slot, ends, now },
        }
    }
}

impl Scratch {
    /// Queues the alert of a rule that matched, if it makes one; whether the rule passes the
    /// packet.
    pub(super) fn matched(
        &mut self,
        index: RuleIndex,
        compiled: &Compiled,
        sighting: &Sighting<'_>,
    ) -> bool {
        let rule = &compiled.rule;
        let at = sighting.at;
        if sighting.unit.kind == UnitKind::HeldStream && self.counts(rule) {
            // The PDU to come holds the same bytes: they are counted there, once.
            return false;
        }
        if let Some(filter) = rule.detection_filter
            && !self.filters.detects(rule.id, filter, at)
        {
            return rule.action == Action::Pass;
        }
        let action = self.filters.action(rule.id, rule.action, &self.set, at);
        if action == Action::Pass {
            // A filter that lets a rule pass silences that rule alone.
            return rule.action == Action::Pass;
        }
        if !rule.noalert && action != Action::Log {
            if self.matched.len() < self.queue.max_queue {
                self.matched.push(Matched { index, action });
            } else {
                self.left_out(rule.id);
            }
        }
        false
    }

    /// Whether matches of the rule are counted by a filter.
    fn counts(&self, rule: &crate::parser::Rule) -> bool {
        rule.detection_filter.is_some() || self.set.has_rate(rule.id)
    }

    /// A unit's steps are used up, by this rule in the end.
    pub(super) fn out_of_steps(&mut self, by: Option<RuleId>) {
        self.stats.step_limit = self.stats.step_limit.saturating_add(1);
        if let Some(rule) = by {
            self.limits.count(rule, RuleLimit::Unit, 1);
        }
    }

    fn left_out(&mut self, rule: RuleId) {
        self.stats.queue_limit = self.stats.queue_limit.saturating_add(1);
        self.limits.count(rule, RuleLimit::Events, 1);
    }

    /// Which rules have hit a limit.
    pub fn limit_hits(&self) -> &LimitHits {
        &self.limits
    }
}

impl Detection {
    /// Tells what is queued: in order, as much as may be logged, what the filters let through.
    pub(super) fn emit_all(
        &self,
        sighting: &Sighting<'_>,
        mut state: Option<&mut FlowState>,
        scratch: &mut Scratch,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        let mut matched = std::mem::take(&mut scratch.matched);
        self.sort(&mut matched, scratch.queue.order);
        let mut left = scratch.queue.max_log;
        for Matched { index, action } in &matched {
            let Some(compiled) = self.rules.get(*index as usize) else {
                continue;
            };
            let rule = &compiled.rule;
            if told_before(rule.id, sighting.unit, state.as_deref_mut()) {
                continue;
            }
            let Some(still_left) = left.checked_sub(1) else {
                scratch.left_out(rule.id);
                continue;
            };
            left = still_left;
            if scratch
                .filters
                .lets_through(rule.id, &scratch.set, sighting.at)
            {
                emit(&Event {
                    rule,
                    action: *action,
                    rebuilt: sighting.unit.kind != UnitKind::Raw,
                });
            }
        }
        scratch.matched = matched;
    }

    /// Rules are sorted by id, so of equals the smaller id comes first.
    fn sort(&self, matched: &mut [Matched], order: OrderEvents) {
        let compiled = |matched: &Matched| self.rules.get(matched.index as usize);
        match order {
            OrderEvents::Priority => matched.sort_unstable_by_key(|matched| {
                let priority = compiled(matched).map(|compiled| compiled.rule.priority);
                // 0 is "none stated": behind all others.
                let rank = priority
                    .filter(|priority| *priority > 0)
                    .unwrap_or(u32::MAX);
                (rank, matched.index)
            }),
            OrderEvents::ContentLength => matched.sort_unstable_by_key(|matched| {
                let length = compiled(matched).map_or(0, |compiled| compiled.longest_content);
                (std::cmp::Reverse(length), matched.index)
            }),
        }
    }
}

/// Whether the alert repeats, on a plain rebuilt stream or lines of it, one of a raw segment in
/// it or of an earlier look at it.
fn told_before(rule: RuleId, unit: &InspectionUnit<'_>, state: Option<&mut FlowState>) -> bool {
    let (Some(state), Some(flow)) = (state, unit.flow) else {
        return false;
    };
    match unit.kind {
        UnitKind::Raw | UnitKind::RebuiltDatagram => {
            state.note(flow.to_server, rule);
            false
        }
        UnitKind::HeldStream => {
            let told = state.has_alerted(flow.to_server, rule);
            state.note(flow.to_server, rule);
            told
        }
        UnitKind::RebuiltStream | UnitKind::RebuiltPdu => {
            unit.kind.repeats_segments(flow.service) && state.has_alerted(flow.to_server, rule)
        }
    }
}
