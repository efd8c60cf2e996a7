//! A red-black tree whose user chooses where a value goes.
//!
//! Which held segments the kernel compares a new one with hangs on the shape of its tree, so
//! ours must have the same shape: insertion and removal are the textbook's (Cormen et al.,
//! *Introduction to Algorithms*, chapter 13), as the kernel's are; a removed node with two
//! children gives its place to its successor.

/// A node's place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// Which child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    fn opposite(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// The tree; its nodes lie in one arena.
#[derive(Clone, Debug)]
pub(super) struct Tree<V> {
    nodes: Vec<Node<V>>,
    free: Vec<Place>,
    root: Option<Place>,
}

#[derive(Clone, Debug)]
struct Node<V> {
    value: V,
    parent: Option<Place>,
    left: Option<Place>,
    right: Option<Place>,
    is_red: bool,
}

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Tree {
            nodes: Vec::new(),
            free: Vec::new(),
            root: None,
        }
    }
}

impl<V: Default> Tree<V> {
    pub(super) fn root(&self) -> Option<Place> {
        self.root
    }

    /// Nodes in use.
    pub(super) fn len(&self) -> usize {
        self.nodes.len().saturating_sub(self.free.len())
    }

    pub(super) fn get(&self, at: Place) -> Option<&V> {
        self.node(at).map(|node| &node.value)
    }

    pub(super) fn get_mut(&mut self, at: Place) -> Option<&mut V> {
        self.node_mut(at).map(|node| &mut node.value)
    }

    pub(super) fn child(&self, at: Place, side: Side) -> Option<Place> {
        let node = self.node(at)?;
        match side {
            Side::Left => node.left,
            Side::Right => node.right,
        }
    }

    /// The leftmost node.
    pub(super) fn first(&self) -> Option<Place> {
        Some(self.outermost(self.root?, Side::Left))
    }

    /// The node behind another in order.
    pub(super) fn next(&self, at: Place) -> Option<Place> {
        if let Some(right) = self.child(at, Side::Right) {
            return Some(self.outermost(right, Side::Left));
        }
        let mut below = at;
        loop {
            let (parent, side) = self.above(below)?;
            if side == Side::Left {
                return Some(parent);
            }
            below = parent;
        }
    }

