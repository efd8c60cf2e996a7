//! What each line of a dialogue means for those that follow it.

use crate::service_inspectors::labels::Labels;

use super::{
    imap::{self, Imap},
    pop3::Pop3,
    smtp::{self, Replies, Smtp},
};

/// What a dialogue remembers.
#[derive(Debug)]
pub(super) enum Protocol {
    Smtp(Smtp),
    Pop3(Pop3),
    Imap(Imap),
    Ftp(Replies),
}

/// What follows a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The PDU goes on with another line.
    More,
    /// The PDU ends.
    End,
    /// The PDU ends, and so does a message that was begun with a chunk.
    Reset,
    /// The PDU ends; a message up to a dot follows.
    Message,
    /// Lines up to a dot follow in the same PDU; the line may be the first of them.
    Lines { includes_line: bool },
    /// The PDU ends; so many bytes of a message follow.
    Chunk { length: u64, is_last: bool },
    /// Bytes follow in the same PDU, and then the rest of the line.
    Literal(Literal),
}

/// Counted bytes within a command or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) length: u64,
    /// They are a message, or a part of one.
    pub(super) is_message: bool,
    /// They come only once the other end has agreed.
    pub(super) waits: bool,
}

impl Protocol {
    /// The service's own name for itself, and a dialogue from its beginning.
    pub(super) fn of(service: &str) -> Option<(&'static str, Protocol)> {
        Some(match service {
            "smtp" => ("smtp", Protocol::Smtp(Smtp::default())),
            "pop3" => ("pop3", Protocol::Pop3(Pop3::default())),
            "imap" => ("imap", Protocol::Imap(Imap::default())),
            "ftp" => ("ftp", Protocol::Ftp(Replies::default())),
            _ => return None,
        })
    }

    /// Reads a line, with its end. Of one that is not whole the beginning is missing.
    pub(super) fn next(
        &mut self,
        to_server: bool,
        line: &[u8],
        is_whole: bool,
        labels: &mut Labels,
    ) -> Next {
        match (self, to_server) {
            (Protocol::Imap(imap), _) => imap.line(to_server, line, is_whole),
            (_, _) if !is_whole => Next::End,
            (Protocol::Smtp(smtp), true) => smtp.command(line),
            (Protocol::Smtp(smtp), false) => smtp.reply(line),
            (Protocol::Pop3(pop3), true) => pop3.command(line, labels),
            (Protocol::Pop3(pop3), false) => pop3.response(line),
            (Protocol::Ftp(_), true) => Next::End,
            (Protocol::Ftp(replies), false) => replies.line(line),
        }
    }

    /// A message that began with a command has come to its dot.
    pub(super) fn message_ended(&mut self, to_server: bool) {
        if let (Protocol::Smtp(smtp), true) = (self, to_server) {
            smtp.message_ended();
        }
    }

    /// Whether the server's last line has refused what the client was to send next.
    pub(super) fn take_refusal(&mut self) -> bool {
        match self {
            Protocol::Smtp(smtp) => smtp.take_refusal(),
            Protocol::Imap(imap) => imap.take_refusal(),
            Protocol::Pop3(_) | Protocol::Ftp(_) => false,
        }
    }

    /// Whether a command asks to go over to TLS (RFC 3207 §4, RFC 2595 §4, RFC 9051 §6.2.1, RFC
    /// 4217 §4).
    pub(super) fn asks_for_tls(&self, line: &[u8]) -> bool {
        let mut words = words(line);
        let (first, second) = (words.next().unwrap_or_default(), words.next());
        let is = |word: &[u8], other: &[u8]| word.eq_ignore_ascii_case(other);
        match self {
            Protocol::Smtp(_) => is(first, b"STARTTLS"),
            Protocol::Pop3(_) => is(first, b"STLS"),
            Protocol::Imap(_) => second.is_some_and(|word| is(word, b"STARTTLS")),
            Protocol::Ftp(_) => is(first, b"AUTH"),
        }
    }

    /// Whether a line of the server says no.
    pub(super) fn is_refusal(&self, line: &[u8]) -> bool {
        match self {
            Protocol::Smtp(_) | Protocol::Ftp(_) => smtp::is_refusal(line),
            Protocol::Pop3(_) => line.starts_with(b"-ERR"),
            Protocol::Imap(_) => imap::is_refusal(line),
        }
    }

    /// Heap bytes held.
    pub(super) fn memory(&self) -> usize {
        match self {
            Protocol::Pop3(pop3) => pop3.memory(),
            Protocol::Smtp(_) | Protocol::Imap(_) | Protocol::Ftp(_) => 0,
        }
    }
}

/// The words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(u8::is_ascii_whitespace);
    words.filter(|word| !word.is_empty())
}
