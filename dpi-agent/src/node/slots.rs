//! Numbers of selected workloads.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use dpi_common::Slot;

use crate::{desired::Endpoint, snapshot::PodUid};

/// Which workload has which slot.
///
/// A number is given to another workload only when all the others were used, and never
/// within [`Slots::QUARANTINE`] of its release: packets of its old owner may still wait
/// in a ring, and alerts of it on the socket. Until then it goes on naming its old owner.
#[derive(Debug)]
pub(super) struct Slots {
    by_pod: HashMap<PodUid, Slot>,
    owners: BTreeMap<u32, Arc<Endpoint>>,
    released: VecDeque<(Slot, Duration)>,
    next: u32,
}

/// All numbers are taken, or were until a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all 2^24-1 workload slots are in use; select fewer pods on this node")]
pub(super) struct Exhausted;

impl Slots {
    /// Time for which a released number is not given away: the longest that a packet can
    /// wait in a ring and its alert in a queue, with much to spare.
    pub(super) const QUARANTINE: Duration = Duration::from_secs(120);

    /// Nobody has a slot; the first number given is `first`.
    pub(super) fn starting_at(first: Slot) -> Self {
        Self {
            by_pod: HashMap::new(),
            owners: BTreeMap::new(),
            released: VecDeque::new(),
            next: first.get(),
        }
    }

    /// The slot of this endpoint's pod: the one it has, else a new one. What is known of
    /// the pod is brought up to date. `now` is monotonic.
    pub(super) fn assign(
        &mut self,
        endpoint: &Arc<Endpoint>,
        now: Duration,
    ) -> Result<Slot, Exhausted> {
        let slot = match self.by_pod.get(&endpoint.pod.uid) {
            Some(slot) => *slot,
            None => self.free(now)?,
        };
        self.by_pod.insert(endpoint.pod.uid.clone(), slot);
        self.owners.insert(slot.get(), Arc::clone(endpoint));
        Ok(slot)
    }

    /// Gives `slot` to this endpoint's pod, as the kernel's maps of an earlier run say.
    /// Does nothing if either is taken.
    pub(super) fn adopt(&mut self, endpoint: &Arc<Endpoint>, slot: Slot) {
        if self.by_pod.contains_key(&endpoint.pod.uid) || self.owners.contains_key(&slot.get()) {
            return;
        }
        self.by_pod.insert(endpoint.pod.uid.clone(), slot);
        self.owners.insert(slot.get(), Arc::clone(endpoint));
        self.next = self.next.max(after(slot.get()));
    }

    /// Takes back the slot of a pod that is not selected any more.
    pub(super) fn release(&mut self, pod: &PodUid, now: Duration) {
        if let Some(slot) = self.by_pod.remove(pod) {
            self.released.push_back((slot, now));
        }
    }

    /// The workload whose packets carry, or lately carried, `slot`.
    pub(super) fn owner(&self, slot: u32) -> Option<&Arc<Endpoint>> {
        self.owners.get(&slot)
    }

    /// The slot that `pod` has.
    pub(super) fn of(&self, pod: &PodUid) -> Option<Slot> {
        self.by_pod.get(pod).copied()
    }

    /// Pods that have a slot.
    pub(super) fn pods(&self) -> impl Iterator<Item = &PodUid> {
        self.by_pod.keys()
    }

    /// Slots that a packet may carry, rising.
    pub(super) fn known(&self) -> impl Iterator<Item = u32> + '_ {
        self.owners.keys().copied()
    }

    fn free(&mut self, now: Duration) -> Result<Slot, Exhausted> {
        while let Some((slot, since)) = self.released.front() {
            if now.saturating_sub(*since) < Self::QUARANTINE {
                break;
            }
            self.owners.remove(&slot.get());
            self.released.pop_front();
        }
        for _ in 0..=self.owners.len() {
            let number = self.next;
            self.next = after(number);
            if !self.owners.contains_key(&number)
                && let Some(slot) = Slot::new_checked(number)
            {
                return Ok(slot);
            }
        }
        Err(Exhausted)
    }
}

fn after(number: u32) -> u32 {
    if number >= Slot::MAX.get() {
        1
    } else {
        number + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::testing::endpoint;

    const START: Duration = Duration::from_secs(1000);

    fn slots(first: u32) -> Slots {
        Slots::starting_at(Slot::new_checked(first).unwrap())
    }

    #[test]
    fn a_pod_keeps_its_slot_and_two_pods_have_two() {
        let mut slots = slots(1);
        let (a, b) = (endpoint("red/a"), endpoint("red/b"));
        let first = slots.assign(&a, START).unwrap();
        let second = slots.assign(&b, START).unwrap();
        assert_ne!(first, second);
        assert_eq!(slots.assign(&a, START), Ok(first));
        assert_eq!(slots.of(&b.pod.uid), Some(second));
        assert_eq!(slots.known().count(), 2);
    }

    #[test]
    fn a_released_slot_names_its_old_owner_until_it_is_free() {
        let mut slots = slots(Slot::MAX.get());
        let (a, b, c) = (endpoint("red/a"), endpoint("red/b"), endpoint("red/c"));
        let slot = slots.assign(&a, START).unwrap();
        slots.release(&a.pod.uid, START);
        assert_eq!(slots.owner(slot.get()), Some(&a));
        assert_eq!(slots.of(&a.pod.uid), None);
        // The numbers wrap around, past the one that is in quarantine.
        let second = slots.assign(&b, START + Duration::from_secs(1)).unwrap();
        assert_eq!(second.get(), 1);
        slots.next = Slot::MAX.get();
        let third = slots.assign(&c, START + Duration::from_secs(2)).unwrap();
        assert_eq!(third.get(), 2);
        slots.next = Slot::MAX.get();
        let late = START + Slots::QUARANTINE;
        assert_eq!(slots.assign(&endpoint("red/d"), late), Ok(slot));
        assert_eq!(slots.owner(slot.get()).unwrap().pod.name, "d");
    }

    #[test]
    fn a_pod_that_comes_back_gets_another_slot() {
        let mut slots = slots(1);
        let a = endpoint("red/a");
        let first = slots.assign(&a, START).unwrap();
        slots.release(&a.pod.uid, START);
        assert_ne!(slots.assign(&a, START), Ok(first));
    }

    #[test]
    fn adopted_slots_are_not_given_away() {
        let mut slots = slots(1);
        let (a, b) = (endpoint("red/a"), endpoint("red/b"));
        let five = Slot::new_checked(5).unwrap();
        slots.adopt(&a, five);
        slots.adopt(&b, five);
        assert_eq!(slots.assign(&a, START), Ok(five));
        assert_eq!(slots.assign(&b, START).map(Slot::get), Ok(6));
    }
}
