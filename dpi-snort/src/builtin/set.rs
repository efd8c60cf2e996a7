//! A set of built-in events.

use super::BuiltinEvent;

const WORDS: usize = 3;

/// Built-in events, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet([u64; WORDS]);

impl EventSet {
    /// None.
    pub const EMPTY: EventSet = EventSet([0; WORDS]);

    /// Adds an event.
    pub fn insert(&mut self, event: BuiltinEvent) {
        let at = event as usize;
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Adds an event if something is so.
    pub fn insert_if(&mut self, event: BuiltinEvent, is_so: bool) {
        if is_so {
            self.insert(event);
        }
    }

    /// Adds the events of another set.
    pub fn extend(&mut self, other: EventSet) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    /// Whether the event is in it.
    pub fn contains(&self, event: BuiltinEvent) -> bool {
        let at = event as usize;
        self.0
            .get(at / 64)
            .is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == EventSet::EMPTY
    }

    /// Whether any event is in both.
    pub fn meets(&self, other: &EventSet) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        pairs.any(|(one, other)| one & other != 0)
    }

    /// The events, by rising id.
    pub fn iter(&self) -> impl Iterator<Item = BuiltinEvent> + use<'_> {
        let all = BuiltinEvent::ALL.iter().copied();
        all.filter(|event| self.contains(*event))
    }
}

// Every event has its bit.
const _: () = assert!(BuiltinEvent::ALL.len() <= WORDS * 64);
