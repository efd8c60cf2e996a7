//! Sockets of the node that wait for whoever speaks first, by `NETLINK_SOCK_DIAG`.
//!
//! A flow of a pod on the node's network is learned when the pod sends. What comes before
//! that, the SYN to a listener or a datagram that nobody answers, is found by the port.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::OwnedFd,
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink as nl, recv, sendto,
    socket_with,
};

use dpi_common::{BoundPort, Slot, flow::protocol};

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR` and `NLMSG_DONE` of `linux/netlink.h`.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x1 | 0x300;
/// Bits of the states of `net/tcp_states.h`: listeners, and UDP sockets without a peer.
const LISTEN: u32 = 1 << 10;
const CLOSE: u32 = 1 << 7;
/// `INET_DIAG_SKV6ONLY` and `INET_DIAG_CGROUP_ID` (Linux 5.8) of `linux/inet_diag.h`.
const V6_ONLY: u16 = 11;
const CGROUP_ID: u16 = 21;
/// Lengths of `struct nlmsghdr` and `struct inet_diag_msg`.
const HEADER: usize = 16;
const MESSAGE: usize = 72;
/// The kernel fills at most 32 KiB of a dump's buffer.
const BUFFER: usize = 64 << 10;
/// Ports that are told of; the map that they go to has room for as many.
const MAX_PORTS: usize = dpi_common::names::capacity::BOUND as usize;

/// A socket that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    protocol: u8,
    address: IpAddr,
    port: u16,
    /// It takes no IPv4 though it is bound to `::`.
    v6_only: bool,
    cgroup: u64,
}

/// The ports that sockets of these cgroups wait at, each for every address of the node that
/// it answers on. `cgroups` says whose a cgroup is by its id, `addresses` are the node's.
pub fn bound_ports(
    cgroups: &BTreeMap<u64, Slot>,
    addresses: &[IpAddr],
) -> io::Result<Vec<(BoundPort, Slot)>> {
    let mut found = Vec::new();
    for (number, states) in [(protocol::TCP, LISTEN), (protocol::UDP, CLOSE)] {
        for family in [AddressFamily::INET, AddressFamily::INET6] {
            for waiting in dump(number, family, states)? {
                if let Some(slot) = cgroups.get(&waiting.cgroup) {
                    let on = addresses.iter().filter(|ip| waiting.answers_on(**ip));
                    let port = |ip: &IpAddr| BoundPort::new(number, *ip, waiting.port);
                    found.extend(on.map(|ip| (port(ip), *slot)));
                }
            }
        }
    }
    found.truncate(MAX_PORTS);
    Ok(found)
}

impl Waiting {
    fn answers_on(&self, ip: IpAddr) -> bool {
        match self.address {
            IpAddr::V4(own) if own.is_unspecified() => ip.is_ipv4(),
            IpAddr::V6(own) if own.is_unspecified() => ip.is_ipv6() || !self.v6_only,
            own => own == ip,
        }
    }
}

fn dump(number: u8, family: AddressFamily, states: u32) -> io::Result<Vec<Waiting>> {
    let socket = open()?;
    let question = question(number, family, states);
    sendto(
        &socket,
        &question,
        SendFlags::empty(),
        &nl::SocketAddrNetlink::new(0, 0),
    )?;
    let mut waiting = Vec::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let (len, _) = recv(&socket, &mut buffer, RecvFlags::empty())?;
        let answer = buffer.get(..len).unwrap_or_default();
        if take(number, answer, &mut waiting)? {
            return Ok(waiting);
        }
    }
}

fn open() -> io::Result<OwnedFd> {
    let family = AddressFamily::NETLINK;
    let protocol = Some(nl::SOCK_DIAG);
    let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
    Ok(socket)
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
fn question(number: u8, family: AddressFamily, states: u32) -> [u8; HEADER + 56] {
    let mut bytes = [0; HEADER + 56];
    let family = u8::try_from(family.as_raw()).unwrap_or_default();
    let parts: [(usize, &[u8]); 5] = [
        (0, &72_u32.to_ne_bytes()),
        (4, &BY_FAMILY.to_ne_bytes()),
        (6, &DUMP.to_ne_bytes()),
        (HEADER, &[family, number]),
        (HEADER + 4, &states.to_ne_bytes()),
    ];
    for (at, part) in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

/// Takes the messages of one datagram; `true` if the dump ends with it.
fn take(number: u8, mut rest: &[u8], waiting: &mut Vec<Waiting>) -> io::Result<bool> {
    while let (Some(len), Some(kind)) = (u32_at(rest, 0), u16_at(rest, 4)) {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let body = rest.get(HEADER..len).unwrap_or_default();
        match kind {
            DONE => return Ok(true),
            ERROR => {
                let code = u32_at(body, 0).unwrap_or_default().cast_signed();
                return Err(io::Error::from_raw_os_error(-code));
            }
            BY_FAMILY => waiting.extend(read(number, body)),
            _ => {}
        }
        let next = len.next_multiple_of(4).max(HEADER);
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(false)
}

/// A `struct inet_diag_msg` and its attributes.
fn read(number: u8, body: &[u8]) -> Option<Waiting> {
    const INET: u8 = 2;
    let port = u16::from_be_bytes(body.get(4..6)?.try_into().ok()?);
    let address: [u8; 16] = body.get(8..24)?.try_into().ok()?;
    let address = if *body.first()? == INET {
        let [a, b, c, d, ..] = address;
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    } else {
        let address = Ipv6Addr::from(address);
        address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4)
    };
    let mut waiting = Waiting {
        protocol: number,
        address,
        port,
        v6_only: false,
        cgroup: 0,
    };
    let mut rest = body.get(MESSAGE..)?;
    while let (Some(len), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let len = usize::from(len);
        let value = rest.get(4..len).unwrap_or_default();
        match kind {
            V6_ONLY => waiting.v6_only = value.first().is_some_and(|only| *only != 0),
            CGROUP_ID => waiting.cgroup = u64::from_ne_bytes(value.try_into().ok()?),
            _ => {}
        }
        rest = rest
            .get(len.next_multiple_of(4).max(4)..)
            .unwrap_or_default();
    }
    Some(waiting)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_ne_bytes(two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(four))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    fn waiting(address: &str, v6_only: bool) -> Waiting {
        Waiting {
            protocol: protocol::TCP,
            address: address.parse().unwrap(),
            port: 80,
            v6_only,
            cgroup: 1,
        }
    }

    #[test]
    fn where_a_socket_answers() {
        for (bound, v6_only, ip, answers) in [
            ("0.0.0.0", false, "10.0.0.1", true),
            ("0.0.0.0", false, "fd00::1", false),
            ("::", false, "10.0.0.1", true),
            ("::", false, "fd00::1", true),
            ("::", true, "10.0.0.1", false),
            ("10.0.0.1", false, "10.0.0.1", true),
            ("10.0.0.1", false, "10.0.0.2", false),
            ("127.0.0.1", false, "10.0.0.1", false),
        ] {
            let found = waiting(bound, v6_only).answers_on(ip.parse().unwrap());
            assert_eq!(found, answers, "{bound} {ip}");
        }
    }

    #[test]
    fn what_waits_is_told_with_its_cgroup() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("[::1]:0");
        let port = tcp.local_addr().unwrap().port();
        let listening = dump(protocol::TCP, AddressFamily::INET, LISTEN).unwrap();
        let found = listening.iter().find(|waiting| waiting.port == port);
        let found = found.expect("the listener is told of");
        assert_eq!(found.address, IpAddr::from([127, 0, 0, 1]));
        if let Ok(udp) = udp {
            let port = udp.local_addr().unwrap().port();
            match dump(protocol::UDP, AddressFamily::INET6, CLOSE) {
                Ok(open) => assert!(open.iter().any(|waiting| waiting.port == port)),
                // A kernel without the module.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
            }
        }
    }

    #[test]
    fn cut_answers_are_no_sockets() {
        let mut answer = Vec::new();
        answer.extend((16_u32 + 72 + 12).to_ne_bytes());
        answer.extend(BY_FAMILY.to_ne_bytes());
        answer.resize(16 + 72, 0);
        answer[16] = 2;
        answer.extend(12_u16.to_ne_bytes());
        answer.extend(CGROUP_ID.to_ne_bytes());
        answer.extend(7_u64.to_ne_bytes());
        for len in 0..=answer.len() {
            let mut found = Vec::new();
            let done = take(protocol::TCP, &answer[..len], &mut found).unwrap();
            assert!(!done);
            let whole = len == answer.len();
            assert_eq!(found.iter().any(|w| w.cgroup == 7), whole, "{len}");
        }
        let mut refused = vec![0; 20];
        refused[..4].copy_from_slice(&20_u32.to_ne_bytes());
        refused[4..6].copy_from_slice(&ERROR.to_ne_bytes());
        refused[16..20].copy_from_slice(&(-2_i32).to_ne_bytes());
        let error = take(protocol::TCP, &refused, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
