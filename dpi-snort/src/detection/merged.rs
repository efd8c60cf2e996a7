//! What several groups of rules look for, or several buffers with the same bytes, as one set of
//! literals: the cost of a search hardly depends on how many literals there are.
//!
//! Which groups meet depends on services and ports of the traffic, so that sets are merged when
//! a unit first asks for one, and kept with the rules for all engines.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use super::{
    groups::Selected,
    matcher::{Matcher, Searches},
    rule_group::GroupId,
};
use crate::buffers::BufferSet;

/// What a set costs of `max_merged_rules` beside its rules.
const SET_COST: usize = 64;
/// Sets that an engine finds without asking for the lock; a power of two.
const CACHED: usize = 256;

/// The merged sets of some rules.
#[derive(Debug, Default)]
pub(super) struct MergedSets(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    searches: Searches,
    by_parts: HashMap<Parts, Arc<Matcher>>,
    /// What is left of `max_merged_rules`.
    left: usize,
}

/// What a set is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Parts {
    groups: [Option<GroupId>; 3],
    buffers: BufferSet,
}

/// The sets that one engine has used last; `None` of one for which there was no room.
#[derive(Debug, Default)]
pub(super) struct MergedCache {
    of: Weak<MergedSets>,
    entries: Vec<Option<(Parts, Option<Arc<Matcher>>)>>,
}

impl MergedSets {
    /// No set; `searches` are those of the groups.
    pub(super) fn new(searches: Searches, max_rules: usize) -> MergedSets {
        MergedSets(Mutex::new(Made {
            searches,
            by_parts: HashMap::new(),
            left: max_rules,
        }))
    }

    /// What the groups look for in buffers that hold the same bytes; `None` where there is no
    /// room for another set.
    fn get(&self, parts: Parts, groups: Selected<'_>) -> Option<Arc<Matcher>> {
        // A panic in between leaves at most a search that nobody asks for.
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matcher) = made.by_parts.get(&parts) {
            return Some(Arc::clone(matcher));
        }
        let matchers = groups.matchers(parts.buffers);
        let pairs: Vec<_> = matchers.flat_map(|matcher| matcher.pairs()).collect();
        let cost = pairs.len().saturating_add(SET_COST);
        made.left = made.left.checked_sub(cost)?;
        let matcher = Arc::new(made.searches.matcher(pairs));
        made.by_parts.insert(parts, Arc::clone(&matcher));
        Some(matcher)
    }
}

impl MergedCache {
    /// Forgets sets of other rules.
    pub(super) fn begin(&mut self, sets: &Arc<MergedSets>) {
        if !std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(sets)) {
            self.of = Arc::downgrade(sets);
            self.entries.clear();
            self.entries.resize(CACHED, None);
        }
    }

    /// What the groups look for in buffers that hold the same bytes.
    pub(super) fn get(
        &mut self,
        groups: Selected<'_>,
        buffers: BufferSet,
        sets: &MergedSets,
    ) -> Option<&Arc<Matcher>> {
        let parts = Parts {
            groups: groups.ids(),
            buffers,
        };
        let entry = self.entries.get_mut(parts.place())?;
        if !entry.as_ref().is_some_and(|(of, _)| *of == parts) {
            *entry = Some((parts, sets.get(parts, groups)));
        }
        entry.as_ref()?.1.as_ref()
    }
}

impl Parts {
    /// Where the cache has the set.
    fn place(self) -> usize {
        let ids = self.groups.map(|id| id.map_or(u32::MAX, |GroupId(id)| id));
        let mixed = ids.iter().fold(self.buffers.bits(), |mixed, id| {
            (mixed ^ id).wrapping_mul(0x9e37_79b1).rotate_left(15)
        });
        mixed as usize & (CACHED - 1)
    }
}
