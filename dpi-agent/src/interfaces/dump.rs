//! Tables of the kernel, read and understood.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage},
    link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage},
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage},
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType},
};
use rustix::io::Errno;

use super::{
    cgroup,
    netlink::{NetlinkError, dump, namespace_of},
    process::{ProcessTable, Processes},
    table::{Forwarding, Interfaces, Link, Neighbour, PodNetwork, Route},
};
use crate::snapshot::{Pod, PodUid};

/// Reads the links and routes of this network namespace, without regard to any pod.
pub fn read() -> Result<Interfaces, NetlinkError> {
    let links = dump(
        "links",
        &RouteNetlinkMessage::GetLink(LinkMessage::default()),
    )?;
    let routes = dump(
        "routes",
        &RouteNetlinkMessage::GetRoute(RouteMessage::default()),
    )?;
    let links = links.into_iter().filter_map(|message| match message {
        RouteNetlinkMessage::NewLink(link) => read_link(link),
        _ => None,
    });
    let routes: Vec<Route> = routes
        .into_iter()
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewRoute(route) => read_route(&route),
            _ => None,
        })
        .collect();
    let addresses = dump(
        "addresses",
        &RouteNetlinkMessage::GetAddress(AddressMessage::default()),
    )?;
    let addresses = addresses.into_iter().filter_map(|message| match message {
        RouteNetlinkMessage::NewAddress(address) => read_address(&address),
        _ => None,
    });
    Ok(Interfaces::new(links, &routes).with_addresses(addresses))
}

/// Reads all that is needed to locate pods. It remembers their processes between readings.
#[derive(Debug, Default)]
pub struct Reader {
    processes: ProcessTable,
}

impl Reader {
    /// The tables as they are now, with what is known of these pods.
    pub fn read<'a>(
        &mut self,
        pods: impl IntoIterator<Item = &'a Pod>,
    ) -> Result<Interfaces, NetlinkError> {
        let pods: Vec<&Pod> = pods.into_iter().collect();
        // The dump of links makes the kernel number the namespaces that they lead to.
        let mut interfaces = read()?;
        let uids: BTreeSet<&PodUid> = pods.iter().map(|pod| &pod.uid).collect();
        let found = self.processes.find(&uids);
        let mut networks = HashMap::new();
        for pod in &pods {
            if let Some(processes) = found.get(&pod.uid) {
                networks.insert(pod.uid.clone(), network(pod, processes)?);
            }
        }
        interfaces = interfaces.with_pods(networks);
        // Bridges are asked only if nothing else finds a pod: on a large segment they
        // know thousands of addresses.
        if pods.iter().any(|pod| interfaces.locate(pod).is_err()) {
            interfaces = interfaces.with_bridges(neighbours()?, forwarding()?);
        }
        Ok(interfaces)
    }
}

fn network(pod: &Pod, processes: &Processes) -> Result<PodNetwork, NetlinkError> {
    let mut network = PodNetwork::default();
    if pod.host_network {
        let path = processes.cgroup.clone();
        network.cgroup = path.or_else(|| cgroup::of_pod(&pod.uid));
        return Ok(network);
    }
    for process in &processes.oldest {
        match namespace_of(process.pid) {
            Ok(namespace) => network.namespaces.push(namespace),
            // It ended, or is not in our PID namespace.
            Err(NetlinkError::Refused { source, .. })
                if source.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
    }
    network.namespaces.dedup();
    Ok(network)
}

fn neighbours() -> Result<Vec<Neighbour>, NetlinkError> {
    let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
    let messages = dump("neighbours", &request)?.into_iter();
    Ok(messages
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewNeighbour(neighbour) => read_neighbour(neighbour),
            _ => None,
        })
        .collect())
}

/// Entries of all bridges: the neighbour table of family `AF_BRIDGE`.
fn forwarding() -> Result<Vec<Forwarding>, NetlinkError> {
    let mut request = NeighbourMessage::default();
    request.header.family = AddressFamily::Bridge;
    let request = RouteNetlinkMessage::GetNeighbour(request);
    let messages = dump("bridge ports", &request)?.into_iter();
    Ok(messages
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewNeighbour(entry) => read_forwarding(entry),
            _ => None,
        })
        .collect())
}

fn read_link(message: LinkMessage) -> Option<Link> {
    let mut link = Link {
        ifindex: message.header.index,
        loopback: message.header.flags.contains(LinkFlags::Loopback),
        ..Link::default()
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::LinkNetNsId(namespace) => link.peer_namespace = Some(namespace),
            LinkAttribute::LinkInfo(infos) => {
                let pair = |info: &LinkInfo| {
                    matches!(info, LinkInfo::Kind(InfoKind::Veth | InfoKind::Netkit))
                };
                link.paired = infos.iter().any(pair);
                let tunnel = |info: &LinkInfo| {
                    matches!(info, LinkInfo::Kind(InfoKind::Vxlan | InfoKind::Geneve))
                };
                link.tunnel = infos.iter().any(tunnel);
            }
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

/// The node's own address of an entry: `IFA_LOCAL`, which only IPv4 has, else `IFA_ADDRESS`.
fn read_address(message: &AddressMessage) -> Option<IpAddr> {
    let mut address = None;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => return Some(*ip),
            AddressAttribute::Address(ip) => address = Some(*ip),
            _ => {}
        }
    }
    address
}

fn read_route(route: &RouteMessage) -> Option<Route> {
    let mut table = u32::from(route.header.table);
    let mut to = None;
    let mut ifindex = None;
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Table(number) => table = *number,
            RouteAttribute::Destination(RouteAddress::Inet(ip)) => to = Some(IpAddr::V4(*ip)),
            RouteAttribute::Destination(RouteAddress::Inet6(ip)) => to = Some(IpAddr::V6(*ip)),
            RouteAttribute::Oif(index) => ifindex = Some(*index),
            _ => {}
        }
    }
    // The local table holds the node's own addresses; other tables belong to policies.
    let main = table == u32::from(RouteHeader::RT_TABLE_MAIN);
    let unicast = route.header.kind == RouteType::Unicast;
    let ifindex = ifindex.filter(|_| main && unicast)?;
    Some(Route {
        to,
        prefix_len: route.header.destination_prefix_length,
        ifindex,
    })
}

fn read_neighbour(message: NeighbourMessage) -> Option<Neighbour> {
    let (mut ip, mut hardware) = (None, None);
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => ip = Some(v4.into()),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => ip = Some(v6.into()),
            NeighbourAttribute::LinkLayerAddress(address) => hardware = Some(address),
            _ => {}
        }
    }
    Some(Neighbour {
        ip: ip?,
        ifindex: message.header.ifindex,
        hardware: hardware?,
    })
}

fn read_forwarding(message: NeighbourMessage) -> Option<Forwarding> {
    let (mut bridge, mut hardware) = (None, None);
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Controller(ifindex) => bridge = Some(ifindex),
            NeighbourAttribute::LinkLayerAddress(address) => hardware = Some(address),
            _ => {}
        }
    }
    Some(Forwarding {
        bridge: bridge?,
        port: message.header.ifindex,
        hardware: hardware?,
    })
}