    /// Adds a value as a child that is not there yet; without a parent, as the root of an
    /// empty tree.
    pub(super) fn insert(&mut self, under: Option<(Place, Side)>, value: V) -> Place {
        let node = Node {
            value,
            parent: under.map(|(parent, _)| parent),
            left: None,
            right: None,
            is_red: true,
        };
        let at = if let Some(at) = self.free.pop() {
            if let Some(place) = self.node_mut(at) {
                *place = node;
            }
            at
        } else {
            let at = Place(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
            self.nodes.push(node);
            at
        };
        self.set_below(under, Some(at));
        self.balance_inserted(at);
        at
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, at: Place) -> V {
        let (left, right) = (self.child(at, Side::Left), self.child(at, Side::Right));
        // Where a black node is missing now, if one is.
        let mut hole = None;
        match (left, right) {
            (Some(_), Some(right)) => {
                let successor = self.outermost(right, Side::Left);
                let orphan = self.child(successor, Side::Right);
                let was_red = self.is_red(Some(successor));
                let mut above = self.above(successor);
                if successor == right {
                    above = Some((successor, Side::Right));
                } else {
                    self.replace(successor, orphan);
                    self.adopt(successor, Side::Right, Some(right));
                }
                self.replace(at, Some(successor));
                self.adopt(successor, Side::Left, left);
                let red = self.is_red(Some(at));
                self.set_red(Some(successor), red);
                if self.is_red(orphan) {
                    self.set_red(orphan, false);
                } else if !was_red {
                    hole = above;
                }
            }
            (only, None) | (None, only) => {
                let (above, was_red) = (self.above(at), self.is_red(Some(at)));
                self.replace(at, only);
                if only.is_some() {
                    self.set_red(only, was_red);
                } else if !was_red {
                    hole = above;
                }
            }
        }
        self.balance_removed(hole);
        self.free.push(at);
        let node = self.node_mut(at);
        node.map(|node| std::mem::take(&mut node.value))
            .unwrap_or_default()
    }

    fn balance_inserted(&mut self, at: Place) {
        let mut at = at;
        while let Some((parent, side)) = self.above(at) {
            if !self.is_red(Some(parent)) {
                return;
            }
            // A red node is never the root.
            let Some((grandparent, parent_side)) = self.above(parent) else {
                break;
            };
            let uncle = self.child(grandparent, parent_side.opposite());
            if self.is_red(uncle) {
                self.set_red(uncle, false);
                self.set_red(Some(parent), false);
                self.set_red(Some(grandparent), true);
                at = grandparent;
                continue;
            }
            let mut top = parent;
            if side != parent_side {
                self.rotate(parent, parent_side);
                top = at;
            }
            self.set_red(Some(top), false);
            self.set_red(Some(grandparent), true);
            self.rotate(grandparent, parent_side.opposite());
            return;
        }
        self.set_red(self.root, false);
    }

    /// `hole`: the child of a node on whose side a black node is missing.
    fn balance_removed(&mut self, mut hole: Option<(Place, Side)>) {
        while let Some((parent, side)) = hole {
            let far = side.opposite();
            let mut sibling = self.child(parent, far);
            if self.is_red(sibling) {
                self.set_red(sibling, false);
                self.set_red(Some(parent), true);
                self.rotate(parent, side);
                sibling = self.child(parent, far);
            }
            // The side that misses a black node has a sibling of at least one.
            let Some(beside) = sibling else { return };
            if !self.is_red(self.child(beside, far)) {
                let near = self.child(beside, side);
                if !self.is_red(near) {
                    self.set_red(sibling, true);
                    if self.is_red(Some(parent)) {
                        return self.set_red(Some(parent), false);
                    }
                    hole = self.above(parent);
                    continue;
                }
                self.set_red(near, false);
                self.set_red(sibling, true);
                self.rotate(beside, far);
                sibling = near;
            }
            let red = self.is_red(Some(parent));
            self.set_red(sibling, red);
            self.set_red(Some(parent), false);
            if let Some(beside) = sibling {
                let outer = self.child(beside, far);
                self.set_red(outer, false);
            }
            return self.rotate(parent, side);
        }
    }

    /// Turns a node down to `side`; its other child takes its place.
    fn rotate(&mut self, at: Place, side: Side) {
        let Some(up) = self.child(at, side.opposite()) else {
            return;
        };
        let middle = self.child(up, side);
        self.replace(at, Some(up));
        self.adopt(at, side.opposite(), middle);
        self.adopt(up, side, Some(at));
    }

    /// Puts another subtree in a node's place.
    fn replace(&mut self, at: Place, by: Option<Place>) {
        let above = self.above(at);
        if let Some(node) = by.and_then(|by| self.node_mut(by)) {
            node.parent = above.map(|(parent, _)| parent);
        }
        self.set_below(above, by);
    }

    fn adopt(&mut self, parent: Place, side: Side, child: Option<Place>) {
        self.set_below(Some((parent, side)), child);
        if let Some(node) = child.and_then(|child| self.node_mut(child)) {
            node.parent = Some(parent);
        }
    }

    fn set_below(&mut self, under: Option<(Place, Side)>, child: Option<Place>) {
        match under {
            None => self.root = child,
            Some((parent, side)) => {
                if let Some(node) = self.node_mut(parent) {
                    match side {
                        Side::Left => node.left = child,
                        Side::Right => node.right = child,
                    }
                }
            }
        }
    }

    /// A node's parent, and which child it is.
    fn above(&self, at: Place) -> Option<(Place, Side)> {
        let parent = self.node(at)?.parent?;
        let is_left = self.child(parent, Side::Left) == Some(at);
        Some((parent, if is_left { Side::Left } else { Side::Right }))
    }

    fn outermost(&self, mut at: Place, side: Side) -> Place {
        while let Some(child) = self.child(at, side) {
            at = child;
        }
        at
    }

    fn is_red(&self, at: Option<Place>) -> bool {
        at.and_then(|at| self.node(at))
            .is_some_and(|node| node.is_red)
    }

    fn set_red(&mut self, at: Option<Place>, red: bool) {
        if let Some(node) = at.and_then(|at| self.node_mut(at)) {
            node.is_red = red;
        }
    }

    fn node(&self, at: Place) -> Option<&Node<V>> {
        self.nodes.get(usize::try_from(at.0).ok()?)
    }

    fn node_mut(&mut self, at: Place) -> Option<&mut Node<V>> {
        self.nodes.get_mut(usize::try_from(at.0).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black nodes on every way down; panics if the tree is not a red-black tree.
    fn height(tree: &Tree<u32>, at: Option<Place>, is_below_red: bool) -> usize {
        let Some(place) = at else { return 1 };
        let red = tree.is_red(at);
        assert!(!(red && is_below_red), "two red nodes");
        let [left, right] = [Side::Left, Side::Right].map(|side| {
            let child = tree.child(place, side);
            assert!(child.is_none_or(|child| tree.above(child) == Some((place, side))));
            height(tree, child, red)
        });
        assert_eq!(left, right, "black heights");
        left + usize::from(!red)
    }

    fn values(tree: &Tree<u32>) -> Vec<u32> {
        let places = std::iter::successors(tree.first(), |at| tree.next(*at));
        places.filter_map(|at| tree.get(at).copied()).collect()
    }

    fn insert_sorted(tree: &mut Tree<u32>, value: u32) {
        let (mut under, mut next) = (None, tree.root());
        while let Some(at) = next {
            let is_left = value < *tree.get(at).expect("a node");
            let side = if is_left { Side::Left } else { Side::Right };
            under = Some((at, side));
            next = tree.child(at, side);
        }
        tree.insert(under, value);
    }

    proptest::proptest! {
        #[test]
        fn it_stays_sorted_and_balanced(steps in proptest::collection::vec((0_u32..40, 0_usize..3), 0..200)) {
            let (mut tree, mut model) = (Tree::default(), Vec::new());
            for (value, kind) in steps {
                let found = std::iter::successors(tree.first(), |at| tree.next(*at))
                    .find(|at| tree.get(*at) == Some(&value));
                match found {
                    Some(at) if kind > 0 => {
                        assert_eq!(tree.remove(at), value);
                        let place = model.iter().position(|v| *v == value).expect("there");
                        model.remove(place);
                    }
                    _ => {
                        insert_sorted(&mut tree, value);
                        model.push(value);
                        model.sort_unstable();
                    }
                }
                assert_eq!(values(&tree), model);
                assert_eq!(tree.len(), model.len());
                assert!(!tree.is_red(tree.root()));
                height(&tree, tree.root(), false);
            }
        }
    }
}
