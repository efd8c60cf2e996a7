//! What rules have in common at their beginnings, evaluated once a unit.
//!
//! The options of a rule are tried one after the other, so as far as two rules begin with the
//! same ones, both come to the same. These beginnings form a tree; each of its nodes is one
//! option behind the others on the way to it, and what it came to on a unit is kept in
//! [`Memory`]. A rule goes on by itself from the last node that it shares. It pays for the
//! steps of the beginning as if it had taken them, so that limits do not depend on what other
//! rules there are.

use std::collections::HashMap;

use super::compile::Compiled;
use crate::ips_options::{IpsOption, MAX_VARIABLES};

/// Options of the longest beginning that is kept.
const MAX_DEPTH: usize = 16;

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NodeId(u32);

/// The beginning of a rule that others share.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning {
    /// The nodes of its options, in the order in which they are tried: those on headers, then
    /// those on the payload.
    pub(super) nodes: Box<[NodeId]>,
    /// Later options of the rule may ask for another occurrence of what the last one found.
    pub(super) is_tried_again: bool,
}

/// What nodes came to on the unit under examination.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Vec<Kept>,
    generation: u32,
}

/// What one node came to.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    generation: u32,
    /// Steps of the node and those before it.
    steps: u32,
    place: Option<Place>,
}

/// Where options that hold leave the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Where what the last option found begins.
    pub(super) start: usize,
    pub(super) pos: usize,
    pub(super) variables: [u32; MAX_VARIABLES],
}

/// What is known of a beginning: how many of its options, the steps that they took, and where
/// they leave the cursor if they hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) options: usize,
    pub(super) steps: u32,
    pub(super) place: Option<Place>,
}

/// Finds what rules share and writes it to them; returns how many nodes there are.
#[expect(
    clippy::mutable_key_type,
    reason = "expressions, which are compiled late, are told apart by identity and never kept here"
)]
pub(super) fn grow(rules: &mut [Compiled]) -> usize {
    let ways: Vec<Vec<usize>> = {
        let mut nodes: HashMap<(Option<usize>, &IpsOption), usize> = HashMap::new();
        let mut uses: Vec<usize> = Vec::new();
        let mut way_of = |compiled| {
            let mut parent = None;
            let mut way = Vec::new();
            for option in beginning(compiled) {
                let next = uses.len();
                let node = *nodes.entry((parent, option)).or_insert(next);
                if node == next {
                    uses.push(0);
                }
                if let Some(uses) = uses.get_mut(node) {
                    *uses = uses.saturating_add(1);
                }
                way.push(node);
                parent = Some(node);
            }
            way
        };
        let mut ways: Vec<Vec<usize>> = rules.iter().map(&mut way_of).collect();
        let is_shared = |node: &usize| uses.get(*node).is_some_and(|uses| *uses > 1);
        for way in &mut ways {
            let shared = way.iter().take_while(|node| is_shared(node)).count();
            way.truncate(shared);
        }
        ways
    };
    let mut numbers: HashMap<usize, NodeId> = HashMap::new();
    for (compiled, way) in rules.iter_mut().zip(ways) {
        let mut number = |node: usize| {
            let next = NodeId(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
            *numbers.entry(node).or_insert(next)
        };
        let nodes: Box<[NodeId]> = way.into_iter().map(&mut number).collect();
        compiled.beginning = Beginning {
            is_tried_again: is_tried_again(compiled, nodes.len()),
            nodes,
        };
    }
    numbers.len()
}

/// The options of a rule that may be shared: those that always come to the same on a unit, up
/// to the first one that may be tried again.
fn beginning(compiled: &Compiled) -> impl Iterator<Item = &IpsOption> {
    let headers = compiled.header_tests.len();
    let mut is_over = false;
    let options = compiled.header_tests.iter().chain(&compiled.payload_tests);
    let options = (0_usize..).zip(options).take_while(move |(at, option)| {
        let goes_on = !is_over && option.is_constant();
        is_over = at.checked_sub(headers).is_some_and(|at| {
            let rest = compiled.payload_tests.get(at.saturating_add(1)..);
            super::evaluate::is_tried_again(
                option,
                rest.unwrap_or_default(),
                compiled.has_variables,
            )
        });
        goes_on
    });
    options.map(|(_, option)| option).take(MAX_DEPTH)
}

/// Whether the last of so many options is one of the payload that may be tried again.
fn is_tried_again(compiled: &Compiled, count: usize) -> bool {
    let Some(count) = count.checked_sub(compiled.header_tests.len()) else {
        return false;
    };
    let rest = compiled.payload_tests.get(count..).unwrap_or_default();
    let last = count
        .checked_sub(1)
        .and_then(|at| compiled.payload_tests.get(at));
    last.is_some_and(|last| super::evaluate::is_tried_again(last, rest, compiled.has_variables))
}

impl Memory {
    /// Forgets what is known, for the next unit.
    pub(super) fn begin(&mut self, nodes: usize) {
        if self.kept.len() != nodes || self.generation == u32::MAX {
            self.kept.clear();
            self.kept.resize(nodes, Kept::default());
            self.generation = 0;
        }
        self.generation = self.generation.saturating_add(1);
    }

    /// What is known of the longest part of a beginning.
    pub(super) fn known(&self, nodes: &[NodeId]) -> Known {
        for (before, node) in nodes.iter().enumerate().rev() {
            let kept = self.kept.get(node.0 as usize);
            if let Some(kept) = kept.filter(|kept| kept.generation == self.generation) {
                return Known {
                    options: before.saturating_add(1),
                    steps: kept.steps,
                    place: kept.place,
                };
            }
        }
        Known {
            options: 0,
            steps: 0,
            place: Some(Place::default()),
        }
    }

    /// Where a node left the cursor.
    pub(super) fn place(&self, node: NodeId) -> Option<Place> {
        self.kept.get(node.0 as usize)?.place
    }

    /// Keeps what a node came to.
    pub(super) fn keep(&mut self, node: NodeId, steps: u32, place: Option<Place>) {
        if let Some(kept) = self.kept.get_mut(node.0 as usize) {
            *kept = Kept {
                generation: self.generation,
                steps,
                place,
            };
        }
    }
}
