//! First bytes of protocols written in BER: SNMP, LDAP, Kerberos.

use super::pattern::{
    Answer,
    Byte::{In, Is},
    shape,
};

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// A message of SNMP: its version, then the community (RFC 1157 §4, RFC 1901 §3) or the
/// header of version 3 (RFC 3412 §6).
pub(super) fn snmp(bytes: &[u8]) -> Answer {
    within(
        bytes,
        |tag| tag == SEQUENCE,
        |_, message| {
            let older = shape(message, &[Is(INTEGER), Is(1), In(0, 1), Is(OCTET_STRING)]);
            if older == Answer::No {
                shape(message, &[Is(INTEGER), Is(1), Is(3), Is(SEQUENCE)])
            } else {
                older
            }
        },
    )
}

/// The first request of a client (RFC 4511 §4.2, §4.5, §4.12).
pub(super) fn ldap_request(bytes: &[u8]) -> Answer {
    ldap(bytes, &[0x60, 0x63, 0x77])
}

/// The answer to it.
pub(super) fn ldap_response(bytes: &[u8]) -> Answer {
    ldap(bytes, &[0x61, 0x64, 0x65, 0x73, 0x78])
}

/// The number of the message, then the operation.
fn ldap(bytes: &[u8], operations: &[u8]) -> Answer {
    within(
        bytes,
        |tag| tag == SEQUENCE,
        |_, message| {
            let number = shape(message, &[Is(INTEGER), In(1, 4)]);
            if number != Answer::Yes {
                return number;
            }
            let length = message.get(1).map_or(0, |length| usize::from(*length));
            match message.get(length.saturating_add(2)) {
                None => Answer::More,
                Some(operation) if operations.contains(operation) => Answer::Yes,
                Some(_) => Answer::No,
            }
        },
    )
}

/// A message over TCP, with its length in front (RFC 4120 §7.2.2).
pub(super) fn kerberos_record(bytes: &[u8]) -> Answer {
    match bytes {
        [0, _, _, _, message @ ..] => kerberos(message),
        [] | [0, ..] => Answer::More,
        _ => Answer::No,
    }
}

/// A message as a datagram (RFC 4120 §5.4, §5.9): its type, then version 5.
pub(super) fn kerberos(bytes: &[u8]) -> Answer {
    let is_known = |tag| matches!(tag, 0x6A..=0x6F | 0x7E);
    within(bytes, is_known, |tag, message| {
        within(
            message,
            |tag| tag == SEQUENCE,
            |_, fields| {
                // The version is field 1 of what asks for tickets, field 0 of all others.
                let version = if matches!(tag, 0x6A | 0x6C) {
                    0xA1
                } else {
                    0xA0
                };
                shape(fields, &[Is(version), Is(3), Is(INTEGER), Is(1), Is(5)])
            },
        )
    })
}

/// What `test` says of the tag and the content of the first element, if the tag is one of
/// those wanted.
fn within(
    bytes: &[u8],
    is_wanted: impl Fn(u8) -> bool,
    test: impl FnOnce(u8, &[u8]) -> Answer,
) -> Answer {
    let [tag, rest @ ..] = bytes else {
        return Answer::More;
    };
    if !is_wanted(*tag) {
        return Answer::No;
    }
    let more = match rest.first() {
        None => return Answer::More,
        Some(0..=0x7F) => 0,
        Some(length @ 0x81..=0x84) => usize::from(length & 0x0F),
        Some(_) => return Answer::No,
    };
    match rest.get(more.saturating_add(1)..) {
        None => Answer::More,
        Some(content) => test(*tag, content),
    }
}
