//! How the first bytes of each protocol look.

/// One protocol's look in one direction.
pub(super) struct Pattern {
    /// Name of the service.
    pub(super) service: &'static str,
    /// Tests the first bytes of a stream.
    pub(super) test: fn(&[u8]) -> Answer,
}

/// Whether a prefix is of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// It may be, with more bytes.
    More,
}

const fn pattern(service: &'static str, test: fn(&[u8]) -> Answer) -> Pattern {
    Pattern { service, test }
}

/// What clients send first.
pub(super) const CLIENT: &[Pattern] = &[
    pattern("ssl", tls),
    pattern("ssh", ssh),
    pattern("netbios-ssn", smb),
    pattern("dcerpc", dce_bind),
    pattern("telnet", telnet),
    pattern("sip", sip_request),
    pattern("rtsp", rtsp_request),
    pattern("http2", http2_preface),
    pattern("http", http_request),
    pattern("smtp", smtp_client),
    pattern("imap", imap_client),
    pattern("ftp", ftp_client),
    pattern("pop3", pop3_client),
];

/// What servers send first.
pub(super) const SERVER: &[Pattern] = &[
    pattern("http", |bytes| starts(bytes, b"HTTP/")),
    pattern("http2", http2_settings),
    pattern("ssl", tls),
    pattern("ssh", ssh),
    pattern("netbios-ssn", smb),
    pattern("dcerpc", dce_bind_ack),
    pattern("telnet", telnet),
    pattern("sip", |bytes| starts(bytes, b"SIP/2.0 ")),
    pattern("rtsp", |bytes| starts(bytes, b"RTSP/1.0 ")),
    pattern("smtp", |bytes| greeting(bytes, &[b"SMTP", b"MAIL"])),
    pattern("ftp", |bytes| greeting(bytes, &[b"FTP"])),
    pattern("imap", imap_server),
    pattern("pop3", |bytes| starts(bytes, b"+OK")),
];

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

fn http_request(bytes: &[u8]) -> Answer {
    // RFC 9112 §2.2: empty lines in front of a request line are to be ignored.
    let bytes = bytes.trim_ascii_start();
    if bytes.is_empty() {
        return Answer::More;
    }
    let answer = method(bytes, HTTP_METHODS);
    if answer == Answer::No && bytes.len() < super::MAX_PREFIX {
        return unknown_method(bytes);
    }
    answer
}

