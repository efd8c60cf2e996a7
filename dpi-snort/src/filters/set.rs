//! Filters for rules by id, as `snort.lua` configures them.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{EventFilter, RateFilter, Suppress};
use crate::parser::RuleId;

/// Which rules a filter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleScope {
    /// One rule.
    Rule(RuleId),
    /// Every rule of a generator (`sid` 0).
    Generator(u32),
    /// Every rule (`gid` 0, `sid` 0).
    Every,
}

/// Filters by the rules that they are for. Empty: every alert passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterSet {
    suppress: BTreeMap<RuleScope, Vec<Suppress>>,
    event: BTreeMap<RuleScope, Vec<EventFilter>>,
    rate: BTreeMap<RuleScope, Vec<RateFilter>>,
}

/// Why a filter was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// A generator without number says nothing about a rule.
    #[error("gid 0 with sid {sid}: a rule has a generator; gid 0 with sid 0 means every rule")]
    NoGenerator {
        /// The rule.
        sid: u32,
    },
    /// A period of no length never ends and never counts.
    #[error("seconds must be at least 1")]
    NoPeriod,
    /// A rate of nothing is exceeded by anything.
    #[error("count must be at least 1")]
    NoCount,
}

impl RuleScope {
    /// The scope of two numbers as configured: sid 0 is every rule of the generator.
    pub fn new(gid: u32, sid: u32) -> Result<RuleScope, FilterError> {
        match (gid, sid) {
            (0, 0) => Ok(RuleScope::Every),
            (0, sid) => Err(FilterError::NoGenerator { sid }),
            (gid, 0) => Ok(RuleScope::Generator(gid)),
            (gid, sid) => Ok(RuleScope::Rule(RuleId { gid, sid })),
        }
    }

    /// The scopes that hold a rule, the narrowest first.
    pub(super) fn of(rule: RuleId) -> [RuleScope; 3] {
        [
            RuleScope::Rule(rule),
            RuleScope::Generator(rule.gid),
            RuleScope::Every,
        ]
    }
}

impl FilterSet {
    /// Adds a suppression; each of several may silence an alert.
    pub fn suppress(&mut self, scope: RuleScope, suppress: Suppress) -> &mut FilterSet {
        self.suppress.entry(scope).or_default().push(suppress);
        self
    }

    /// Adds an event filter.
    pub fn event_filter(
        &mut self,
        scope: RuleScope,
        filter: EventFilter,
    ) -> Result<&mut FilterSet, FilterError> {
        if filter.seconds == 0 {
            return Err(FilterError::NoPeriod);
        }
        self.event.entry(scope).or_default().push(filter);
        Ok(self)
    }

    /// Adds a rate filter.
    pub fn rate_filter(
        &mut self,
        scope: RuleScope,
        filter: RateFilter,
    ) -> Result<&mut FilterSet, FilterError> {
        if filter.count == 0 {
            return Err(FilterError::NoCount);
        }
        self.rate.entry(scope).or_default().push(filter);
        Ok(self)
    }

    /// Adds the filters of another set behind those of this one.
    pub fn extend(&mut self, more: &FilterSet) {
        add_all(&mut self.suppress, &more.suppress);
        add_all(&mut self.event, &more.event);
        add_all(&mut self.rate, &more.rate);
    }

    /// Whether there is no filter.
    pub fn is_empty(&self) -> bool {
        self.suppress.is_empty() && self.event.is_empty() && self.rate.is_empty()
    }

    /// Whether matches of the rule are counted by a rate filter.
    pub(crate) fn has_rate(&self, rule: RuleId) -> bool {
        let scopes = RuleScope::of(rule);
        !self.rate.is_empty() && scopes.iter().any(|scope| self.rate.contains_key(scope))
    }

    pub(super) fn suppressions(&self, rule: RuleId) -> impl Iterator<Item = &Suppress> {
        let scopes = RuleScope::of(rule).into_iter();
        scopes
            .filter_map(|scope| self.suppress.get(&scope))
            .flatten()
    }

    pub(super) fn event_filters(
        &self,
        rule: RuleId,
    ) -> impl Iterator<Item = (RuleScope, u16, &EventFilter)> {
        numbered(&self.event, rule)
    }

    pub(super) fn rate_filters(
        &self,
        rule: RuleId,
    ) -> impl Iterator<Item = (RuleScope, u16, &RateFilter)> {
        numbered(&self.rate, rule)
    }
}

fn add_all<F: Clone>(
    filters: &mut BTreeMap<RuleScope, Vec<F>>,
    more: &BTreeMap<RuleScope, Vec<F>>,
) {
    for (scope, more) in more {
        filters.entry(*scope).or_default().extend_from_slice(more);
    }
}

/// The filters for a rule, the narrowest scope first, each with its scope and its place
/// there.
fn numbered<F>(
    filters: &BTreeMap<RuleScope, Vec<F>>,
    rule: RuleId,
) -> impl Iterator<Item = (RuleScope, u16, &F)> {
    let scopes = RuleScope::of(rule).into_iter();
    scopes.flat_map(|scope| {
        let list = filters.get(&scope).into_iter().flatten();
        (0..)
            .zip(list)
            .map(move |(place, filter)| (scope, place, filter))
    })
}
