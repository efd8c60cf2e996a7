//! Rules that are worth trying on the same units: those that literals lead to, by buffer, and
//! those without a literal.

use std::{collections::HashMap, sync::Arc};

use dpi_match::PatternError;

use super::{
    compile::{Compiled, RuleIndex},
    groups::GroupSize,
    matcher::{Lead, LiteralId, Literals, Matcher, Searches},
};
use crate::buffers::{BufferId, BufferSet};

/// Number of a group among those of all rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupId(pub(super) u32);

/// Rules that may match units of one kind.
#[derive(Debug)]
pub(super) struct RuleGroup {
    pub(super) id: GroupId,
    /// Buffers in which a literal leads to a rule.
    pub(super) buffers: BufferSet,
    matchers: Box<[(BufferId, Arc<Matcher>)]>,
    /// Rules that no literal leads to.
    pub(super) unled: Box<[RuleIndex]>,
}

/// Makes groups. Those of the same rules are made once, and so is what they have in common.
#[derive(Debug)]
pub(super) struct GroupMaker {
    searches: Searches,
    /// The literal of each rule and where it is searched.
    chosen: Vec<Option<(BufferId, LiteralId)>>,
    matchers: HashMap<(BufferId, Box<[RuleIndex]>), Arc<Matcher>>,
    groups: HashMap<Box<[RuleIndex]>, Arc<RuleGroup>>,
}

impl GroupMaker {
    /// An error if the rules have more literals than one search can hold.
    pub(super) fn new(rules: &[Compiled]) -> Result<GroupMaker, PatternError> {
        let mut literals = Literals::default();
        let chosen = rules.iter().map(|compiled| {
            let (buffer, content) = compiled.literal()?;
            Some((buffer, literals.intern(content)))
        });
        let chosen = chosen.collect();
        Ok(GroupMaker {
            chosen,
            searches: literals.finish()?,
            matchers: HashMap::new(),
            groups: HashMap::new(),
        })
    }

    /// The group of some rules, given by rising index; `None` of no rule.
    pub(super) fn group(&mut self, rules: &[RuleIndex]) -> Option<Arc<RuleGroup>> {
        if rules.is_empty() {
            return None;
        }
        if let Some(group) = self.groups.get(rules) {
            return Some(Arc::clone(group));
        }
        let mut unled = Vec::new();
        let mut by_buffer: Vec<(BufferId, Vec<RuleIndex>)> = Vec::new();
        for rule in rules {
            let Some((buffer, _)) = self.chosen(*rule) else {
                unled.push(*rule);
                continue;
            };
            match by_buffer.iter_mut().find(|(known, _)| *known == buffer) {
                Some((_, rules)) => rules.push(*rule),
                None => by_buffer.push((buffer, vec![*rule])),
            }
        }
        let matchers = by_buffer
            .into_iter()
            .map(|(buffer, rules)| (buffer, self.matcher(buffer, rules)));
        let matchers: Box<[_]> = matchers.collect();
        let mut buffers = BufferSet::default();
        matchers
            .iter()
            .for_each(|(buffer, _)| buffers.insert(*buffer));
        let group = Arc::new(RuleGroup {
            id: GroupId(u32::try_from(self.groups.len()).unwrap_or(u32::MAX)),
            buffers,
            matchers,
            unled: unled.into(),
        });
        self.groups.insert(rules.into(), Arc::clone(&group));
        Some(group)
    }

    fn matcher(&mut self, buffer: BufferId, rules: Vec<RuleIndex>) -> Arc<Matcher> {
        let key = (buffer, rules.into_boxed_slice());
        if let Some(matcher) = self.matchers.get(&key) {
            return Arc::clone(matcher);
        }
        let pairs = key.1.iter().filter_map(|rule| {
            let (buffer, literal) = self.chosen(*rule)?;
            Some((
                literal,
                Lead {
                    rule: *rule,
                    buffer,
                },
            ))
        });
        let pairs = pairs.collect();
        let matcher = Arc::new(self.searches.matcher(pairs));
        self.matchers.insert(key, Arc::clone(&matcher));
        matcher
    }

    fn chosen(&self, rule: RuleIndex) -> Option<(BufferId, LiteralId)> {
        self.chosen.get(rule as usize).copied().flatten()
    }

    /// No more groups are to come.
    pub(super) fn finish(self) -> Searches {
        self.searches
    }

    /// What was made.
    pub(super) fn size(&self) -> GroupSize {
        GroupSize {
            groups: self.groups.len(),
            searches: self.searches.len(),
            memberships: self.groups.keys().map(|rules| rules.len()).sum(),
        }
    }
}

impl RuleGroup {
    /// Searches that lead to rules, each with its buffer.
    pub(super) fn matchers(&self) -> impl Iterator<Item = (BufferId, &Arc<Matcher>)> {
        let matchers = self.matchers.iter();
        matchers.map(|(buffer, matcher)| (*buffer, matcher))
    }
}
