//! What the kernel should hold, and the steps from what it holds.

use std::{collections::BTreeMap, sync::Arc};

use dpi_common::{Interface, Slot, select::interface_flags};

use crate::{
    desired::Endpoint,
    interfaces::{CgroupId, Interfaces, Location, NotFound},
    snapshot::{CgroupPath, PodUid},
};

/// Programs by interface and slots by cgroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// What the programs on each interface do; interfaces that are not named have none.
    pub interfaces: BTreeMap<u32, Interface>,
    /// Slots of workloads on the node's own interfaces.
    pub cgroups: BTreeMap<CgroupId, Slot>,
}

/// One step. Each stands for itself: if it fails, the others are still right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take the programs off an interface.
    Detach(u32),
    /// The cgroup is nobody's any more.
    ClearCgroup(CgroupId),
    /// The cgroup is this workload's.
    SetCgroup(CgroupId, Slot),
    /// Put programs on an interface, or change what those that are there do.
    Attach(u32, Interface),
}

/// A plan, and where each endpoint's packets are found or why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The plan for all that were found.
    pub plan: Plan,
    /// Every endpoint, by its pod.
    pub found: BTreeMap<PodUid, Result<Location, NotFound>>,
}

/// Plans for these endpoints, each with its slot. `cgroup` looks up a cgroup.
pub(super) fn plan(
    endpoints: &[(Arc<Endpoint>, Slot)],
    interfaces: &Interfaces,
    mut cgroup: impl FnMut(&CgroupPath) -> Result<CgroupId, NotFound>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut owners: BTreeMap<u32, String> = BTreeMap::new();
    for (endpoint, slot) in endpoints {
        let pod = &endpoint.pod;
        let mut found = interfaces.locate(pod);
        match &found {
            Ok(Location::Interfaces(nics)) => {
                let shared = nics.iter().find_map(|nic| {
                    let (name, other) = (nic.name.clone(), owners.get(&nic.ifindex)?.clone());
                    Some(NotFound::Shared { name, other })
                });
                if let Some(error) = shared {
                    found = Err(error);
                } else {
                    let owner = format!("{}/{}", pod.namespace, pod.name);
                    for nic in nics {
                        owners.insert(nic.ifindex, owner.clone());
                        let workload = Interface::workload(*slot);
                        outcome.plan.interfaces.insert(nic.ifindex, workload);
                    }
                }
            }
            Ok(Location::Cgroup(path)) => match cgroup(path) {
                Ok(id) => {
                    outcome.plan.cgroups.insert(id, *slot);
                }
                Err(error) => found = Err(error),
            },
            Err(_) => {}
        }
        outcome.found.insert(pod.uid.clone(), found);
    }
    if !outcome.plan.cgroups.is_empty() {
        for ifindex in interfaces.uplinks() {
            let entry = outcome.plan.interfaces.entry(*ifindex).or_default();
            entry.flags |= interface_flags::CGROUP;
        }
    }
    outcome
}

/// The steps from `current` to `wanted`. What goes away goes first, so that no packet is
/// attributed to two workloads.
pub(super) fn steps(current: &Plan, wanted: &Plan) -> Vec<Step> {
    let gone = current
        .interfaces
        .keys()
        .filter(|ifindex| !wanted.interfaces.contains_key(ifindex))
        .map(|ifindex| Step::Detach(*ifindex));
    let cleared = current
        .cgroups
        .keys()
        .filter(|id| !wanted.cgroups.contains_key(id))
        .map(|id| Step::ClearCgroup(*id));
    let set = wanted
        .cgroups
        .iter()
        .filter(|(id, slot)| current.cgroups.get(id) != Some(slot))
        .map(|(id, slot)| Step::SetCgroup(*id, *slot));
    let attached = wanted
        .interfaces
        .iter()
        .filter(|(ifindex, what)| current.interfaces.get(ifindex) != Some(what))
        .map(|(ifindex, what)| Step::Attach(*ifindex, *what));
    gone.chain(cleared).chain(set).chain(attached).collect()
}

