//! `rate_filter`: another action while a rule matches too often.

use crate::{output::Action, parser::AddressSet};

/// Changes the action of the rules that it is set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateFilter {
    /// Whose matches are counted together.
    pub track: RateTrack,
    /// Matches of a period that change nothing yet.
    pub count: u32,
    /// Length of a period in whole seconds of packet time; 0: all matches are counted.
    pub seconds: u32,
    /// The action once there were more.
    pub new_action: Action,
    /// Seconds until the rule's own action comes back; 0: never.
    pub timeout: u32,
    /// Addresses (of the end that is tracked; the source's for `by_rule`) that it is for.
    pub apply_to: AddressSet,
}

/// What a rate filter counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Snort's")]
pub enum RateTrack {
    BySrc,
    ByDst,
    ByRule,
}

/// What is remembered of one rule and address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    count: u32,
    since: u64,
    /// Second in which the new action came into force.
    changed: Option<u64>,
}

impl Rate {
    pub(super) fn new(second: u64) -> Rate {
        Rate {
            count: 0,
            since: second,
            changed: None,
        }
    }

    /// Counts a match; whether the new action is in force for it.
    pub(super) fn exceeds(&mut self, filter: &RateFilter, second: u64) -> bool {
        if let Some(changed) = self.changed {
            let lasts = u64::from(filter.timeout);
            if lasts == 0 || second.saturating_sub(changed) < lasts {
                return true;
            }
            *self = Rate::new(second);
        }
        let period = u64::from(filter.seconds);
        if period > 0 && second.saturating_sub(self.since) >= period {
            *self = Rate::new(second);
        }
        self.count = self.count.saturating_add(1);
        if self.count <= filter.count {
            return false;
        }
        self.changed = Some(second);
        true
    }
}
