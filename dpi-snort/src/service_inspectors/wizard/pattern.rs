//! How the first bytes of each protocol look: the tables, and what to compare with.

use super::{ber, binary, http, lines};

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
    pattern("ssl", binary::tls),
    pattern("ssh", lines::ssh),
    pattern("netbios-ssn", binary::smb),
    pattern("dcerpc", binary::dce_bind),
    pattern("telnet", binary::telnet),
    pattern("rdp", binary::rdp_request),
    pattern("sunrpc", binary::sunrpc_call),
    pattern("sip", http::sip_request),
    pattern("rtsp", http::rtsp_request),
    pattern("http2", binary::http2_preface),
    pattern("http", http::http_request),
    pattern("smtp", lines::smtp_client),
    pattern("imap", lines::imap_client),
    pattern("ftp", lines::ftp_client),
    pattern("pop3", lines::pop3_client),
    pattern("nntp", lines::nntp_client),
    pattern("irc", lines::irc_client),
    pattern("ftp", lines::ftp_user),
    pattern("snmp", ber::snmp),
    pattern("ldap", ber::ldap_request),
    pattern("kerberos", ber::kerberos_record),
    pattern("mysql", binary::mysql_login),
    pattern("wins", binary::wins),
];

/// What servers send first.
pub(super) const SERVER: &[Pattern] = &[
    pattern("http", |bytes| starts(bytes, b"HTTP/")),
    pattern("http2", binary::http2_settings),
    pattern("ssl", binary::tls),
    pattern("ssh", lines::ssh),
    pattern("netbios-ssn", binary::smb),
    pattern("dcerpc", binary::dce_bind_ack),
    pattern("telnet", binary::telnet),
    pattern("rdp", binary::rdp_confirm),
    pattern("mysql", binary::mysql_greeting),
    pattern("sunrpc", binary::sunrpc_reply),
    pattern("sip", |bytes| starts(bytes, b"SIP/2.0 ")),
    pattern("rtsp", |bytes| starts(bytes, b"RTSP/1.0 ")),
    pattern("smtp", |bytes| {
        lines::greeting(bytes, &[b"220"], &[b"SMTP", b"MAIL"])
    }),
    pattern("ftp", |bytes| lines::greeting(bytes, &[b"220"], &[b"FTP"])),
    pattern("imap", lines::imap_server),
    pattern("pop3", |bytes| starts(bytes, b"+OK")),
    pattern("nntp", lines::nntp_server),
    pattern("irc", lines::irc_server),
    pattern("snmp", ber::snmp),
    pattern("ldap", ber::ldap_response),
    pattern("kerberos", ber::kerberos_record),
    pattern("wins", binary::wins),
];

/// One byte of a [`shape`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Byte {
    Any,
    Is(u8),
    /// Both ends included.
    In(u8, u8),
}

/// Whether `bytes` begin with bytes of this shape.
pub(super) fn shape(bytes: &[u8], shape: &[Byte]) -> Answer {
    let fits = bytes.iter().zip(shape).all(|(byte, wanted)| match wanted {
        Byte::Any => true,
        Byte::Is(wanted) => byte == wanted,
        Byte::In(first, last) => (first..=last).contains(&byte),
    });
    if !fits {
        Answer::No
    } else if bytes.len() < shape.len() {
        Answer::More
    } else {
        Answer::Yes
    }
}

/// Whether `bytes` begin with one of `words`, whatever the case.
pub(super) fn any(bytes: &[u8], words: &[&[u8]]) -> Answer {
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
pub(super) fn starts(bytes: &[u8], word: &[u8]) -> Answer {
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
