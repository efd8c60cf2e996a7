//! A pod to its interface or cgroup, by tables alone.

use std::{collections::HashMap, net::IpAddr};

use crate::snapshot::{CgroupPath, Pod};

/// Links and routes of the node at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    by_name: HashMap<String, u32>,
    names: HashMap<u32, String>,
    hosts: HashMap<IpAddr, u32>,
    uplinks: Vec<u32>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number in this network namespace.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
    /// It is the loopback device.
    pub loopback: bool,
}

/// A unicast route that leaves by one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Destination; `None` for the default route.
    pub to: Option<IpAddr>,
    /// Leading bits of the destination that count.
    pub prefix_len: u8,
    /// Interface that it leaves by.
    pub ifindex: u32,
}

/// Where a pod's packets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// All that pass this interface are the pod's.
    Interface {
        /// Its number.
        ifindex: u32,
        /// Its name.
        name: String,
    },
    /// The pod shares the node's interfaces; its processes are in this cgroup.
    Cgroup(CgroupPath),
}

/// Why a pod's packets cannot be found, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The annotated interface does not exist.
    #[error(
        "interface {0}, named by the annotation dpi-agent.dev/interface, does not exist on this \
         node; correct the annotation or make the interface"
    )]
    Named(String),
    /// No address is routed to an interface of its own.
    #[error(
        "no route to {} alone leads to an interface; name the pod's host-side interface by the \
         annotation dpi-agent.dev/interface",
        join(ips)
    )]
    NoHostRoute {
        /// The pod's addresses.
        ips: Vec<IpAddr>,
    },
    /// A pod on the node's network whose cgroup is not known.
    #[error(
        "the pod uses its node's network and nothing tells its cgroup; name it by the annotation \
         dpi-agent.dev/cgroup"
    )]
    HostNetwork,
    /// Another pod is behind the same interface.
    #[error("interface {name} is pod {other}'s already; give each pod an interface of its own")]
    Shared {
        /// The interface.
        name: String,
        /// The pod that was there first.
        other: String,
    },
    /// The cgroup cannot be looked up.
    #[error("cgroup {path}: {message}; correct the annotation dpi-agent.dev/cgroup")]
    Cgroup {
        /// Its path.
        path: String,
        /// The system's words.
        message: String,
    },
}

impl Interfaces {
    /// A table of these links and routes.
    pub fn new(links: impl IntoIterator<Item = Link>, routes: &[Route]) -> Self {
        let mut table = Self::default();
        let mut loopback = Vec::new();
        for link in links {
            if link.loopback {
                loopback.push(link.ifindex);
            }
            table.by_name.insert(link.name.clone(), link.ifindex);
            table.names.insert(link.ifindex, link.name);
        }
        for route in routes.iter().filter(|r| !loopback.contains(&r.ifindex)) {
            match route.to {
                Some(ip) if route.prefix_len == full_length(ip) => {
                    table.hosts.insert(ip, route.ifindex);
                }
                _ => table.uplinks.push(route.ifindex),
            }
        }
        table.uplinks.sort_unstable();
        table.uplinks.dedup();
        table
    }

    /// Where `pod`'s packets pass. What its annotations say comes first, then the host
    /// route to one of its addresses, as CNIs with routed veths set it.
    pub fn locate(&self, pod: &Pod) -> Result<Location, NotFound> {
        if let Some(name) = &pod.interface {
            let name = name.as_str();
            return match self.by_name.get(name) {
                Some(&ifindex) => Ok(Location::Interface {
                    ifindex,
                    name: name.to_owned(),
                }),
                None => Err(NotFound::Named(name.to_owned())),
            };
        }
        if let Some(cgroup) = &pod.cgroup {
            return Ok(Location::Cgroup(cgroup.clone()));
        }
        if pod.host_network {
            return Err(NotFound::HostNetwork);
        }
        let routed = pod.ips.iter().find_map(|ip| self.hosts.get(ip).copied());
        routed
            .and_then(|ifindex| {
                let name = self.names.get(&ifindex)?.clone();
                Some(Location::Interface { ifindex, name })
            })
            .ok_or_else(|| NotFound::NoHostRoute {
                ips: pod.ips.clone(),
            })
    }

