//! Doubly linked lists through the entries of a slab, oldest first.

/// Index of a slab entry.
pub(super) type Index = u32;

/// Neighbours of an entry in its list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Links {
    pub(super) older: Option<Index>,
    pub(super) newer: Option<Index>,
}

/// Both ends of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List {
    pub(super) oldest: Option<Index>,
    newest: Option<Index>,
}

/// Something with [`Links`] at an index; `None` for an index that is not in use.
pub(super) trait Linked {
    fn links(&mut self, index: Index) -> Option<&mut Links>;
}

impl List {
    /// Appends an entry that is in no list.
    pub(super) fn push(&mut self, entries: &mut impl Linked, index: Index) {
        if let Some(links) = entries.links(index) {
            *links = Links {
                older: self.newest,
                newer: None,
            };
        }
        match self.newest.and_then(|newest| entries.links(newest)) {
            Some(links) => links.newer = Some(index),
            None => self.oldest = Some(index),
        }
        self.newest = Some(index);
    }

    /// Takes an entry of this list out of it.
    pub(super) fn remove(&mut self, entries: &mut impl Linked, index: Index) {
        let Some(links) = entries.links(index).map(std::mem::take) else {
            return;
        };
        match links.older.and_then(|older| entries.links(older)) {
            Some(older) => older.newer = links.newer,
            None => self.oldest = links.newer,
        }
        match links.newer.and_then(|newer| entries.links(newer)) {
            Some(newer) => newer.older = links.older,
            None => self.newest = links.older,
        }
    }
}
