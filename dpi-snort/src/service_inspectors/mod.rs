//! Service inspectors: from the bytes of a stream to the messages of a protocol
//! and the buffers that rules name.
//!
//! One folder a protocol: its `mod.rs` is the inspector (feed, buffers), its
//! `parser.rs` turns bytes into messages and knows nothing else. `wizard` says
//! which service a flow speaks, `ports` what to make of its ports, `ftp_control` which
//! connections an FTP dialogue announces; `mime` reads the parts of messages and forms,
//! `held` keeps what is not whole yet.
//! Segments, retransmissions and time belong to `stream`; rules belong to `detection`.

pub mod dce;
mod ftp_control;
mod fuzz;
mod held;
pub mod http;
pub mod http2;
mod inspector;
mod labels;
pub mod mail;
mod mime;
pub mod ports;
pub mod sip;
pub mod smb;
pub mod ssl;
#[cfg(test)]
mod testing;
pub mod websocket;
pub mod wizard;

pub use ftp_control::{Announced, FtpControl};
pub use inspector::{Emit, Feed, Pdu, ServiceInspector, Verdict};
pub use wizard::{Identification, Wizard, identify_datagram};

use crate::buffers::BufferSource;

/// Services of flows on which rules for another one are tried too: see [`services_of_rules`].
pub const BORROWING_SERVICES: [&str; 1] = ["http2"];

/// The services whose rules are tried on a flow: its own and, as in Snort, for HTTP/2 that of
/// HTTP/1 as well, since both carry the same messages.
pub fn services_of_rules(flow: &str) -> impl Iterator<Item = &str> {
    let older = (flow == "http2").then_some("http");
    std::iter::once(flow).chain(older)
}

/// Whether each command and each answer of the service is a message by itself. Of the others
/// contents reach over the other end's answers, as on streams of no known service.
pub fn is_turn_by_turn(service: &str) -> bool {
    !matches!(
        service,
        "ftp-data" | "irc" | "kerberos" | "ldap" | "mysql" | "nntp" | "rdp" | "snmp" | "wins"
    )
}

/// Whether the PDUs of the service are lines of its stream as they came: a rule that alerted on
/// a segment does not alert again on the PDU made of it.
pub fn is_of_lines(service: &str) -> bool {
    matches!(service, "smtp" | "pop3" | "imap" | "ftp")
}

/// Whether the client of the service may go over to TLS between two messages (RFC 3207,
/// RFC 2595, RFC 4217, RFC 4642, RFC 4511 §4.14, [MS-RDPBCGR] 5.4.2).
pub fn may_turn_to_tls(service: &str) -> bool {
    matches!(
        service,
        "smtp" | "imap" | "pop3" | "ftp" | "nntp" | "irc" | "ldap" | "mysql" | "rdp"
    )
}

/// The message in a datagram of this service; `None` if it is not one, or has no inspector.
pub fn message_of<'p>(service: &str, datagram: &'p [u8]) -> Option<DatagramMessage<'p>> {
    match service {
        "dcerpc" => dce::facts_of_datagram(datagram).map(DatagramMessage::Dce),
        "sip" => sip::SipMessage::of(datagram).map(DatagramMessage::Sip),
        _ => None,
    }
}

/// What a datagram may hold.
pub enum DatagramMessage<'p> {
    /// A request or a response of DCE/RPC.
    Dce(dce::DceFacts<'p>),
    /// A message of SIP.
    Sip(sip::SipMessage<'p>),
}

impl<'p> DatagramMessage<'p> {
    /// Its buffers.
    pub fn buffers(&self) -> &(dyn BufferSource + 'p) {
        match self {
            DatagramMessage::Dce(facts) => facts,
            DatagramMessage::Sip(message) => message,
        }
    }
}

/// A fresh inspector for a flow of this service, from its first byte or from
/// mid-stream; `None` if the service has none and its flows stay plain streams.
pub fn inspector_for(service: &str) -> Option<Box<dyn ServiceInspector>> {
    match service {
        "dcerpc" => Some(Box::new(dce::Dce::default())),
        "http" => Some(Box::new(http::Http::default())),
        "http2" => Some(Box::new(http2::Http2::default())),
        "smtp" | "pop3" | "imap" | "ftp" => Some(Box::new(mail::Mail::of(service)?)),
        "netbios-ssn" => Some(Box::new(smb::Smb::default())),
        "sip" => Some(Box::new(sip::Sip::default())),
        "ssl" => Some(Box::new(ssl::Ssl::default())),
        _ => None,
    }
}