/// RFC 9113 §3.4.
fn http2_preface(bytes: &[u8]) -> Answer {
    starts(bytes, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
}

/// RFC 9113 §3.4, §6.5: a server begins with settings of six bytes each, on no stream and
/// without flags; more than forty are not in use.
fn http2_settings(bytes: &[u8]) -> Answer {
    match *bytes {
        [0, 0, length, 4, 0, 0, 0, 0, 0, ..] if length % 6 == 0 => Answer::Yes,
        [] | [0] | [0, 0] | [0, 0, _] | [0, 0, _, 4] => Answer::More,
        [0, 0, _, 4, ref zeros @ ..] if zeros.len() < 5 && zeros.iter().all(|zero| *zero == 0) => {
            Answer::More
        }
        _ => Answer::No,
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

fn sip_request(bytes: &[u8]) -> Answer {
    request_to(bytes, SIP_METHODS, &[b"sip:", b"sips:", b"tel:"])
}

fn rtsp_request(bytes: &[u8]) -> Answer {
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

/// RFC 4253 §4.2.
fn ssh(bytes: &[u8]) -> Answer {
    starts(bytes, b"SSH-")
}

/// A handshake record of SSL 3.0 to TLS 1.3 (RFC 8446 §5.1) with a hello in it, or an
/// SSL 2.0 client hello.
fn tls(bytes: &[u8]) -> Answer {
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

/// A `NetBIOS` session message (RFC 1002 §4.3.1) with SMB inside, or a session request.
fn smb(bytes: &[u8]) -> Answer {
    if let [0x81, 0, ..] = *bytes {
        return Answer::Yes;
    }
    match *bytes {
        [] | [0 | 0x81] => Answer::More,
        [0, ..] if bytes.len() < 5 => Answer::More,
        [0, _, _, _, 0xFE | 0xFF, ref rest @ ..] => starts(rest, b"SMB"),
        _ => Answer::No,
    }
}

/// Connection-oriented DCE/RPC bind, version 5 (C706 §12.6.4.3).
fn dce_bind(bytes: &[u8]) -> Answer {
    starts(bytes, &[5, 0, 11])
}

/// The answers to a bind: `bind_ack` and `bind_nak`.
fn dce_bind_ack(bytes: &[u8]) -> Answer {
    any(bytes, &[&[5, 0, 12], &[5, 0, 13]])
}

/// An option negotiation (RFC 854): IAC and WILL, WONT, DO or DONT.
fn telnet(bytes: &[u8]) -> Answer {
    match *bytes {
        [] | [0xFF] | [0xFF, 0xFB..=0xFE] => Answer::More,
        [0xFF, 0xFB..=0xFE, _, ..] => Answer::Yes,
        _ => Answer::No,
    }
}

/// RFC 5321 §4.1.1.1.
fn smtp_client(bytes: &[u8]) -> Answer {
    any(bytes, &[b"HELO ", b"EHLO "])
}

/// RFC 959 §5.3.1; "USER" is POP3's as well and is left to the greeting.
fn ftp_client(bytes: &[u8]) -> Answer {
    any(bytes, &[b"AUTH TLS", b"AUTH SSL", b"PASV\r", b"EPSV\r"])
}

/// RFC 2449 §5.
fn pop3_client(bytes: &[u8]) -> Answer {
    any(bytes, &[b"CAPA\r", b"CAPA\n", b"APOP "])
}

/// A tag and a command of the non-authenticated state (RFC 3501 §6.1, §6.2).
fn imap_client(bytes: &[u8]) -> Answer {
    let tag = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    if tag > 16 {
        return Answer::No;
    }
    match bytes.get(tag..) {
        None | Some([]) => Answer::More,
        Some([b' ', command @ ..]) if tag > 0 => {
            let words: [&[u8]; 5] = [
                b"CAPABILITY",
                b"STARTTLS",
                b"AUTHENTICATE ",
                b"LOGIN ",
                b"NOOP",
            ];
            // A tag that is a word is more likely another protocol's command.
            if bytes
                .get(..tag)
                .is_some_and(|tag| tag.iter().any(u8::is_ascii_digit))
            {
                any(command, &words)
            } else {
                Answer::No
            }
        }
        _ => Answer::No,
    }
}

/// RFC 3501 §7.1.
fn imap_server(bytes: &[u8]) -> Answer {
    any(bytes, &[b"* OK", b"* PREAUTH", b"* BYE"])
}

/// A 220 greeting whose first line holds one of `words`.
fn greeting(bytes: &[u8], words: &[&[u8]]) -> Answer {
    let answer = any(bytes, &[b"220 ", b"220-"]);
    if answer != Answer::Yes {
        return answer;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let found = words.iter().any(|word| {
        line.windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word))
    });
    match (found, end) {
        (true, _) => Answer::Yes,
        (false, None) if line.len() < 1024 => Answer::More,
        (false, _) => Answer::No,
    }
}

/// Whether `bytes` begin with one of `words`, whatever the case.
fn any(bytes: &[u8], words: &[&[u8]]) -> Answer {
    let mut more = false;
    for word in words {
        match starts(bytes, word) {
            Answer::Yes => return Answer::Yes,
            Answer::More => more = true,
            Answer::No => {}
        }
    }
    if more { Answer::More } else { Answer::No }
}

/// Whether `bytes` begin with `word`, whatever the case.
fn starts(bytes: &[u8], word: &[u8]) -> Answer {
    let common = bytes.len().min(word.len());
    match (bytes.get(..common), word.get(..common)) {
        (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {
            if common == word.len() {
                Answer::Yes
            } else {
                Answer::More
            }
        }
        _ => Answer::No,
    }
}
