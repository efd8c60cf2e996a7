//! Look-ups in tables as the kernel gave them on nodes with several network plugins.

use std::collections::{BTreeMap, HashMap};

use super::{Forwarding, Interfaces, Link, Location, Neighbour, Nic, NotFound, PodNetwork, Route};
use crate::snapshot::{CgroupPath, InterfaceName, Pod, PodUid};

fn pod(ips: &[&str]) -> Pod {
    Pod {
        uid: PodUid("u".to_owned()),
        namespace: "red".to_owned(),
        name: "red1".to_owned(),
        labels: BTreeMap::new(),
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
        ..Link::default()
    }
}

fn veth(ifindex: u32, name: &str, peer_namespace: i32) -> Link {
    Link {
        paired: true,
        peer_namespace: Some(peer_namespace),
        ..link(ifindex, name)
    }
}

fn route(to: Option<&str>, prefix_len: u8, ifindex: u32) -> Route {
    Route {
        to: to.map(|ip| ip.parse().unwrap()),
        prefix_len,
        ifindex,
    }
}

fn neighbour(ip: &str, ifindex: u32, last: u8) -> Neighbour {
    Neighbour {
        ip: ip.parse().unwrap(),
        ifindex,
        hardware: vec![2, 0, 0, 0, 0, last],
    }
}

fn behind(bridge: u32, port: u32, last: u8) -> Forwarding {
    Forwarding {
        bridge,
        port,
        hardware: vec![2, 0, 0, 0, 0, last],
    }
}

