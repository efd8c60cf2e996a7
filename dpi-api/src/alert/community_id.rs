//! Community ID, version 1: one name of a flow for every tool.
//!
//! <https://github.com/corelight/community-id-spec>: SHA-1 over seed, ordered
//! addresses, protocol, a zero byte and ordered ports, in base64 after `1:`.
//! Both directions of a flow, and both selected ends of it, get the same id.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

use super::IcmpType;

/// What names a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowTuple {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dest: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Ports or what stands for them.
    pub ports: Ports,
}

/// Ports of a flow or what stands for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// TCP, UDP or SCTP: source and destination port, host byte order.
    Pair(u16, u16),
    /// ICMP or ICMPv6.
    Icmp(IcmpType),
    /// A protocol without ports.
    None,
}

/// The Community ID of `flow` with `seed` (0 unless a site agreed on another), as `1:…`.
pub fn community_id(seed: u16, flow: &FlowTuple) -> String {
    let (ports, one_way) = port_equivalents(flow.protocol, flow.ports);
    let (sport, dport) = ports.unwrap_or((0, 0));
    let in_order = one_way || (flow.src, sport) < (flow.dest, dport);
    let (src, dest, sport, dport) = if in_order {
        (flow.src, flow.dest, sport, dport)
    } else {
        (flow.dest, flow.src, dport, sport)
    };

    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    for ip in [src, dest] {
        match ip {
            IpAddr::V4(ip) => hash.update(ip.octets()),
            IpAddr::V6(ip) => hash.update(ip.octets()),
        }
    }
    hash.update([flow.protocol, 0]);
    if ports.is_some() {
        hash.update(sport.to_be_bytes());
        hash.update(dport.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

/// Two numbers in the place of ports, and whether the message has no answer, so
/// that the direction is part of the flow's name.
fn port_equivalents(protocol: u8, ports: Ports) -> (Option<(u16, u16)>, bool) {
    match ports {
        Ports::Pair(sport, dport) => (Some((sport, dport)), false),
        Ports::None => (None, false),
        Ports::Icmp(IcmpType {
            icmp_type,
            icmp_code,
        }) => match icmp_counterpart(protocol, icmp_type) {
            Some(answer) => (Some((icmp_type.into(), answer.into())), false),
            None => (Some((icmp_type.into(), icmp_code.into())), true),
        },
    }
}

/// The type that answers `icmp_type`, by the tables of the specification.
fn icmp_counterpart(protocol: u8, icmp_type: u8) -> Option<u8> {
    /// Echo, router discovery, timestamp, information, address mask.
    const V4: &[(u8, u8)] = &[(8, 0), (10, 9), (13, 14), (15, 16), (17, 18)];
    /// Echo, listener, router and neighbour discovery, node information, home agent.
    const V6: &[(u8, u8)] = &[
        (128, 129),
        (130, 131),
        (133, 134),
        (135, 136),
        (139, 140),
        (144, 145),
    ];
    let table = if protocol == 1 { V4 } else { V6 };
    table.iter().find_map(|&(ask, answer)| match icmp_type {
        t if t == ask => Some(answer),
        t if t == answer => Some(ask),
        _ => None,
    })
}
