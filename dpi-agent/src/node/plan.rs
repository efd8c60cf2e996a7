//! What the kernel should hold, and the steps from what it holds.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use dpi_common::{Interface, Slot, select::interface_flags};

use crate::{
    desired::Endpoint,
    interfaces::{CgroupId, Interfaces, Location, NotFound},
    snapshot::{CgroupPath, PodUid},
};

use super::redirect_peer::RedirectPeer;

/// Programs by interface and slots by cgroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// What the programs on each interface do; interfaces that are not named have none.
    pub interfaces: BTreeMap<u32, Interface>,
    /// Slots of workloads on the node's own interfaces; none for what is exempt.
    pub cgroups: BTreeMap<CgroupId, Option<Slot>>,
    /// Slots of pods that packets are taken for before they come to the pod's interface.
    pub pod_ips: BTreeMap<IpAddr, Slot>,
}

/// What the plan depends on besides endpoints and interfaces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances<'a> {
    /// The agent's own cgroup, which is never inspected.
    pub own: Option<CgroupId>,
    /// How the node's network hands packets to pods.
    pub redirect: Option<&'a RedirectPeer>,
}

/// One step. Each stands for itself: if it fails, the others are still right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Take the programs off an interface.
    Detach(u32),
    /// The cgroup is nobody's any more.
    ClearCgroup(CgroupId),
    /// The address is nobody's any more.
    ClearPodIp(IpAddr),
    /// The cgroup is this workload's, or is exempt.
    SetCgroup(CgroupId, Option<Slot>),
    /// The address is this workload's.
    SetPodIp(IpAddr, Slot),
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
    circumstances: Circumstances<'_>,
    mut cgroup: impl FnMut(&CgroupPath) -> Result<CgroupId, NotFound>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut owners: BTreeMap<u32, String> = BTreeMap::new();
    let redirect = circumstances.redirect;
    let watches = |slot| redirect.is_some_and(|redirect| redirect.watches(slot));
    let in_force = redirect.is_some_and(RedirectPeer::in_force);
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
                        let mut workload = Interface::workload(*slot);
                        if watches(*slot) {
                            workload.flags |= interface_flags::WATCH;
                        }
                        outcome.plan.interfaces.insert(nic.ifindex, workload);
                    }
                    if in_force {
                        let ips = pod.own_ips().iter().map(|ip| (*ip, *slot));
                        outcome.plan.pod_ips.extend(ips);
                    }
                }
            }
            Ok(Location::Cgroup(path)) => match cgroup(path) {
                Ok(id) => {
                    outcome.plan.cgroups.insert(id, Some(*slot));
                }
                Err(error) => found = Err(error),
            },
            Err(_) => {}
        }
        outcome.found.insert(pod.uid.clone(), found);
    }
    outcome.plan.complete(interfaces, circumstances.own);
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
    let forgotten = current
        .pod_ips
        .keys()
        .filter(|ip| !wanted.pod_ips.contains_key(ip))
        .map(|ip| Step::ClearPodIp(*ip));
    let set = wanted
        .cgroups
        .iter()
        .filter(|(id, slot)| current.cgroups.get(id) != Some(slot))
        .map(|(id, slot)| Step::SetCgroup(*id, *slot));
    let known = wanted
        .pod_ips
        .iter()
        .filter(|(ip, slot)| current.pod_ips.get(ip) != Some(slot))
        .map(|(ip, slot)| Step::SetPodIp(*ip, *slot));
    let attached = wanted
        .interfaces
        .iter()
        .filter(|(ifindex, what)| current.interfaces.get(ifindex) != Some(what))
        .map(|(ifindex, what)| Step::Attach(*ifindex, *what));
    let away = gone.chain(cleared).chain(forgotten);
    away.chain(set).chain(known).chain(attached).collect()
}

impl Step {
    /// It takes something away.
    pub(super) fn takes_away(&self) -> bool {
        matches!(
            self,
            Step::Detach(_) | Step::ClearCgroup(_) | Step::ClearPodIp(_)
        )
    }
}