/// Routed veths, as Calico and ptp set them.
fn routed() -> Interfaces {
    Interfaces::new(
        [
            link(1, "lo"),
            link(2, "eth0"),
            veth(7, "cali1", 0),
            veth(8, "cali2", 1),
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

/// A bridge with two pods and the node's own card, as Flannel and many others set it.
fn bridged() -> Interfaces {
    let links = [
        link(1, "lo"),
        link(2, "eth0"),
        link(3, "cni0"),
        veth(5, "veth5", 0),
        veth(6, "veth6", 1),
        link(9, "br1"),
    ];
    let routes = [route(None, 0, 2), route(Some("10.244.1.0"), 24, 3)];
    Interfaces::new(links, &routes).with_bridges(
        vec![
            neighbour("10.244.1.5", 3, 5),
            neighbour("10.244.1.6", 3, 6),
            neighbour("10.244.1.7", 3, 7),
            neighbour("10.244.1.8", 3, 8),
            neighbour("192.168.1.1", 2, 1),
        ],
        vec![
            behind(3, 5, 5),
            behind(3, 6, 6),
            // The same hardware address behind another bridge is another neighbour.
            behind(9, 6, 8),
            // Behind the card is a network, not a pod.
            behind(3, 2, 7),
        ],
    )
}

fn knowing(table: Interfaces, namespaces: &[i32], cgroup: Option<&str>) -> Interfaces {
    let network = PodNetwork {
        namespaces: namespaces.to_vec(),
        cgroup: cgroup.map(|path| CgroupPath::new_checked(path).unwrap()),
    };
    table.with_pods(HashMap::from([(PodUid("u".to_owned()), network)]))
}

fn at(nics: &[(u32, &str)]) -> Location {
    let nics = nics.iter().map(|(ifindex, name)| Nic {
        ifindex: *ifindex,
        name: (*name).to_owned(),
    });
    Location::Interfaces(nics.collect())
}

fn unknown(pod: &Pod) -> NotFound {
    NotFound::NoHostRoute {
        ips: pod.ips.clone(),
    }
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
    ] {
        let pod = pod(ips);
        let expected = expected.map_or_else(|| Err(unknown(&pod)), |nic| Ok(at(&[nic])));
        assert_eq!(routed().locate(&pod), expected, "{ips:?}");
    }
    assert_eq!(routed().locate(&pod(&[])), Err(NotFound::Starting));
}

#[test]
fn a_bridge_knows_the_port() {
    for (ips, expected) in [
        (&["10.244.1.5"][..], Some((5, "veth5"))),
        (&["fd00::6", "10.244.1.6"], Some((6, "veth6"))),
        (&["10.244.1.7"], None),
        (&["10.244.1.8"], None),
        (&["10.244.1.9"], None),
        (&["192.168.1.1"], None),
    ] {
        let pod = pod(ips);
        let expected = expected.map_or_else(|| Err(unknown(&pod)), |nic| Ok(at(&[nic])));
        assert_eq!(bridged().locate(&pod), expected, "{ips:?}");
    }
}

#[test]
fn a_namespace_leads_to_every_nic_of_the_pod() {
    let two = Interfaces::new(
        [
            link(2, "eth0"),
            veth(7, "cali1", 3),
            veth(8, "net1", 3),
            veth(9, "cali3", 4),
            // Not a pair: a VLAN device whose lower device is elsewhere.
            Link {
                peer_namespace: Some(3),
                ..link(10, "vlan10")
            },
        ],
        &[],
    );
    for (namespaces, expected) in [
        (&[3][..], Ok(at(&[(7, "cali1"), (8, "net1")]))),
        (&[4], Ok(at(&[(9, "cali3")]))),
        // The runtime's own process is in the node's namespace, the pod's are not.
        (&[-1, 4], Ok(at(&[(9, "cali3")]))),
        // Another namespace that a privileged pod made later.
        (&[3, 4], Ok(at(&[(7, "cali1"), (8, "net1")]))),
        // macvlan, ipvlan, SR-IOV: its namespace has no number here, or no link.
        (&[-1], Err(NotFound::NoPeer)),
        (&[5], Err(NotFound::NoPeer)),
    ] {
        let table = knowing(two.clone(), namespaces, None);
        assert_eq!(
            table.locate(&pod(&["10.0.0.1"])),
            expected,
            "{namespaces:?}"
        );
    }
}

#[test]
fn a_pod_whose_process_is_still_in_the_nodes_network_starts() {
    // The runtime makes a process in the pod's cgroup, and moves it afterwards.
    let table = knowing(routed(), &[-1], Some("/kubepods/podu"));
    let found = table.locate(&pod(&[]));
    assert_eq!(found, Err(NotFound::Starting));
    assert!(found.is_err_and(|reason| reason.may_pass()));
    // With an address it was there before, or bypasses the node: it is looked for again.
    assert!(NotFound::NoPeer.may_pass());
    let moved = knowing(routed(), &[0], Some("/kubepods/podu"));
    assert_eq!(moved.locate(&pod(&[])), Ok(at(&[(7, "cali1")])));
    // Nothing but another object or interface helps, and of those there is notice.
    assert!(!NotFound::Named("x".to_owned()).may_pass());
}

#[test]
fn processes_are_believed_before_routes() {
    let pod = pod(&["10.0.0.1"]);
    // The address may still be routed to the interface of a pod that is gone.
    let table = knowing(routed(), &[1], None);
    assert_eq!(table.locate(&pod), Ok(at(&[(8, "cali2")])));
    // A route to a pod that bypasses the node leads to something else.
    let table = knowing(routed(), &[-1], None);
    assert_eq!(table.locate(&pod), Err(NotFound::NoPeer));
    // None could be asked.
    let table = knowing(routed(), &[], None);
    assert_eq!(table.locate(&pod), Ok(at(&[(7, "cali1")])));
}

#[test]
fn annotations_come_before_all_else() {
    let table = knowing(routed(), &[0], Some("/kubepods/podu"));
    let mut named = pod(&["10.0.0.1"]);
    named.interface = Some(InterfaceName::new_checked("cali2").unwrap());
    assert_eq!(table.locate(&named), Ok(at(&[(8, "cali2")])));
    named.interface = Some(InterfaceName::new_checked("cali3").unwrap());
    let missing = table.locate(&named).unwrap_err();
    assert_eq!(missing, NotFound::Named("cali3".to_owned()));
    let mut grouped = pod(&["10.0.0.1"]);
    let cgroup = CgroupPath::new_checked("/kubepods/pod1").unwrap();
    grouped.cgroup = Some(cgroup.clone());
    assert_eq!(table.locate(&grouped), Ok(Location::Cgroup(cgroup)));
}

#[test]
fn a_pod_on_the_nodes_network_is_its_cgroup() {
    let mut host = pod(&["192.168.1.5"]);
    host.host_network = true;
    assert_eq!(routed().locate(&host), Err(NotFound::HostNetwork));
    let table = knowing(routed(), &[-1], None);
    assert_eq!(table.locate(&host), Err(NotFound::HostNetwork));
    let table = knowing(routed(), &[-1], Some("/kubepods/podu"));
    let cgroup = CgroupPath::new_checked("/kubepods/podu").unwrap();
    assert_eq!(table.locate(&host), Ok(Location::Cgroup(cgroup)));
}

#[test]
fn uplinks_lead_to_networks() {
    assert_eq!(routed().uplinks(), [2]);
    assert_eq!(bridged().uplinks(), [2, 3]);
}

#[test]
fn every_reason_names_its_remedy() {
    for (reason, remedy) in [
        (NotFound::NoPeer, "veth"),
        (NotFound::HostNetwork, "hostPID"),
        (unknown(&pod(&["10.0.0.1"])), "hostPID"),
        (NotFound::Named("x".to_owned()), "correct the annotation"),
    ] {
        assert!(reason.to_string().contains(remedy), "{reason}");
    }
}
