//! Which policy applies to which workload.

use std::sync::Arc;

use crate::{filters::FilterSet, frame::Slot};

/// Slot → policy. Immutable; a change is a new table through
/// [`Engine::set_slots`](crate::Engine::set_slots).
#[derive(Clone, Debug)]
pub struct SlotTable {
    policies: Vec<Arc<Policy>>,
    by_slot: Vec<(Slot, PolicyId)>,
    default: PolicyId,
}

/// Index of a policy in a [`SlotTable`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyId(pub u16);

/// What is inspected for a workload and how. One policy exists today.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// At most this many tracked flows for a workload; `None`: the engine's bound alone.
    pub flow_quota: Option<u32>,
    /// Filters for rules by id; `None`: those of [`Config::filters`](crate::Config::filters) and
    /// of the rule files.
    pub filters: Option<Arc<FilterSet>>,
}

impl SlotTable {
    /// A table where every slot has the same policy.
    pub fn uniform(policy: Policy) -> SlotTable {
        SlotTable {
            policies: vec![Arc::new(policy)],
            by_slot: Vec::new(),
            default: PolicyId(0),
        }
    }

    /// The policy of `slot`.
    pub fn policy_of(&self, slot: Slot) -> PolicyId {
        self.by_slot
            .binary_search_by_key(&slot, |(s, _)| *s)
            .ok()
            .and_then(|i| self.by_slot.get(i))
            .map_or(self.default, |(_, p)| *p)
    }

    /// The filters that the policy of `slot` has of its own.
    pub fn filters_of(&self, slot: Slot) -> Option<&Arc<FilterSet>> {
        self.policy(self.policy_of(slot))?.filters.as_ref()
    }

    /// The policy behind an id of this table.
    pub fn policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies.get(usize::from(id.0)).map(Arc::as_ref)
    }
}

impl Default for SlotTable {
    fn default() -> Self {
        SlotTable::uniform(Policy::default())
    }
}
