//! `event_filter`: of many alerts of a rule only some.

use super::Track;
use crate::parser::AddressSet;

/// Thins out the alerts of the rules that it is set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter {
    /// Which alerts are left.
    pub kind: EventFilterKind,
    /// Whose alerts are counted together.
    pub track: Track,
    /// How many alerts the kind speaks of; 0 takes the filter out of service.
    pub count: u32,
    /// Length of a period in whole seconds of packet time; it begins with an alert.
    pub seconds: u32,
    /// Addresses (of the end that is tracked) that the filter is for; others pass.
    pub addresses: AddressSet,
}

/// Which alerts an event filter leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFilterKind {
    /// The first `count` of a period.
    Limit,
    /// Every `count`th of a period.
    Threshold,
    /// One of a period, once there were `count`.
    Both,
}

/// What is remembered of one rule and address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    count: u32,
    since: u64,
}

impl Window {
    pub(super) fn new(second: u64) -> Window {
        Window {
            count: 0,
            since: second,
        }
    }

    /// Counts an alert; whether it passes.
    pub(super) fn passes(&mut self, filter: &EventFilter, second: u64) -> bool {
        if second.saturating_sub(self.since) >= u64::from(filter.seconds) {
            *self = Window::new(second);
        }
        self.count = self.count.saturating_add(1);
        match filter.kind {
            EventFilterKind::Limit => self.count <= filter.count,
            EventFilterKind::Both => self.count == filter.count,
            EventFilterKind::Threshold => {
                let is_due = self.count >= filter.count;
                if is_due {
                    self.count = 0;
                }
                is_due
            }
        }
    }
}
