//! Counts of filters, bounded: when there is no room, those not used for long are forgotten.

use std::collections::BTreeMap;

/// Values by key. Two generations stand for age: what is used moves to the younger one; when
/// that is full, the older one is dropped and the younger takes its place.
#[derive(Debug)]
pub(super) struct Counts<K, V> {
    young: BTreeMap<K, V>,
    old: BTreeMap<K, V>,
    max: usize,
    /// How many values were forgotten for lack of room.
    pub(super) evicted: u64,
}

impl<K: Ord + Copy, V> Counts<K, V> {
    /// Room for at least half of `max` values, and never for more than `max`.
    pub(super) fn new(max: usize) -> Counts<K, V> {
        Counts {
            young: BTreeMap::new(),
            old: BTreeMap::new(),
            max,
            evicted: 0,
        }
    }

    /// The value of a key; a new one where there is none.
    pub(super) fn get(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        let known = self.old.remove(&key);
        let is_full = self.young.len() >= (self.max / 2).max(1);
        if is_full && !self.young.contains_key(&key) {
            let dropped = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            let dropped = u64::try_from(dropped.len()).unwrap_or(u64::MAX);
            self.evicted = self.evicted.saturating_add(dropped);
        }
        self.young
            .entry(key)
            .or_insert_with(|| known.unwrap_or_else(new))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_what_is_used_stays() {
        let mut counts = Counts::new(8);
        for key in 0..100 {
            *counts.get(1000, || 0) += 1;
            *counts.get(key, || 0) += 1;
            assert!(counts.len() <= 8, "{}", counts.len());
        }
        assert_eq!(*counts.get(1000, || 0), 100, "used all the time");
        assert_eq!(*counts.get(0, || 0), 0, "forgotten");
        assert!(counts.evicted >= 90, "{}", counts.evicted);
    }

    #[test]
    fn the_smallest_bound_still_counts() {
        let mut counts = Counts::new(0);
        *counts.get(1, || 0) += 1;
        *counts.get(1, || 0) += 1;
        assert_eq!(*counts.get(1, || 0), 2);
    }
}
