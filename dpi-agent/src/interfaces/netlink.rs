//! Dumps of links and routes, and notice of their changes, by `NETLINK_ROUTE`.

use std::{
    io,
    mem::MaybeUninit,
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{LinkAttribute, LinkFlags, LinkMessage},
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType},
};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink as nl, recv,
        sendto, socket_with,
    },
};

use super::{Interfaces, Link, Route};

/// `RTMGRP_LINK`, `RTMGRP_IPV4_ROUTE` and `RTMGRP_IPV6_ROUTE` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x40 | 0x400;
/// The kernel fills at most 32 KiB of a dump's buffer (`netlink_dump`).
const BUFFER: usize = 64 << 10;
/// A dump that changes while it is read is read again so often.
const ATTEMPTS: usize = 5;

/// Why the node's interfaces cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// A system call failed.
    #[error("rtnetlink: {0}")]
    System(#[from] io::Error),
    /// The kernel refused the request.
    #[error("rtnetlink refused the dump of {what}: {source}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// An answer that cannot be read.
    #[error("rtnetlink's answer for {what} cannot be read: {reason}")]
    Malformed {
        /// What was asked for.
        what: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// The table changed each time.
    #[error("the table of {0} changes faster than it can be read")]
    Restless(&'static str),
}

/// Reads the links and routes of this network namespace.
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
    Ok(Interfaces::new(links, &routes))
}

/// Notice of changes of links and routes.
#[derive(Debug)]
pub struct Changes(OwnedFd);

impl Changes {
    /// Subscribes; non-blocking.
    pub fn subscribe() -> Result<Self, NetlinkError> {
        Ok(Self(open(GROUPS, SocketFlags::NONBLOCK)?))
    }

    /// Takes all notices there are. An overflow (`ENOBUFS`) is notice enough: whoever is
    /// told reads the tables anew.
    pub fn drain(&self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 8192];
        loop {
            match recv(&self.0, &mut buffer, RecvFlags::empty()) {
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl std::os::fd::AsRawFd for Changes {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

fn open(groups: u32, flags: SocketFlags) -> io::Result<OwnedFd> {
    let flags = flags | SocketFlags::CLOEXEC;
    let family = AddressFamily::NETLINK;
    // `NETLINK_ROUTE` is 0, the default protocol.
    let socket = socket_with(family, SocketType::RAW, flags, None)?;
    bind(&socket, &nl::SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

fn dump(
    what: &'static str,
    request: &RouteNetlinkMessage,
) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
    for _ in 0..ATTEMPTS {
        if let Some(messages) = dump_once(what, request.clone())? {
            return Ok(messages);
        }
    }
    Err(NetlinkError::Restless(what))
}

/// `None` if the table changed meanwhile.
fn dump_once(
    what: &'static str,
    request: RouteNetlinkMessage,
) -> Result<Option<Vec<RouteNetlinkMessage>>, NetlinkError> {
    let socket = open(0, SocketFlags::empty())?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let kernel = nl::SocketAddrNetlink::new(0, 0);
    sendto(&socket, &bytes, SendFlags::empty(), &kernel).map_err(io::Error::from)?;

    let mut messages = Vec::new();
    let mut whole = true;
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        let (len, _) = recv(&socket, &mut buffer, RecvFlags::empty()).map_err(io::Error::from)?;
        let mut rest = buffer.get(..len).unwrap_or_default();
        while !rest.is_empty() {
            let message =
                NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(|e| {
                    let reason = e.to_string();
                    NetlinkError::Malformed { what, reason }
                })?;
            whole &= message.header.flags & NLM_F_DUMP_INTR == 0;
            // Messages are aligned to four bytes.
            let next = usize::try_from(message.header.length).unwrap_or(usize::MAX);
            let next = next.next_multiple_of(4).max(16);
            rest = rest.get(next..).unwrap_or_default();
            match message.payload {
                NetlinkPayload::InnerMessage(message) => messages.push(message),
                NetlinkPayload::Error(error) => {
                    let source = error.to_io();
                    return Err(NetlinkError::Refused { what, source });
                }
                NetlinkPayload::Done(_) => return Ok(whole.then_some(messages)),
                _ => {}
            }
        }
    }
}

fn read_link(link: LinkMessage) -> Option<Link> {
    let name = link.attributes.into_iter().find_map(|a| match a {
        LinkAttribute::IfName(name) => Some(name),
        _ => None,
    })?;
    Some(Link {
        ifindex: link.header.index,
        name,
        loopback: link.header.flags.contains(LinkFlags::Loopback),
    })
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
