//! Objects of one kind, as a watch tells of them.

use std::collections::BTreeMap;

use crate::apiserver::Update;

/// Namespace and name; objects without a namespace have an empty one.
pub type Key = (String, String);

/// Objects by name. A list that is being given does not count before it is whole.
#[derive(Clone, Debug)]
pub struct Store<V> {
    current: BTreeMap<Key, V>,
    incoming: Option<BTreeMap<Key, V>>,
    synced: bool,
    lists: u64,
}

impl<V> Default for Store<V> {
    fn default() -> Self {
        Self {
            current: BTreeMap::new(),
            incoming: None,
            synced: false,
            lists: 0,
        }
    }
}

impl<V: PartialEq> Store<V> {
    /// A store that holds what was known earlier, and is not in sync.
    pub fn known(current: BTreeMap<Key, V>) -> Self {
        Self {
            current,
            ..Self::default()
        }
    }

    /// Takes an update; says whether anything is different now.
    pub fn update(&mut self, update: Update<(Key, Option<V>)>) -> bool {
        match update {
            Update::Listing => {
                self.incoming = Some(BTreeMap::new());
                false
            }
            Update::Page(items) => {
                let incoming = self.incoming.get_or_insert_default();
                for (key, value) in items {
                    incoming.extend(value.map(|value| (key, value)));
                }
                false
            }
            Update::Listed => {
                let Some(listed) = self.incoming.take() else {
                    return false;
                };
                self.lists += 1;
                let changed = !self.synced || listed != self.current;
                self.synced = true;
                self.current = listed;
                changed
            }
            Update::Applied((key, Some(value))) => {
                if self.current.get(&key) == Some(&value) {
                    return false;
                }
                self.current.insert(key, value);
                true
            }
            Update::Applied((key, None)) | Update::Deleted((key, _)) => {
                self.current.remove(&key).is_some()
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A whole list has been seen.
    pub fn synced(&self) -> bool {
        self.synced
    }

    /// Whole lists seen.
    pub fn lists(&self) -> u64 {
        self.lists
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<&V> {
        self.current.get(key)
    }

    /// All objects, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &V)> {
        self.current.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, value: u32) -> (Key, Option<u32>) {
        ((String::new(), name.to_owned()), Some(value))
    }

    fn held(store: &Store<u32>) -> Vec<(&str, u32)> {
        store.iter().map(|(key, v)| (key.1.as_str(), *v)).collect()
    }

    /// Update, whether it changes something, and what is held after it.
    #[test]
    fn updates() {
        type Step = (
            Update<(Key, Option<u32>)>,
            bool,
            &'static [(&'static str, u32)],
        );
        let mut store = Store::default();
        let steps: Vec<Step> = vec![
            (Update::Listing, false, &[]),
            (Update::Page(vec![item("a", 1)]), false, &[]),
            (Update::Page(vec![item("b", 2)]), false, &[]),
            (Update::Listed, true, &[("a", 1), ("b", 2)]),
            (Update::Applied(item("a", 1)), false, &[("a", 1), ("b", 2)]),
            (Update::Applied(item("a", 3)), true, &[("a", 3), ("b", 2)]),
            (Update::Deleted(item("b", 2)), true, &[("a", 3)]),
            (Update::Deleted(item("b", 2)), false, &[("a", 3)]),
            // A list that breaks off, and one that follows it.
            (Update::Listing, false, &[("a", 3)]),
            (Update::Page(vec![item("z", 9)]), false, &[("a", 3)]),
            (Update::Listing, false, &[("a", 3)]),
            (Update::Page(vec![item("a", 3)]), false, &[("a", 3)]),
            (Update::Listed, false, &[("a", 3)]),
            (Update::Listing, false, &[("a", 3)]),
            (Update::Listed, true, &[]),
        ];
        for (number, (update, changes, after)) in steps.into_iter().enumerate() {
            assert_eq!(store.update(update), changes, "step {number}");
            assert_eq!(held(&store), after, "step {number}");
        }
        assert_eq!(store.lists(), 3);
    }

    #[test]
    fn what_turns_unusable_is_gone() {
        let mut store = Store::default();
        assert!(store.update(Update::Applied(item("a", 1))));
        assert!(store.update(Update::Applied((item("a", 1).0, None))));
        assert!(store.is_empty());
    }

    /// What was known earlier counts until the first whole list, and is then replaced.
    #[test]
    fn known_objects_are_not_in_sync() {
        let mut store = Store::known(BTreeMap::from([(item("a", 1).0, 1)]));
        assert!(!store.synced());
        store.update(Update::Listing);
        assert_eq!(held(&store), [("a", 1)]);
        assert!(store.update(Update::Listed));
        assert!(store.synced() && store.is_empty());
    }
}
