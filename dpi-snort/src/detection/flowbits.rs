//! Names of flowbits, and the bits of one flow.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use smallvec::SmallVec;

/// Number of a flowbit's name; it never changes within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowbitId(u32);

/// Name → number, append-only.
///
/// All rulesets of a process share one registry, so a bit set by the rules of yesterday is
/// the bit that the rules of today ask for. Locked while rules are compiled only.
#[derive(Debug, Default)]
pub struct FlowbitRegistry {
    names: Mutex<BTreeMap<Box<str>, FlowbitId>>,
}

/// The bits that are set on a flow.
#[derive(Clone, Debug, Default)]
pub struct Flowbits {
    words: SmallVec<[u64; 1]>,
}

impl FlowbitRegistry {
    /// The number of a name; a new one if the name is new and there is room for it.
    pub fn intern(&self, name: &str, max: usize) -> Option<FlowbitId> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = names.get(name) {
            return Some(*id);
        }
        if names.len() >= max {
            return None;
        }
        let id = u32::try_from(names.len()).ok().map(FlowbitId)?;
        names.insert(name.into(), id);
        Some(id)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Flowbits {
    /// Whether the bit is set.
    pub fn is_set(&self, id: FlowbitId) -> bool {
        let (word, mask) = id.place();
        self.words.get(word).is_some_and(|w| w & mask != 0)
    }

    /// Sets the bit.
    pub fn set(&mut self, id: FlowbitId) {
        let (word, mask) = id.place();
        if word >= self.words.len() {
            self.words.resize(word.saturating_add(1), 0);
        }
        if let Some(w) = self.words.get_mut(word) {
            *w |= mask;
        }
    }

    /// Clears the bit.
    pub fn unset(&mut self, id: FlowbitId) {
        let (word, mask) = id.place();
        if let Some(w) = self.words.get_mut(word) {
            *w &= !mask;
        }
    }
}

impl FlowbitId {
    /// Word and mask of the bit.
    fn place(self) -> (usize, u64) {
        ((self.0 / 64) as usize, 1u64 << (self.0 % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_and_their_bound() {
        let registry = FlowbitRegistry::default();
        let a = registry.intern("a", 2).unwrap();
        let b = registry.intern("b", 2).unwrap();
        assert_ne!(a, b);
        assert_eq!(registry.intern("c", 2), None);
        assert_eq!(registry.intern("a", 2), Some(a));
        assert_eq!(registry.len(), 2);
    }

    #[test]
    fn bits_are_apart() {
        let mut bits = Flowbits::default();
        for id in [0, 63, 64, 1000] {
            let id = FlowbitId(id);
            assert!(!bits.is_set(id));
            bits.set(id);
            assert!(bits.is_set(id));
        }
        bits.unset(FlowbitId(64));
        let set: Vec<u32> = (0..1100).filter(|i| bits.is_set(FlowbitId(*i))).collect();
        assert_eq!(set, [0, 63, 1000]);
        bits.unset(FlowbitId(5000));
    }
}