impl Plan {
    /// What holds after `step`.
    pub(super) fn apply(&mut self, step: Step) {
        match step {
            Step::Detach(ifindex) => {
                self.interfaces.remove(&ifindex);
            }
            Step::ClearCgroup(id) => {
                self.cgroups.remove(&id);
            }
            Step::SetCgroup(id, slot) => {
                self.cgroups.insert(id, slot);
            }
            Step::Attach(ifindex, what) => {
                self.interfaces.insert(ifindex, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        interfaces::{Link, Nic, PodNetwork, Route},
        node::testing::endpoint,
        snapshot::InterfaceName,
    };

    fn slot(number: u32) -> Slot {
        Slot::new_checked(number).unwrap()
    }

    fn workload(number: u32) -> Interface {
        Interface::workload(slot(number))
    }

    fn holding(interfaces: &[(u32, u32)]) -> Plan {
        Plan {
            interfaces: interfaces.iter().map(|(i, s)| (*i, workload(*s))).collect(),
            cgroups: BTreeMap::new(),
        }
    }

    fn on(name: &str, interface: &str) -> Arc<Endpoint> {
        let mut endpoint = Arc::unwrap_or_clone(endpoint(name));
        let mut pod = Arc::unwrap_or_clone(endpoint.pod);
        pod.interface = Some(InterfaceName::new_checked(interface).unwrap());
        endpoint.pod = Arc::new(pod);
        Arc::new(endpoint)
    }

    fn in_cgroup(name: &str, path: &str) -> Arc<Endpoint> {
        let mut endpoint = Arc::unwrap_or_clone(endpoint(name));
        let mut pod = Arc::unwrap_or_clone(endpoint.pod);
        pod.cgroup = Some(CgroupPath::new_checked(path).unwrap());
        endpoint.pod = Arc::new(pod);
        Arc::new(endpoint)
    }

    fn table() -> Interfaces {
        let link = |ifindex, name: &str| Link {
            ifindex,
            name: name.to_owned(),
            ..Link::default()
        };
        let default = Route {
            to: None,
            prefix_len: 0,
            ifindex: 2,
        };
        Interfaces::new([link(2, "eth0"), link(7, "a"), link(8, "b")], &[default])
    }

    fn cgroup(path: &CgroupPath) -> Result<CgroupId, NotFound> {
        match path.as_str() {
            "/pods/one" => Ok(CgroupId { id: 11, level: 2 }),
            other => Err(NotFound::Cgroup {
                path: other.to_owned(),
                message: "gone".to_owned(),
            }),
        }
    }

    #[test]
    fn steps_lead_from_any_state_to_the_wanted_one() {
        let states = [
            holding(&[]),
            holding(&[(7, 1)]),
            holding(&[(7, 2), (8, 1)]),
            holding(&[(8, 1), (9, 3)]),
            Plan {
                cgroups: BTreeMap::from([(CgroupId { id: 11, level: 2 }, slot(4))]),
                ..holding(&[(2, 9)])
            },
        ];
        for from in &states {
            for to in &states {
                let mut state = from.clone();
                let steps = steps(from, to);
                assert_eq!(steps.is_empty(), from == to);
                for step in steps {
                    state.apply(step);
                }
                assert_eq!(&state, to, "from {from:?}");
            }
        }
    }

    #[test]
    fn an_interface_made_again_is_left_and_attached_anew() {
        let steps = steps(&holding(&[(7, 1), (8, 2)]), &holding(&[(9, 1), (8, 2)]));
        assert_eq!(steps, [Step::Detach(7), Step::Attach(9, workload(1))]);
    }

    #[test]
    fn each_endpoint_is_found_or_says_why_not() {
        let endpoints = [
            (on("red/a", "a"), slot(1)),
            (on("red/b", "a"), slot(2)),
            (endpoint("red/c"), slot(3)),
            (on("red/d", "b"), slot(4)),
        ];
        let outcome = plan(&endpoints, &table(), cgroup);
        assert_eq!(outcome.plan, holding(&[(7, 1), (8, 4)]));
        let of = |name: &str| &outcome.found[&PodUid(name.to_owned())];
        let nic = Nic {
            ifindex: 7,
            name: "a".to_owned(),
        };
        assert_eq!(of("red/a"), &Ok(Location::Interfaces(vec![nic])));
        assert_eq!(
            of("red/b"),
            &Err(NotFound::Shared {
                name: "a".to_owned(),
                other: "red/a".to_owned()
            })
        );
        assert_eq!(of("red/c"), &Err(NotFound::NoHostRoute { ips: Vec::new() }));
    }

    #[test]
    fn every_nic_of_a_pod_is_the_pods() {
        let link = |ifindex, name: &str| Link {
            ifindex,
            name: name.to_owned(),
            paired: true,
            peer_namespace: Some(1),
            ..Link::default()
        };
        let known = PodNetwork {
            namespaces: vec![1],
            cgroup: None,
        };
        let table = Interfaces::new([link(7, "eth"), link(9, "net1")], &[])
            .with_pods([(PodUid("red/a".to_owned()), known)].into());
        let outcome = plan(&[(endpoint("red/a"), slot(3))], &table, cgroup);
        assert_eq!(outcome.plan, holding(&[(7, 3), (9, 3)]));
    }

    #[test]
    fn a_cgroup_puts_programs_on_the_uplinks() {
        let endpoints = [
            (in_cgroup("red/a", "/pods/one"), slot(1)),
            (in_cgroup("red/b", "/pods/two"), slot(2)),
        ];
        let outcome = plan(&endpoints, &table(), cgroup);
        let node = Interface {
            slot: 0,
            flags: interface_flags::CGROUP,
        };
        assert_eq!(outcome.plan.interfaces, BTreeMap::from([(2, node)]));
        assert_eq!(outcome.plan.cgroups.len(), 1);
        assert!(outcome.found[&PodUid("red/b".to_owned())].is_err());
    }
}
