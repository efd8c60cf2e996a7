//! What all filters of an engine remember.

use std::net::IpAddr;

use super::{
    DetectionFilter, FilterSet, RateFilter, RateTrack, RuleScope, Track, counts::Counts,
    detection_filter::Count, event_filter::Window, rate_filter::Rate,
};
use crate::{frame::Slot, output::Action, parser::RuleId, time::MonoTime};

/// Source and destination.
pub(crate) type Ends = (IpAddr, IpAddr);

/// Where and when something matched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Part of every key: a packet between two workloads is seen at both ends, and each end
    /// counts for itself.
    pub(crate) slot: Slot,
    pub(crate) ends: Ends,
    pub(crate) now: MonoTime,
}

/// Running counts, bounded.
#[derive(Debug)]
pub(crate) struct FilterTable {
    detection: Counts<(RuleId, Slot, IpAddr), Count>,
    event: Counts<Key, Window>,
    rate: Counts<Key, Rate>,
}

/// Rule, which filter of its scopes, workload, address (none for `by_rule`).
type Key = (RuleId, RuleScope, u16, Slot, Option<IpAddr>);

impl FilterTable {
    /// Tables of at most `max` counts for each kind of filter.
    pub(crate) fn new(max: usize) -> FilterTable {
        FilterTable {
            detection: Counts::new(max),
            event: Counts::new(max),
            rate: Counts::new(max),
        }
    }

    /// How many counts were forgotten for lack of room.
    pub(crate) fn evicted(&self) -> u64 {
        let [a, b, c] = [
            self.detection.evicted,
            self.event.evicted,
            self.rate.evicted,
        ];
        a.saturating_add(b).saturating_add(c)
    }

    /// Counts a match of a rule with a `detection_filter`; whether it may alert.
    pub(crate) fn detects(&mut self, rule: RuleId, filter: DetectionFilter, at: Moment) -> bool {
        let second = at.second();
        let key = (rule, at.slot, filter.track.of(at.ends));
        let count = self.detection.get(key, || Count::new(second));
        count.passes(filter, second)
    }

    /// Counts a match by its rate filters; what the rule does now. The first filter that is
    /// exceeded says so.
    pub(crate) fn action(
        &mut self,
        rule: RuleId,
        own: Action,
        filters: &FilterSet,
        at: Moment,
    ) -> Action {
        let mut action = None;
        for (scope, place, filter) in filters.rate_filters(rule) {
            let key = (rule, scope, place, at.slot, counted_by(filter, at.ends));
            if filter.apply_to.contains(filter.tracked(at.ends)) {
                let second = at.second();
                let rate = self.rate.get(key, || Rate::new(second));
                if rate.exceeds(filter, second) {
                    action = action.or(Some(filter.new_action));
                }
            }
        }
        action.unwrap_or(own)
    }

    /// Whether an alert is let through by suppressions and event filters. The filters of a
    /// wider scope see what those of a narrower one let through.
    pub(crate) fn lets_through(&mut self, rule: RuleId, filters: &FilterSet, at: Moment) -> bool {
        if filters.suppressions(rule).any(|s| s.silences(at.ends)) {
            return false;
        }
        let second = at.second();
        for (scope, place, filter) in filters.event_filters(rule) {
            let address = filter.track.of(at.ends);
            if filter.count == 0 || !filter.addresses.contains(address) {
                continue;
            }
            let key = (rule, scope, place, at.slot, Some(address));
            let window = self.event.get(key, || Window::new(second));
            if !window.passes(filter, second) {
                return false;
            }
        }
        true
    }
}

impl Moment {
    /// Filters count in whole seconds.
    fn second(&self) -> u64 {
        self.now.0 / 1_000_000_000
    }
}

impl Track {
    pub(super) fn of(self, (src, dst): Ends) -> IpAddr {
        match self {
            Track::BySrc => src,
            Track::ByDst => dst,
        }
    }
}

impl RateFilter {
    fn tracked(&self, (src, dst): Ends) -> IpAddr {
        match self.track {
            RateTrack::BySrc | RateTrack::ByRule => src,
            RateTrack::ByDst => dst,
        }
    }
}

fn counted_by(filter: &RateFilter, ends: Ends) -> Option<IpAddr> {
    (filter.track != RateTrack::ByRule).then(|| filter.tracked(ends))
}