    /// Interfaces that lead to whole networks: those of the node itself. Packets of pods
    /// on the node's network pass them.
    pub fn uplinks(&self) -> &[u32] {
        &self.uplinks
    }

    /// The interface's name; `None` if there is no such interface.
    pub fn name(&self, ifindex: u32) -> Option<&str> {
        self.names.get(&ifindex).map(String::as_str)
    }
}

fn full_length(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn join(ips: &[IpAddr]) -> String {
    let texts: Vec<String> = ips.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{InterfaceName, PodUid};

    fn pod(ips: &[&str]) -> Pod {
        Pod {
            uid: PodUid("u".to_owned()),
            namespace: "red".to_owned(),
            name: "red1".to_owned(),
            labels: std::collections::BTreeMap::new(),
            service_account: None,
            node: None,
            ips: ips.iter().map(|ip| ip.parse().unwrap()).collect(),
            host_network: false,
            finished: false,
            interface: None,
            cgroup: None,
        }
    }

    fn link(ifindex: u32, name: &str) -> Link {
        Link {
            ifindex,
            name: name.to_owned(),
            loopback: name == "lo",
        }
    }

    fn route(to: Option<&str>, prefix_len: u8, ifindex: u32) -> Route {
        Route {
            to: to.map(|ip| ip.parse().unwrap()),
            prefix_len,
            ifindex,
        }
    }

    fn table() -> Interfaces {
        Interfaces::new(
            [
                link(1, "lo"),
                link(2, "eth0"),
                link(7, "cali1"),
                link(8, "cali2"),
            ],
            &[
                route(None, 0, 2),
                route(Some("192.168.1.0"), 24, 2),
                route(Some("10.0.0.1"), 32, 7),
                route(Some("fd00::2"), 128, 8),
                route(Some("10.0.0.9"), 32, 1),
                route(Some("10.0.0.7"), 32, 99),
            ],
        )
    }

    fn at(ifindex: u32, name: &str) -> Location {
        let name = name.to_owned();
        Location::Interface { ifindex, name }
    }

    #[test]
    fn a_host_route_leads_to_the_pod() {
        for (ips, expected) in [
            (&["10.0.0.1"][..], Some((7, "cali1"))),
            (&["10.0.0.2", "fd00::2"], Some((8, "cali2"))),
            // Only the network's route or the default route leads there.
            (&["192.168.1.5"], None),
            (&["8.8.8.8"], None),
            // Routed to the loopback device: an address of the node itself.
            (&["10.0.0.9"], None),
            // The interface went away while the tables were read.
            (&["10.0.0.7"], None),
            (&[], None),
        ] {
            let pod = pod(ips);
            let expected = expected.map_or_else(
                || {
                    Err(NotFound::NoHostRoute {
                        ips: pod.ips.clone(),
                    })
                },
                |(ifindex, name)| Ok(at(ifindex, name)),
            );
            assert_eq!(table().locate(&pod), expected, "{ips:?}");
        }
    }

    #[test]
    fn annotations_come_before_routes() {
        let mut named = pod(&["10.0.0.1"]);
        named.interface = Some(InterfaceName::new_checked("cali2").unwrap());
        assert_eq!(table().locate(&named), Ok(at(8, "cali2")));
        named.interface = Some(InterfaceName::new_checked("cali3").unwrap());
        let missing = table().locate(&named).unwrap_err();
        assert_eq!(missing, NotFound::Named("cali3".to_owned()));

        let mut host = pod(&["192.168.1.5"]);
        host.host_network = true;
        assert_eq!(table().locate(&host), Err(NotFound::HostNetwork));
        let cgroup = CgroupPath::new_checked("/kubepods/pod1").unwrap();
        host.cgroup = Some(cgroup.clone());
        assert_eq!(table().locate(&host), Ok(Location::Cgroup(cgroup)));
    }

    #[test]
    fn uplinks_lead_to_networks() {
        assert_eq!(table().uplinks(), [2]);
    }
}
