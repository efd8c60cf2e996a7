//! Conversations: test traffic that a person can read and review.
//!
//! A conversation is a text file: header lines, then what each side says in turn.
//!
//! ```text
//! # A comment; allowed everywhere.
//! proto tcp                   tcp, udp or icmp
//! client 10.0.0.1:40000       address and port; IPv6 as [fd00::1]:40000
//! server 10.0.0.2:80
//! also 9000039                an alert beside the one under test, one a line
//!
//! >>>
//! GET / HTTP/1.1\r\n
//! \r\n
//! <<<
//! HTTP/1.1 204 No Content\r\n\r\n
//! ```
//!
//! Each block is one write of the client (`>>>`) or the server (`<<<`). The end of
//! a line in the file is no byte of the traffic: what is sent is written out, with
//! the escapes `\r \n \t \0 \\ \xNN`. A line `@repeat N TEXT` stands for N times TEXT.
//! `handshake no` (TCP segments alone) and `ttl N` are further header lines.
//! A block's line may carry header fields: `>>> flags FPU` (TCP, letters as in the
//! rule option `flags`, 0 for none), `>>> type 8 code 3` (ICMP).
//!
//! [`Conversation::frames`] makes Ethernet frames of it, cut and ordered as a
//! [`Delivery`] says. Nothing here knows the engine under test.

mod frames;
mod parse;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

pub use self::{
    frames::{Delivery, Order, Segments},
    parse::{ParseError, ParseErrorKind},
};

/// One conversation between a client and a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// What carries it.
    pub protocol: Protocol,
    /// Who speaks first. The port is 0 for ICMP.
    pub client: SocketAddr,
    /// The other end. The port is 0 for ICMP.
    pub server: SocketAddr,
    /// TCP: whether the connection is opened and closed around the writes.
    pub handshake: bool,
    /// TTL or hop limit of every packet.
    pub ttl: u8,
    /// Rule ids expected to alert beside the one under test.
    pub also: Vec<u32>,
    /// The writes, in order.
    pub steps: Vec<Step>,
}

/// What carries a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP: a datagram a write.
    Udp,
    /// ICMP or ICMPv6 by the addresses: a message a write.
    Icmp,
}

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end named `client`.
    Client,
    /// The end named `server`.
    Server,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who writes.
    pub from: Side,
    /// Payload.
    pub bytes: Vec<u8>,
    /// Header fields that differ from the ordinary ones.
    pub fields: Fields,
}

/// Header fields given with a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// TCP flags.
    pub flags: Option<u8>,
    /// ICMP type; an echo request (client) or reply (server) without.
    pub icmp_type: Option<u8>,
    /// ICMP code; 0 without.
    pub icmp_code: Option<u8>,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn peer(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

impl Conversation {
    /// Address and port of an end.
    pub fn endpoint(&self, side: Side) -> SocketAddr {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// Source and destination address of what `side` sends.
    pub fn addresses(&self, side: Side) -> (IpAddr, IpAddr) {
        (self.endpoint(side).ip(), self.endpoint(side.peer()).ip())
    }

    /// Bytes that the client writes, all writes together.
    pub fn client_len(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| step.from == Side::Client)
            .map(|step| step.bytes.len())
            .sum()
    }
}
