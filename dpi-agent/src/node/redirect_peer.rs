//! Whether the node's network takes packets past the pods' interfaces.
//!
//! With `bpf_redirect_peer` (Cilium, Calico's eBPF dataplane) a packet for a pod comes out
//! at the pod's end of its veth without ever crossing the node's end, where the programs
//! are. Which programs do that cannot be asked for without `CAP_SYS_ADMIN`; what they do can
//! be seen: a pod that acknowledges, over and over, what was never on its interface.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use dpi_common::{FlowKey, Sides, Slot, user};

/// What the operator says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Found out by what the pods' connections show.
    #[default]
    Auto,
    /// It does.
    On,
    /// It does not, whatever connections show.
    Off,
}

/// So often must a workload have acknowledged what was not seen.
const UNSEEN: u32 = 4;
/// So many connections with both sides tell that a workload's packets are all seen.
const WHOLE: usize = 4;

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RedirectPeer {
    mode: Mode,
    found: bool,
    /// Workloads whose packets are all seen.
    whole: BTreeSet<Slot>,
    /// Flows that had one side alone when they were last looked at.
    suspects: HashSet<FlowKey>,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing new.
    Nothing,
    /// Some workloads need not be watched any more.
    Whole,
    /// Packets come to pods past their interfaces.
    Redirected,
}

impl RedirectPeer {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// The same if an earlier run found it already.
    pub(super) fn known(mode: Mode, found: bool) -> Self {
        Self {
            found,
            ..Self::new(mode)
        }
    }

    /// Packets are to be looked for where they come into the node.
    pub(super) fn in_force(&self) -> bool {
        match self.mode {
            Mode::Auto => self.found,
            Mode::On => true,
            Mode::Off => false,
        }
    }

    /// It was seen, rather than said.
    pub(super) fn found(&self) -> bool {
        self.found
    }

    /// Whether flows of this workload are to be watched.
    pub(super) fn watches(&self, slot: Slot) -> bool {
        self.mode == Mode::Auto && !self.found && !self.whole.contains(&slot)
    }

    /// Forgets slots that are nobody's any more.
    pub(super) fn retain(&mut self, known: impl Fn(Slot) -> bool) {
        self.whole.retain(|slot| known(*slot));
    }

    /// Takes what was counted. To be called again and again: what a connection lacks at one
    /// look it may show by the next, a second later. `own` are the node's addresses: what
    /// the node itself sends to a pod crosses the interface on every network, and so tells
    /// nothing.
    pub(super) fn look(&mut self, flows: &[(FlowKey, Sides)], own: &[IpAddr]) -> Shown {
        let own: BTreeSet<_> = own.iter().map(|ip| user::address(*ip)).collect();
        let mut whole: BTreeMap<Slot, usize> = BTreeMap::new();
        let mut suspects = HashSet::new();
        for (key, sides) in flows {
            let tuple = &key.tuple;
            let end = |address| own.contains(&(tuple.family, address));
            let Some(slot) = Slot::new_checked(key.slot) else {
                continue;
            };
            if end(tuple.low) || end(tuple.high) {
                continue;
            }
            if sides.received > 0 {
                *whole.entry(slot).or_default() += 1;
            } else if sides.acknowledged >= UNSEEN {
                suspects.insert(*key);
            }
        }
        if !self.suspects.is_disjoint(&suspects) {
            self.found = true;
            return Shown::Redirected;
        }
        self.suspects = suspects;
        let before = self.whole.len();
        let enough = whole.into_iter().filter(|(_, flows)| *flows >= WHOLE);
        self.whole.extend(enough.map(|(slot, _)| slot));
        if self.whole.len() > before {
            Shown::Whole
        } else {
            Shown::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use dpi_common::{FlowTuple, flow::protocol};

    use super::*;

    fn flow(
        slot: u32,
        peer: [u8; 4],
        port: u16,
        acknowledged: u32,
        received: u32,
    ) -> (FlowKey, Sides) {
        let ends = (([10, 0, 0, 1].into(), port), (peer.into(), 80));
        let tuple = FlowTuple::from_ends(protocol::TCP, ends.0, ends.1).unwrap();
        let key = FlowKey {
            tuple,
            slot,
            epoch: 0,
        };
        let sides = Sides {
            acknowledged,
            received,
        };
        (key, sides)
    }

    fn slot(number: u32) -> Slot {
        Slot::new_checked(number).unwrap()
    }

    const PEER: [u8; 4] = [10, 0, 0, 2];
    const NODE: [u8; 4] = [192, 0, 2, 1];

    #[test]
    fn a_connection_with_one_side_twice_in_a_row_tells() {
        let mut redirect = RedirectPeer::new(Mode::Auto);
        assert!(redirect.watches(slot(1)) && !redirect.in_force());
        let one_sided = [flow(1, PEER, 5000, UNSEEN, 0)];
        assert_eq!(redirect.look(&one_sided, &[]), Shown::Nothing);
        assert_eq!(redirect.look(&one_sided, &[]), Shown::Redirected);
        assert!(redirect.in_force() && !redirect.watches(slot(1)));
    }

    #[test]
    fn what_shows_its_other_side_is_no_sign() {
        let node = [NODE.into()];
        for (flows, then) in [
            // Its answer was on its way.
            ([flow(1, PEER, 5000, 9, 0)], [flow(1, PEER, 5000, 9, 1)]),
            // Too little was acknowledged.
            ([flow(1, PEER, 5000, 3, 0)], [flow(1, PEER, 5000, 3, 0)]),
            // Another connection each time.
            ([flow(1, PEER, 5000, 9, 0)], [flow(1, PEER, 5001, 9, 0)]),
            // The node's own.
            ([flow(1, NODE, 5000, 9, 0)], [flow(1, NODE, 5000, 9, 0)]),
        ] {
            let mut redirect = RedirectPeer::new(Mode::Auto);
            assert_eq!(redirect.look(&flows, &node), Shown::Nothing);
            assert_eq!(redirect.look(&then, &node), Shown::Nothing, "{then:?}");
            assert!(redirect.watches(slot(1)));
        }
    }

    #[test]
    fn a_workload_whose_packets_are_seen_is_watched_no_more() {
        let mut redirect = RedirectPeer::new(Mode::Auto);
        let of = |slot, peer| (0..4).map(move |n| flow(slot, peer, 5000 + n, 2, 2));
        let mut flows: Vec<_> = of(1, PEER).collect();
        // Probes of the node say nothing.
        flows.extend(of(2, NODE));
        assert_eq!(redirect.look(&flows, &[NODE.into()]), Shown::Whole);
        assert!(!redirect.watches(slot(1)) && redirect.watches(slot(2)));
        assert_eq!(redirect.look(&flows, &[NODE.into()]), Shown::Nothing);
        redirect.retain(|_| false);
        assert!(redirect.watches(slot(1)));
    }

    #[test]
    fn the_operator_has_the_last_word() {
        let one_sided = [flow(1, PEER, 5000, 9, 0)];
        for (mode, in_force) in [(Mode::On, true), (Mode::Off, false)] {
            let mut redirect = RedirectPeer::new(mode);
            redirect.look(&one_sided, &[]);
            redirect.look(&one_sided, &[]);
            assert_eq!(redirect.in_force(), in_force);
            assert!(!redirect.watches(slot(1)));
        }
        assert!(RedirectPeer::known(Mode::Auto, true).in_force());
        assert!(!RedirectPeer::known(Mode::Off, true).in_force());
    }
}
