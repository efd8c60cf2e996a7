//! Questions to the kernel, and notice of its changes, by `NETLINK_ROUTE`.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::{
    RouteNetlinkMessage,
    nsid::{NsidAttribute, NsidMessage},
};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink as nl, recv,
        sendto, socket_with,
    },
};

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
    #[error("rtnetlink refused to tell {what}: {source}")]
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

/// All entries of a table of the kernel.
pub(super) fn dump(
    what: &'static str,
    request: &RouteNetlinkMessage,
) -> Result<Vec<RouteNetlinkMessage>, NetlinkError> {
    for _ in 0..ATTEMPTS {
        let answer = ask(what, request.clone(), NLM_F_DUMP)?;
        if answer.whole {
            return Ok(answer.messages);
        }
    }
    Err(NetlinkError::Restless(what))
}

/// The number that this network namespace has for the one of a process, -1 if it has none
/// (`RTM_GETNSID`, Linux 4.0; needs no capability). `ESRCH` for a process that is gone or
/// not in our PID namespace.
pub(super) fn namespace_of(pid: u32) -> Result<i32, NetlinkError> {
    const WHAT: &str = "the number of a network namespace";
    let mut question = NsidMessage::default();
    question.attributes.push(NsidAttribute::Pid(pid));
    let answer = ask(WHAT, RouteNetlinkMessage::GetNsId(question), 0)?;
    let mut attributes = answer
        .messages
        .into_iter()
        .flat_map(|message| match message {
            RouteNetlinkMessage::NewNsId(answer) => answer.attributes,
            _ => Vec::new(),
        });
    let number = attributes.find_map(|attribute| match attribute {
        NsidAttribute::Id(number) => Some(number),
        _ => None,
    });
    number.ok_or_else(|| NetlinkError::Malformed {
        what: WHAT,
        reason: "no NETNSA_NSID in it".to_owned(),
    })
}

/// What the kernel said.
struct Answer {
    messages: Vec<RouteNetlinkMessage>,
    /// The table did not change while it was read.
    whole: bool,
}

/// Asks once. A dump ends with a message of its own, anything else with its first.
fn ask(
    what: &'static str,
    question: RouteNetlinkMessage,
    flags: u16,
) -> Result<Answer, NetlinkError> {
    let socket = open(0, SocketFlags::empty())?;
    send(&socket, question, NLM_F_REQUEST | flags)?;
    let mut answer = Answer {
        messages: Vec::new(),
        whole: true,
    };
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        let (len, _) = recv(&socket, &mut buffer, RecvFlags::empty()).map_err(io::Error::from)?;
        let rest = buffer.get(..len).unwrap_or_default();
        if take(what, rest, &mut answer)? || flags & NLM_F_DUMP == 0 {
            return Ok(answer);
        }
    }
}

fn send(socket: &OwnedFd, question: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(question));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let kernel = nl::SocketAddrNetlink::new(0, 0);
    sendto(socket, &bytes, SendFlags::empty(), &kernel)?;
    Ok(())
}

/// Takes the messages of one datagram; `true` if the dump ends with it.
fn take(what: &'static str, mut rest: &[u8], answer: &mut Answer) -> Result<bool, NetlinkError> {
    while !rest.is_empty() {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(|e| {
            let reason = e.to_string();
            NetlinkError::Malformed { what, reason }
        })?;
        answer.whole &= message.header.flags & NLM_F_DUMP_INTR == 0;
        // Messages are aligned to four bytes.
        let next = usize::try_from(message.header.length).unwrap_or(usize::MAX);
        let next = next.next_multiple_of(4).max(16);
        rest = rest.get(next..).unwrap_or_default();
        match message.payload {
            NetlinkPayload::InnerMessage(message) => answer.messages.push(message),
            NetlinkPayload::Error(error) => {
                let source = error.to_io();
                return Err(NetlinkError::Refused { what, source });
            }
            NetlinkPayload::Done(_) => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}
