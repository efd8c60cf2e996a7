//! The node's links, routes and neighbours at one moment.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use crate::snapshot::{CgroupPath, PodUid};

/// Links and routes of the node at one moment, and what is known of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    pub(super) links: BTreeMap<u32, Link>,
    by_name: HashMap<String, u32>,
    hosts: HashMap<IpAddr, u32>,
    uplinks: Vec<u32>,
    neighbours: HashMap<IpAddr, Neighbour>,
    forwarding: Vec<Forwarding>,
    pods: HashMap<PodUid, PodNetwork>,
    addresses: Vec<IpAddr>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number in this network namespace.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
    /// It is the loopback device.
    pub loopback: bool,
    /// It is one end of a pair (veth, netkit), so that a pod may be at the other.
    pub paired: bool,
    /// It is a tunnel's end with a link header (VXLAN, Geneve).
    pub tunnel: bool,
    /// The number here of the namespace that its other end is in (`IFLA_LINK_NETNSID`).
    pub peer_namespace: Option<i32>,
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

/// An address that was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The address.
    pub ip: IpAddr,
    /// The interface that it is behind.
    pub ifindex: u32,
    /// Its hardware address.
    pub hardware: Vec<u8>,
}

/// An entry of a bridge's forwarding database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The bridge.
    pub bridge: u32,
    /// The port behind which the hardware address is.
    pub port: u32,
    /// The hardware address.
    pub hardware: Vec<u8>,
}

/// What a pod's processes tell of its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodNetwork {
    /// Numbers here of the namespaces that its processes are in, the oldest process first;
    /// -1 for one that has none, as no link of this namespace leads to it
    /// (`NETNSA_NSID_NOT_ASSIGNED`). Empty if no process could be asked about.
    pub namespaces: Vec<i32>,
    /// Its cgroup.
    pub cgroup: Option<CgroupPath>,
}

impl Interfaces {
    /// A table of these links and routes.
    pub fn new(links: impl IntoIterator<Item = Link>, routes: &[Route]) -> Self {
        let mut table = Self::default();
        for link in links {
            table.by_name.insert(link.name.clone(), link.ifindex);
            table.links.insert(link.ifindex, link);
        }
        for route in routes {
            if table.links.get(&route.ifindex).is_some_and(|l| l.loopback) {
                continue;
            }
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

    /// The same with what bridges know.
    #[must_use]
    pub fn with_bridges(mut self, neighbours: Vec<Neighbour>, forwarding: Vec<Forwarding>) -> Self {
        self.neighbours = neighbours.into_iter().map(|n| (n.ip, n)).collect();
        self.forwarding = forwarding;
        self
    }

    /// The same with what is known of pods.
    #[must_use]
    pub fn with_pods(mut self, pods: HashMap<PodUid, PodNetwork>) -> Self {
        self.pods = pods;
        self
    }

    /// The same with the node's own addresses. Those of the loopback device are left out: no
    /// packet for them comes by another.
    #[must_use]
    pub fn with_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let reachable = addresses.into_iter().filter(|ip| !ip.is_loopback());
        self.addresses = reachable.collect();
        self
    }

    /// The node's own addresses, in no order.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Interfaces by which a packet for a pod may come into the node: the uplinks, ends of
    /// tunnels, and pairs whose other end is in another namespace, where other pods are.
    pub fn entrances(&self) -> impl Iterator<Item = u32> {
        let others = self
            .links
            .values()
            .filter(|link| link.tunnel || link.paired && link.peer_namespace.is_some());
        let others = others.map(|link| link.ifindex);
        self.uplinks.iter().copied().chain(others)
    }

    /// Interfaces that lead to whole networks: those of the node itself. Packets of pods
    /// on the node's network pass them.
    pub fn uplinks(&self) -> &[u32] {
        &self.uplinks
    }

    /// The interface's name; `None` if there is no such interface.
    pub fn name(&self, ifindex: u32) -> Option<&str> {
        self.links.get(&ifindex).map(|link| link.name.as_str())
    }

    /// The number of the interface of this name.
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// What is known of a pod's processes.
    pub(super) fn pod(&self, uid: &PodUid) -> Option<&PodNetwork> {
        self.pods.get(uid)
    }

    /// Links whose other end is in a namespace, by their number.
    pub(super) fn links_to(&self, namespace: i32) -> impl Iterator<Item = &Link> {
        let leads = move |link: &&Link| link.paired && link.peer_namespace == Some(namespace);
        self.links.values().filter(leads)
    }

    /// The link that a host route to one of these addresses leaves by, as plugins with
    /// routed veths set it.
    pub(super) fn routed(&self, ips: &[IpAddr]) -> Option<&Link> {
        let ifindex = ips.iter().find_map(|ip| self.hosts.get(ip))?;
        self.links.get(ifindex)
    }

    /// The port of a bridge behind which one of these addresses is. Only a pair's end is a
    /// pod's alone: behind any other port may be a whole network.
    pub(super) fn bridged(&self, ips: &[IpAddr]) -> Option<&Link> {
        let neighbours = ips.iter().filter_map(|ip| self.neighbours.get(ip));
        let mut ports = neighbours.filter_map(|neighbour| {
            let entry = self.forwarding.iter().find(|entry| {
                entry.bridge == neighbour.ifindex && entry.hardware == neighbour.hardware
            })?;
            self.links.get(&entry.port)
        });
        ports.find(|link| link.paired)
    }
}

fn full_length(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}
