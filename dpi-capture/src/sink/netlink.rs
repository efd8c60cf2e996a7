//! Links by `NETLINK_ROUTE`: find, create, configure, delete. Every request is answered
//! before the call returns.

use std::{mem::MaybeUninit, os::fd::OwnedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute,
        LinkFlags, LinkInfo, LinkMessage,
    },
};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink as nl, recv, sendto,
        socket_with,
    },
};

use super::error::Reason;

/// Says that a device is ours to replace.
const ALIAS: &str = "dpi-agent sink";
/// The largest there is (`ETH_MAX_MTU`), so that no clone is too big for the device. A tap
/// takes less: its limit has the Ethernet header in it.
const MTU: u32 = 65535;
/// `GSO_MAX_SIZE` of Linux 5.19 and later.
const GSO_MAX: u32 = 8 * 65535 - 65535 / 8192;

pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

pub(super) enum Spec {
    Dummy,
    Veth { peer: String },
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) ifindex: u32,
    /// `IFLA_INFO_KIND`.
    pub(super) kind: String,
    pub(super) ours: bool,
    gso_max_size: u32,
    tso_max_size: Option<u32>,
    max_mtu: Option<u32>,
}

impl Netlink {
    pub(super) fn open() -> Result<Netlink, Reason> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|source| Reason::System {
            call: "socket(NETLINK_ROUTE)",
            source,
        })?;
        Ok(Netlink {
            socket,
            sequence: 0,
        })
    }

    pub(super) fn find(&mut self, name: &str) -> Result<Option<Link>, Reason> {
        let mut request = LinkMessage::default();
        request
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        match self.ask(RouteNetlinkMessage::GetLink(request), 0) {
            Ok(Some(message)) => Ok(Some(read_link(&message))),
            Ok(None) => Err(Reason::Malformed),
            Err(Errno::NODEV) => Ok(None),
            Err(source) => Err(Reason::System {
                call: "RTM_GETLINK",
                source,
            }),
        }
    }

    pub(super) fn create(&mut self, name: &str, spec: &Spec) -> Result<(), Reason> {
        let driver = match spec {
            Spec::Dummy => "dummy",
            Spec::Veth { .. } => "veth",
        };
        let mut request = LinkMessage::default();
        request
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        request.attributes.push(LinkAttribute::LinkInfo(match spec {
            Spec::Dummy => vec![LinkInfo::Kind(InfoKind::Dummy)],
            Spec::Veth { peer } => {
                let mut other = LinkMessage::default();
                other.attributes.push(LinkAttribute::IfName(peer.clone()));
                vec![
                    LinkInfo::Kind(InfoKind::Veth),
                    LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(other))),
                ]
            }
        }));
        let flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
        match self.ask(RouteNetlinkMessage::NewLink(request), flags) {
            Ok(_) => Ok(()),
            Err(Errno::OPNOTSUPP) => Err(Reason::NoDriver { driver }),
            Err(source) => Err(refused("RTM_NEWLINK", source)),
        }
    }

    /// MTU, alias, no ARP, no IPv6, GSO sizes as large as the driver takes, then up.
    /// Gives the GSO size.
    pub(super) fn configure(&mut self, name: &str, link: &Link) -> Result<u32, Reason> {
        // Without an address no neighbour discovery starts, also where /proc/sys is
        // read-only and the sysctl cannot be written.
        let no_ipv6 = AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]);
        // A kernel without IPv6 refuses it, which is as good.
        let _ = self.set(
            link.ifindex,
            vec![LinkAttribute::AfSpecUnspec(vec![no_ipv6])],
        );
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1");
        // A driver without a limit says 0.
        let limit = link.max_mtu.filter(|limit| *limit > 0).unwrap_or(MTU);
        self.set(link.ifindex, vec![LinkAttribute::Mtu(MTU.min(limit))])?;
        let _ = self.set(link.ifindex, vec![LinkAttribute::IfAlias(ALIAS.to_owned())]);
        // Below 5.19 there is no IFLA_TSO_MAX_SIZE and no BIG TCP either.
        let largest = link.tso_max_size.unwrap_or(link.gso_max_size).min(GSO_MAX);
        if largest > link.gso_max_size {
            let _ = self.set(link.ifindex, vec![LinkAttribute::GsoMaxSize(largest)]);
            let _ = self.set(link.ifindex, vec![LinkAttribute::GsoIpv4MaxSize(largest)]);
        }
        let mut request = LinkMessage::default();
        request.header.index = link.ifindex;
        request.header.flags = LinkFlags::Up | LinkFlags::Noarp;
        request.header.change_mask = LinkFlags::Up | LinkFlags::Noarp;
        self.ask(RouteNetlinkMessage::SetLink(request), NLM_F_ACK)
            .map_err(|source| refused("RTM_SETLINK", source))?;
        Ok(self.find(name)?.ok_or(Reason::Vanished)?.gso_max_size)
    }

    pub(super) fn delete(&mut self, ifindex: u32) -> Result<(), Reason> {
        let mut request = LinkMessage::default();
        request.header.index = ifindex;
        match self.ask(RouteNetlinkMessage::DelLink(request), NLM_F_ACK) {
            Ok(_) | Err(Errno::NODEV) => Ok(()),
            Err(source) => Err(refused("RTM_DELLINK", source)),
        }
    }

    fn set(&mut self, ifindex: u32, attributes: Vec<LinkAttribute>) -> Result<(), Reason> {
        let mut request = LinkMessage::default();
        request.header.index = ifindex;
        request.attributes = attributes;
        self.ask(RouteNetlinkMessage::SetLink(request), NLM_F_ACK)
            .map(|_| ())
            .map_err(|source| refused("RTM_SETLINK", source))
    }

    /// One request, one answer: a link, an acknowledgement or an error.
    fn ask(
        &mut self,
        request: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<Option<LinkMessage>, Errno> {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        sendto(
            &self.socket,
            &bytes,
            SendFlags::empty(),
            &nl::SocketAddrNetlink::new(0, 0),
        )?;
        loop {
            let mut buffer = vec![MaybeUninit::uninit(); 64 << 10];
            let ((answer, _), _) = recv(&self.socket, &mut buffer[..], RecvFlags::empty())?;
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(answer)
                .map_err(|_| Errno::BADMSG)?;
            if message.header.sequence_number != self.sequence {
                continue;
            }
            return match message.payload {
                NetlinkPayload::Error(error) if error.raw_code() == 0 => Ok(None),
                NetlinkPayload::Error(error) => {
                    Err(Errno::from_raw_os_error(error.raw_code().saturating_neg()))
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link)) => Ok(Some(link)),
                _ => Err(Errno::BADMSG),
            };
        }
    }
}

fn refused(call: &'static str, source: Errno) -> Reason {
    match source {
        Errno::PERM | Errno::ACCESS => Reason::NotPermitted {
            call,
            capability: "NET_ADMIN",
        },
        source => Reason::System { call, source },
    }
}

fn read_link(message: &LinkMessage) -> Link {
    let mut link = Link {
        ifindex: message.header.index,
        kind: "physical".to_owned(),
        ours: false,
        gso_max_size: 65536,
        tso_max_size: None,
        max_mtu: None,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::GsoMaxSize(size) => link.gso_max_size = *size,
            LinkAttribute::TsoMaxSize(size) => link.tso_max_size = Some(*size),
            LinkAttribute::MaxMtu(size) => link.max_mtu = Some(*size),
            LinkAttribute::IfAlias(alias) => link.ours = alias == ALIAS,
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    if let LinkInfo::Kind(kind) = info {
                        link.kind = kind.to_string();
                    }
                }
            }
            _ => {}
        }
    }
    link
}
