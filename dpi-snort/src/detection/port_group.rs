//! Groups by the ports of one side: the ports are cut where rules differ, and each piece has
//! the group of the rules that name its ports.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    compile::RuleIndex,
    groups::{ByWay, Members, Ways},
    rule_group::{GroupMaker, RuleGroup},
};
use crate::parser::PortSet;

/// Different port lists of one side that are told apart; rules with others are tried on
/// every port.
const MAX_PORT_SETS: usize = 1024;
/// Rules of all pieces together, a rule counted in each: beyond, rules with long lists are
/// tried on every port.
const MAX_MEMBERSHIPS: usize = 1 << 18;

/// Groups by port.
#[derive(Debug, Default)]
pub(super) struct PortGroups {
    /// First ports, rising, and the groups from there on.
    pieces: Box<[(u16, ByWay)]>,
}

/// Rules on their way into [`PortGroups`].
#[derive(Debug, Default)]
pub(super) struct PortRules {
    by_set: HashMap<PortSet, Members>,
}

impl PortGroups {
    /// The group for a port; `None` where no rule names it.
    pub(super) fn get(&self, port: u16, to_server: bool) -> Option<&RuleGroup> {
        let behind = self.pieces.partition_point(|(first, _)| *first <= port);
        let (_, groups) = self.pieces.get(behind.checked_sub(1)?)?;
        groups.get(to_server)
    }
}

impl PortRules {
    /// Adds a rule for the ports that it names.
    pub(super) fn add(&mut self, ports: &PortSet, rule: RuleIndex, ways: Ways) {
        if let Some(members) = self.by_set.get_mut(ports) {
            members.add(rule, ways);
            return;
        }
        let mut members = Members::default();
        members.add(rule, ways);
        self.by_set.insert(ports.clone(), members);
    }

    /// Makes the groups; `others` gets the rules that did not fit.
    pub(super) fn build(self, maker: &mut GroupMaker, others: &mut Members) -> PortGroups {
        let mut sets: Vec<(PortSet, Members)> = self.by_set.into_iter().collect();
        sets.sort_by_cached_key(|(ports, _)| (count(ports), ports.ranges().to_vec()));
        for (_, members) in sets.drain(sets.len().min(MAX_PORT_SETS)..) {
            others.extend(&members);
        }
        for at in too_many(&sets) {
            if let Some((_, members)) = sets.get_mut(at) {
                others.extend(members);
                *members = Members::default();
            }
        }
        let mut known: HashMap<Vec<usize>, ByWay> = HashMap::new();
        let mut pieces: Vec<(u16, ByWay)> = Vec::new();
        for (first, active) in cut(&sets) {
            let groups = if let Some(groups) = known.get(&active) {
                groups.clone()
            } else {
                let mut members = Members::default();
                let active_sets = active.iter().filter_map(|at| sets.get(*at));
                active_sets.for_each(|(_, more)| members.extend(more));
                let groups = members.build(maker);
                known.insert(active, groups.clone());
                groups
            };
            pieces.push((first, groups));
        }
        PortGroups {
            pieces: pieces.into(),
        }
    }
}

/// How many ports there are.
fn count(ports: &PortSet) -> u32 {
    let lengths = ports
        .ranges()
        .iter()
        .map(|(first, last)| u32::from(last.saturating_sub(*first)).saturating_add(1));
    lengths.sum()
}

/// The first port of each piece and the sets that hold its ports, by rising port.
fn cut(sets: &[(PortSet, Members)]) -> Vec<(u16, Vec<usize>)> {
    // Port, whether the set begins there, the set. A set that ends at the last port never
    // ends.
    let mut edges: Vec<(u16, bool, usize)> = Vec::new();
    for (at, (ports, members)) in sets.iter().enumerate() {
        if members.len() == 0 {
            continue;
        }
        for (first, last) in ports.ranges() {
            edges.push((*first, true, at));
            edges.extend(last.checked_add(1).map(|behind| (behind, false, at)));
        }
    }
    edges.sort_unstable();
    let mut active = BTreeSet::new();
    let mut pieces: Vec<(u16, Vec<usize>)> = Vec::new();
    for (port, begins, set) in edges {
        if begins {
            active.insert(set);
        } else {
            active.remove(&set);
        }
        let sets = active.iter().copied().collect();
        match pieces.last_mut() {
            Some((first, last)) if *first == port => *last = sets,
            _ => pieces.push((port, sets)),
        }
    }
    pieces
}

/// The sets that have to go so that [`MAX_MEMBERSHIPS`] holds: those that cost most.
fn too_many(sets: &[(PortSet, Members)]) -> Vec<usize> {
    let pieces = cut(sets);
    let different: HashSet<&[usize]> = pieces.iter().map(|(_, sets)| sets.as_slice()).collect();
    let mut costs: Vec<(usize, usize)> = sets.iter().map(|_| 0).zip(0..).collect();
    for at in different.into_iter().flatten() {
        let rules = sets.get(*at).map_or(0, |(_, members)| members.len());
        if let Some((cost, _)) = costs.get_mut(*at) {
            *cost = cost.saturating_add(rules);
        }
    }
    costs.sort_unstable();
    let mut total = 0_usize;
    let behind = costs.into_iter().skip_while(|(cost, _)| {
        total = total.saturating_add(*cost);
        total <= MAX_MEMBERSHIPS
    });
    behind.map(|(_, at)| at).collect()
}
