//! What was found in stream bytes that were looked at and are still held, so that the next look,
//! or the PDU that holds them, searches only what came since.

use std::sync::{Arc, Weak};

use super::{groups::Selected, matcher::Hit, merged::MergedSets, rule_group::GroupId};

/// Hits that are kept; with more the bytes are searched again.
const MAX_KEPT: usize = 32;

/// A search of the first bytes of what a stream holds. It tells by itself whether it was made
/// for the rules that are in force.
#[derive(Clone, Debug)]
pub(super) struct HeldSearch {
    /// Of the rules that were in force.
    sets: Weak<MergedSets>,
    groups: [Option<GroupId>; 3],
    /// How many bytes were searched.
    pub(super) bytes: usize,
    /// The first hit of each rule.
    hits: Box<[Hit]>,
}

impl HeldSearch {
    /// `hits` are the first ones of each rule in so many bytes; `None` if they are too many.
    pub(super) fn new(
        sets: &Arc<MergedSets>,
        groups: Selected<'_>,
        bytes: usize,
        hits: &[Hit],
    ) -> Option<HeldSearch> {
        (hits.len() <= MAX_KEPT).then(|| HeldSearch {
            sets: Arc::downgrade(sets),
            groups: groups.ids(),
            bytes,
            hits: hits.into(),
        })
    }

    /// What the same groups of the same rules found.
    pub(super) fn hits_of(&self, sets: &Arc<MergedSets>, groups: Selected<'_>) -> Option<&[Hit]> {
        let is_same = std::ptr::eq(self.sets.as_ptr(), Arc::as_ptr(sets));
        (is_same && self.groups == groups.ids()).then_some(&*self.hits)
    }
}
