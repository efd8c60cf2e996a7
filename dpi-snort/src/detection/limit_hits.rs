//! Which rules have hit a limit, and how often.

use std::collections::BTreeMap;

use crate::parser::RuleId;

/// Rules remembered by name; those of more rules are counted together only.
const MAX_NAMED: usize = 256;

/// A limit that a rule can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleLimit {
    /// `max_rule_steps`: the rule was given up on a unit.
    Steps,
    /// `max_evaluation_steps`: the rule used up what was left of a unit's steps, and others were
    /// not tried.
    Unit,
    /// `pcre_match_limit` or another limit of PCRE2: an expression was given up.
    Pcre,
    /// `max_queue` or `max_log`: an alert was left out.
    Events,
}

impl RuleLimit {
    /// Its name: that of the counter which adds up all rules.
    pub const fn name(self) -> &'static str {
        match self {
            RuleLimit::Steps => "detection.max_rule_steps",
            RuleLimit::Unit => "detection.max_evaluation_steps",
            RuleLimit::Pcre => "detection.pcre_limit",
            RuleLimit::Events => "detection.max_queue",
        }
    }
}

/// Hits by rule, bounded.
#[derive(Clone, Debug, Default)]
pub struct LimitHits {
    hits: BTreeMap<(RuleId, RuleLimit), u64>,
}

impl LimitHits {
    pub(super) fn count(&mut self, rule: RuleId, limit: RuleLimit, times: u64) {
        if times == 0 {
            return;
        }
        let key = (rule, limit);
        if self.hits.len() < MAX_NAMED || self.hits.contains_key(&key) {
            let hits = self.hits.entry(key).or_default();
            *hits = hits.saturating_add(times);
        }
    }

    /// Rules, the limit that each hit, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (RuleId, RuleLimit, u64)> {
        self.hits
            .iter()
            .map(|((rule, limit), hits)| (*rule, *limit, *hits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rules_are_named_as_there_is_room_for() {
        let mut hits = LimitHits::default();
        for sid in 0..1000 {
            let rule = RuleId { gid: 1, sid };
            hits.count(rule, RuleLimit::Steps, 0);
            hits.count(rule, RuleLimit::Pcre, 2);
            hits.count(rule, RuleLimit::Pcre, 3);
        }
        assert_eq!(hits.iter().count(), MAX_NAMED);
        let first = RuleId { gid: 1, sid: 0 };
        assert_eq!(hits.iter().next(), Some((first, RuleLimit::Pcre, 5)));
    }
}
