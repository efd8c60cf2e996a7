//! First bytes of HTTP and of the protocols that borrow its request line: SIP and RTSP.

use super::pattern::{Answer, any, starts};

/// Request methods of the IANA registry (RFC 9110 §16.1) and of `UPnP` and `WebDAV`.
/// Those that SIP and RTSP share are told apart by their target.
const HTTP_METHODS: &[&[u8]] = &[
    b"ACL",
    b"BASELINE-CONTROL",
    b"BCOPY",
    b"BDELETE",
    b"BIND",
    b"BMOVE",
    b"BPROPFIND",
    b"BPROPPATCH",
    b"CHECKIN",
    b"CHECKOUT",
    b"CONNECT",
    b"COPY",
    b"DELETE",
    b"GET",
    b"HEAD",
    b"LABEL",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MKREDIRECTREF",
    b"MKWORKSPACE",
    b"MOVE",
    b"NOTIFY",
    b"OPTIONS",
    b"ORDERPATCH",
    b"PATCH",
    b"POLL",
    b"POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"PUT",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SUBSCRIBE",
    b"TRACE",
    b"TRACK",
    b"UNBIND",
    b"UNCHECKOUT",
    b"UNLINK",
    b"UNLOCK",
    b"UNSUBSCRIBE",
    b"UPDATE",
    b"UPDATEREDIRECTREF",
    b"VERSION-CONTROL",
];

/// RFC 3261 and its extensions.
const SIP_METHODS: &[&[u8]] = &[
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"INFO",
    b"INVITE",
    b"MESSAGE",
    b"NOTIFY",
    b"OPTIONS",
    b"PRACK",
    b"PUBLISH",
    b"REFER",
    b"REGISTER",
    b"SUBSCRIBE",
    b"UPDATE",
];

/// RFC 2326 §6.1.
const RTSP_METHODS: &[&[u8]] = &[
    b"ANNOUNCE",
    b"DESCRIBE",
    b"GET_PARAMETER",
    b"OPTIONS",
    b"PAUSE",
    b"PLAY",
    b"RECORD",
    b"REDIRECT",
    b"SETUP",
    b"SET_PARAMETER",
    b"TEARDOWN",
];

pub(super) fn http_request(bytes: &[u8]) -> Answer {
    // RFC 9112 §2.2: empty lines in front of a request line are to be ignored.
    let bytes = bytes.trim_ascii_start();
    if bytes.is_empty() {
        return Answer::More;
    }
    match method(bytes, HTTP_METHODS) {
        Answer::No => unknown_method(bytes),
        answer => answer,
    }
}

/// A token that is no registered method is one if the line ends in an HTTP version.
fn unknown_method(bytes: &[u8]) -> Answer {
    let token = bytes.iter().take_while(|byte| is_token(**byte)).count();
    if token == 0 || token > 32 {
        return Answer::No;
    }
    match bytes.get(token) {
        None => return Answer::More,
        Some(b' ' | b'\t') => {}
        Some(_) => return Answer::No,
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Answer::More;
    };
    let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
    let version = line.rsplit(|byte| *byte == b' ' || *byte == b'\t').next();
    match version.and_then(|version| version.get(..5)) {
        Some(start) if start.eq_ignore_ascii_case(b"HTTP/") => Answer::Yes,
        _ => Answer::No,
    }
}

pub(super) fn sip_request(bytes: &[u8]) -> Answer {
    request_to(bytes, SIP_METHODS, &[b"sip:", b"sips:", b"tel:"])
}

pub(super) fn rtsp_request(bytes: &[u8]) -> Answer {
    request_to(bytes, RTSP_METHODS, &[b"rtsp:", b"rtsps:", b"rtspu:"])
}

/// One of `methods`, a blank, and a target of one of `schemes`.
fn request_to(bytes: &[u8], methods: &[&[u8]], schemes: &[&[u8]]) -> Answer {
    let answer = method(bytes, methods);
    if answer != Answer::Yes {
        return answer;
    }
    let blank = bytes.iter().position(|byte| *byte == b' ');
    let target = blank.and_then(|at| bytes.get(at..)).unwrap_or_default();
    any(target.trim_ascii_start(), schemes)
}

/// One of `methods`, with a blank behind it if more has come.
fn method(bytes: &[u8], methods: &[&[u8]]) -> Answer {
    let mut more = false;
    for method in methods {
        match starts(bytes, method) {
            Answer::Yes => match bytes.get(method.len()) {
                // A method alone is enough for Snort too: what follows is not searched raw.
                Some(b' ' | b'\t') | None => return Answer::Yes,
                Some(_) => {}
            },
            Answer::More => more = true,
            Answer::No => {}
        }
    }
    if more { Answer::More } else { Answer::No }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
