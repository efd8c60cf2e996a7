//! Services over UDP, by one datagram.

use super::{
    ber, binary, http,
    pattern::{
        Answer,
        Byte::{Any, In, Is},
        any, shape, starts,
    },
};

type Test = fn(&[u8]) -> bool;

/// By rising vagueness: the first that fits is it.
const DATAGRAMS: &[(&str, Test)] = &[
    ("sip", sip),
    ("ssdp", ssdp),
    ("dhcp", dhcp),
    ("netbios-ns", netbios_ns),
    ("netbios-dgm", netbios_dgm),
    ("kerberos", |bytes| ber::kerberos(bytes) == Answer::Yes),
    ("snmp", |bytes| ber::snmp(bytes) == Answer::Yes),
    ("ldap", |bytes| ber::ldap_request(bytes) == Answer::Yes),
    ("sunrpc", |bytes| {
        binary::sunrpc_message(bytes) == Answer::Yes
    }),
    ("tftp", tftp),
    ("dcerpc", dcerpc),
];

/// The service whose datagrams look like this; `None` if none of those that are known does.
pub fn identify_datagram(payload: &[u8]) -> Option<&'static str> {
    let found = DATAGRAMS.iter().find(|(_, test)| test(payload));
    found.map(|(service, _)| *service)
}

/// RFC 3261 §7.
fn sip(bytes: &[u8]) -> bool {
    http::sip_request(bytes) == Answer::Yes || starts(bytes, b"SIP/2.0 ") == Answer::Yes
}

/// `UPnP` Device Architecture 2.0, §1.2 and §1.3.
fn ssdp(bytes: &[u8]) -> bool {
    any(bytes, &[b"M-SEARCH * HTTP/1.", b"NOTIFY * HTTP/1."]) == Answer::Yes
}

/// RFC 2131 §2, §3: the magic cookie stands behind the fields of BOOTP.
fn dhcp(bytes: &[u8]) -> bool {
    let is_bootp = shape(bytes, &[In(1, 2), Any, In(0, 16)]) == Answer::Yes;
    is_bootp && bytes.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])
}

/// RFC 1002 §4.2.1: one question or one answer, about a name in half-bytes.
fn netbios_ns(bytes: &[u8]) -> bool {
    let counts = [
        Any,
        Any,
        Any,
        Any,
        Is(0),
        In(0, 1),
        Is(0),
        In(0, 1),
        Is(0),
        In(0, 1),
        Is(0),
        In(0, 1),
    ];
    shape(bytes, &counts) == Answer::Yes && netbios_name(bytes.get(counts.len()..))
}

/// RFC 1002 §4.4.2: a message to a name or to all, from port 138.
fn netbios_dgm(bytes: &[u8]) -> bool {
    let head = [
        In(0x10, 0x12),
        In(0, 0x0F),
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
        Is(0),
        Is(138),
        Any,
        Any,
        Any,
        Any,
    ];
    shape(bytes, &head) == Answer::Yes && netbios_name(bytes.get(head.len()..))
}

/// RFC 1001 §14.1: 32 letters from A to P, as one label.
fn netbios_name(bytes: Option<&[u8]>) -> bool {
    let [0x20, name @ ..] = bytes.unwrap_or_default() else {
        return false;
    };
    shape(name, &[In(b'A', b'P'); 32]) == Answer::Yes
}

/// A request (RFC 1350 §5): the name of a file and a mode, each ended by a NUL.
fn tftp(bytes: &[u8]) -> bool {
    let [0, 1 | 2, request @ ..] = bytes else {
        return false;
    };
    let mut parts = request.split(|byte| *byte == 0);
    let name = parts.next().unwrap_or_default();
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    if name.is_empty() || !name.iter().all(is_printable) {
        return false;
    }
    let modes: [&[u8]; 3] = [b"netascii", b"octet", b"mail"];
    let mode = parts.next().unwrap_or_default();
    // A NUL ends the mode too, else there is nothing behind it.
    parts.next().is_some() && modes.iter().any(|known| mode.eq_ignore_ascii_case(known))
}

/// A packet without connection, version 4 (C706 §12.5.1): 80 bytes of header with the length
/// of what follows.
fn dcerpc(bytes: &[u8]) -> bool {
    let head = [
        Is(4),
        In(0, 19),
        Any,
        In(0, 1),
        In(0, 0x11),
        In(0, 3),
        Is(0),
    ];
    let Some([a, b]) = bytes.get(74..76) else {
        return false;
    };
    // Each integer in the order that the packet names.
    let is_little = bytes.get(4).is_some_and(|order| order & 0xF0 != 0);
    let length = if is_little {
        u16::from_le_bytes([*a, *b])
    } else {
        u16::from_be_bytes([*a, *b])
    };
    shape(bytes, &head) == Answer::Yes && bytes.len() == usize::from(length).saturating_add(80)
}