impl Plan {
    /// Adds what the node's own interfaces, and those of other pods, have to do for the
    /// workloads that are planned for.
    fn complete(&mut self, interfaces: &Interfaces, own: Option<CgroupId>) {
        if !self.cgroups.is_empty() {
            // Whatever selects it: alerts of its own would never end.
            self.cgroups.extend(own.map(|own| (own, None)));
            for ifindex in interfaces.uplinks() {
                let entry = self.interfaces.entry(*ifindex).or_default();
                entry.flags |= interface_flags::CGROUP;
            }
        }
        if !self.pod_ips.is_empty() {
            for ifindex in interfaces.entrances() {
                let entry = self.interfaces.entry(ifindex).or_default();
                entry.flags |= interface_flags::POD_IP;
            }
        }
    }

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
            Step::ClearPodIp(ip) => {
                self.pod_ips.remove(&ip);
            }
            Step::SetPodIp(ip, slot) => {
                self.pod_ips.insert(ip, slot);
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
        node::{redirect_peer::Mode, testing::endpoint},
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
            ..Plan::default()
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
                cgroups: BTreeMap::from([(CgroupId { id: 11, level: 2 }, Some(slot(4)))]),
                ..holding(&[(2, 9)])
            },
            Plan {
                cgroups: BTreeMap::from([(CgroupId { id: 11, level: 2 }, None)]),
                pod_ips: BTreeMap::from([(IpAddr::from([10, 0, 0, 1]), slot(1))]),
                ..holding(&[(7, 1)])
            },
            Plan {
                pod_ips: BTreeMap::from([
                    (IpAddr::from([10, 0, 0, 1]), slot(2)),
                    (IpAddr::from([10, 0, 0, 2]), slot(1)),
                ]),
                ..Plan::default()
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
        let outcome = plan(&endpoints, &table(), Circumstances::default(), cgroup);
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
        assert_eq!(of("red/c"), &Err(NotFound::Starting));
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
        let endpoints = [(endpoint("red/a"), slot(3))];
        let outcome = plan(&endpoints, &table, Circumstances::default(), cgroup);
        assert_eq!(outcome.plan, holding(&[(7, 3), (9, 3)]));
    }

    #[test]
    fn a_cgroup_puts_programs_on_the_uplinks() {
        let endpoints = [
            (in_cgroup("red/a", "/pods/one"), slot(1)),
            (in_cgroup("red/b", "/pods/two"), slot(2)),
        ];
        let own = CgroupId { id: 12, level: 3 };
        let circumstances = Circumstances {
            own: Some(own),
            redirect: None,
        };
        let outcome = plan(&endpoints, &table(), circumstances, cgroup);
        let node = Interface {
            slot: 0,
            flags: interface_flags::CGROUP,
        };
        assert_eq!(outcome.plan.interfaces, BTreeMap::from([(2, node)]));
        let one = CgroupId { id: 11, level: 2 };
        let expected = [(one, Some(slot(1))), (own, None)];
        assert_eq!(outcome.plan.cgroups, BTreeMap::from(expected));
        assert!(outcome.found[&PodUid("red/b".to_owned())].is_err());
        // Selected itself, the agent is exempt all the same.
        let circumstances = Circumstances {
            own: Some(one),
            redirect: None,
        };
        let outcome = plan(&endpoints, &table(), circumstances, cgroup);
        assert_eq!(outcome.plan.cgroups, BTreeMap::from([(one, None)]));
    }

    /// Where packets are handed to pods past their interfaces, addresses are looked for
    /// wherever one may come in; where that is not known, flows are watched.
    #[test]
    fn redirected_packets_are_looked_for_where_they_come_in() {
        let peer = |ifindex, name: &str, paired| Link {
            ifindex,
            name: name.to_owned(),
            paired,
            peer_namespace: paired.then_some(1),
            ..Link::default()
        };
        let tunnel = Link {
            tunnel: true,
            ..peer(9, "vxlan", false)
        };
        let default = Route {
            to: None,
            prefix_len: 0,
            ifindex: 2,
        };
        let links = [
            peer(2, "eth0", false),
            peer(3, "eth1", false),
            peer(7, "a", true),
            peer(8, "b", true),
            tunnel,
        ];
        let table = Interfaces::new(links, &[default]);
        let mut selected = Arc::unwrap_or_clone(on("red/a", "a"));
        let mut pod = Arc::unwrap_or_clone(selected.pod);
        pod.ips = vec![[10, 0, 0, 1].into(), "fd00::1".parse().unwrap()];
        selected.pod = Arc::new(pod);
        let endpoints = [(Arc::new(selected), slot(1))];
        let planned = |mode| {
            let redirect = RedirectPeer::new(mode);
            let circumstances = Circumstances {
                own: None,
                redirect: Some(&redirect),
            };
            plan(&endpoints, &table, circumstances, cgroup).plan
        };
        let of = |slot, flags| Interface { slot, flags };
        assert_eq!(planned(Mode::Off), holding(&[(7, 1)]));
        let watched = BTreeMap::from([(7, of(1, interface_flags::WATCH))]);
        assert_eq!(planned(Mode::Auto).interfaces, watched);
        let on = planned(Mode::On);
        let ip = interface_flags::POD_IP;
        let expected = [
            (2, of(0, ip)),
            (7, of(1, ip)),
            (8, of(0, ip)),
            (9, of(0, ip)),
        ];
        assert_eq!(on.interfaces, BTreeMap::from(expected));
        let ips: Vec<String> = on.pod_ips.keys().map(ToString::to_string).collect();
        assert_eq!(ips, ["10.0.0.1", "fd00::1"]);
    }
}
