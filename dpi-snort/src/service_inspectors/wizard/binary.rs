//! First bytes of protocols of binary messages.

use super::pattern::{
    Answer,
    Byte::{Any, In, Is},
    any, shape, starts,
};

/// RFC 9113 §3.4.
pub(super) fn http2_preface(bytes: &[u8]) -> Answer {
    starts(bytes, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
}

/// RFC 9113 §3.4, §6.5: a server begins with settings of six bytes each, on no stream and
/// without flags; more than forty are not in use.
pub(super) fn http2_settings(bytes: &[u8]) -> Answer {
    match *bytes {
        [0, 0, length, 4, 0, 0, 0, 0, 0, ..] if length % 6 == 0 => Answer::Yes,
        [] | [0] | [0, 0] | [0, 0, _] | [0, 0, _, 4] => Answer::More,
        [0, 0, _, 4, ref zeros @ ..] if zeros.len() < 5 && zeros.iter().all(|zero| *zero == 0) => {
            Answer::More
        }
        _ => Answer::No,
    }
}

/// A handshake record of SSL 3.0 to TLS 1.3 (RFC 8446 §5.1) with a hello in it, or an
/// SSL 2.0 client hello.
pub(super) fn tls(bytes: &[u8]) -> Answer {
    match bytes.first() {
        None => Answer::More,
        Some(0x16) => tls_record(bytes),
        Some(0x80..=0x81) => ssl2_hello(bytes),
        Some(_) => Answer::No,
    }
}

fn tls_record(bytes: &[u8]) -> Answer {
    match *bytes {
        [_, 3, 0..=4, length, ..] if length > 0x48 => Answer::No,
        [_, 3, 0..=4, _, _, 1 | 2, ..] => Answer::Yes,
        [_] | [_, 3] | [_, 3, 0..=4] | [_, 3, 0..=4, _] | [_, 3, 0..=4, _, _] => Answer::More,
        _ => Answer::No,
    }
}

fn ssl2_hello(bytes: &[u8]) -> Answer {
    match *bytes {
        [_, _, 1, 0, 2, ..] | [_, _, 1, 3, 0..=3, ..] => Answer::Yes,
        [_] | [_, _] | [_, _, 1] | [_, _, 1, 0 | 3] => Answer::More,
        _ => Answer::No,
    }
}

/// A `NetBIOS` session message (RFC 1002 §4.3.1) with SMB inside; in front of it there may be a
/// session request, which alone says nothing yet.
pub(super) fn smb(bytes: &[u8]) -> Answer {
    match *bytes {
        [] | [0x81] | [0x81, 0] | [0x81, 0, _] => Answer::More,
        [0x81, 0, a, b, ref rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([a, b]));
            rest.get(length..).map_or(Answer::More, smb_message)
        }
        _ => smb_message(bytes),
    }
}

fn smb_message(bytes: &[u8]) -> Answer {
    match *bytes {
        [] | [0] => Answer::More,
        [0, ..] if bytes.len() < 5 => Answer::More,
        [0, _, _, _, 0xFE | 0xFF, ref rest @ ..] => starts(rest, b"SMB"),
        _ => Answer::No,
    }
}

/// Connection-oriented DCE/RPC bind, version 5 (C706 §12.6.4.3).
pub(super) fn dce_bind(bytes: &[u8]) -> Answer {
    starts(bytes, &[5, 0, 11])
}

/// The answers to a bind: `bind_ack` and `bind_nak`.
pub(super) fn dce_bind_ack(bytes: &[u8]) -> Answer {
    any(bytes, &[&[5, 0, 12], &[5, 0, 13]])
}

/// An option negotiation (RFC 854): IAC and WILL, WONT, DO or DONT.
pub(super) fn telnet(bytes: &[u8]) -> Answer {
    match *bytes {
        [] | [0xFF] | [0xFF, 0xFB..=0xFE] => Answer::More,
        [0xFF, 0xFB..=0xFE, _, ..] => Answer::Yes,
        _ => Answer::No,
    }
}

/// A TPKT with an X.224 connection request of class 0 as Remote Desktop sends it ([MS-RDPBCGR]
/// 2.2.1.1): with nothing in it, a cookie or a negotiation. Other users of X.224 send their
/// selectors there.
pub(super) fn rdp_request(bytes: &[u8]) -> Answer {
    rdp(bytes, 0xE0)
}

/// The confirmation ([MS-RDPBCGR] 2.2.1.2).
pub(super) fn rdp_confirm(bytes: &[u8]) -> Answer {
    rdp(bytes, 0xD0)
}

fn rdp(bytes: &[u8], code: u8) -> Answer {
    let head = [
        Is(3),
        Is(0),
        Any,
        Any,
        In(6, 0xFE),
        Is(code),
        Is(0),
        Is(0),
        Any,
        Any,
        Is(0),
    ];
    match (shape(bytes, &head), bytes.get(4), bytes.get(head.len())) {
        // TPDU size, calling and called selector (X.224 §13.3.4).
        (Answer::Yes, Some(7..), Some(0xC0..=0xC2)) => Answer::No,
        (Answer::Yes, Some(7..), None) => Answer::More,
        (answer, ..) => answer,
    }
}

/// A call over TCP (RFC 5531 §9, §11): one fragment, version 2, a program of the range for
/// assigned numbers.
pub(super) fn sunrpc_call(bytes: &[u8]) -> Answer {
    let mark = [Is(0x80), In(0, 0x0F), Any, Any];
    match shape(bytes, &mark) {
        Answer::Yes => sunrpc_message(bytes.get(mark.len()..).unwrap_or_default()),
        answer => answer,
    }
}

/// A call in a datagram.
pub(super) fn sunrpc_message(bytes: &[u8]) -> Answer {
    let call = [
        Any,
        Any,
        Any,
        Any,
        Is(0),
        Is(0),
        Is(0),
        Is(0),
        Is(0),
        Is(0),
        Is(0),
        Is(2),
        Is(0),
        In(1, 3),
    ];
    shape(bytes, &call)
}

/// The reply to a call, accepted or denied.
pub(super) fn sunrpc_reply(bytes: &[u8]) -> Answer {
    let reply = [
        Is(0x80),
        In(0, 0x0F),
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
        Is(0),
        Is(0),
        Is(0),
        Is(1),
        Is(0),
        Is(0),
        Is(0),
        In(0, 1),
    ];
    shape(bytes, &reply)
}

/// The server's first packet: its length, number 0, protocol 10, its version in digits.
pub(super) fn mysql_greeting(bytes: &[u8]) -> Answer {
    let digit = In(b'0', b'9');
    let head = [
        In(0x20, 0xFF),
        Is(0),
        Is(0),
        Is(0),
        Is(10),
        digit,
        In(b'.', b'9'),
    ];
    shape(bytes, &head)
}

/// The answer to a greeting that was not seen: its length, number 1, flags, sizes, 23 zeros.
pub(super) fn mysql_login(bytes: &[u8]) -> Answer {
    let head = [
        In(0x20, 0xFF),
        In(0, 3),
        Is(0),
        Is(1),
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
        Any,
    ];
    match shape(bytes, &head) {
        Answer::Yes => shape(bytes.get(head.len()..).unwrap_or_default(), &[Is(0); 23]),
        answer => answer,
    }
}

/// A message of WINS replication ([MS-WINSRA] 2.2.1): its length, then its opcode.
pub(super) fn wins(bytes: &[u8]) -> Answer {
    let head = [Is(0), Any, Any, Any, Is(0), Is(0), Is(0x78), Is(0)];
    shape(bytes, &head)
}
