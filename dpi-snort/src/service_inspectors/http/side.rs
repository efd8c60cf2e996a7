//! One direction of a connection.

use crate::{config::Config, service_inspectors::Emit};

use super::{
    body::Body,
    emit_plain,
    header::Headers,
    message,
    parser::{Framing, Kind, Parser},
    resync::{Found, Resync},
};

/// Reader of one direction.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) parser: Parser,
    pub(super) body: Body,
    /// A message has been read.
    pub(super) started: bool,
    /// Why nobody knows what comes behind the message under way, if so.
    pub(super) ends_with: Option<&'static str>,
    resync: Resync,
    /// Where messages begin will not be known again.
    has_given_up: bool,
    /// Bytes that came after that and have not been searched.
    held: Vec<u8>,
}

/// Where bytes begin.
pub(super) enum Start {
    /// Where the last ones ended, or with a message.
    Here,
    /// They belong to no message that could be read, or nobody knows yet.
    Unknown,
    /// These are the message's, with those that came before.
    Before(Vec<u8>),
}

impl Side {
    pub(super) fn new(kind: Kind) -> Side {
        Side {
            parser: Parser::new(kind),
            body: Body::default(),
            started: false,
            ends_with: None,
            resync: Resync::default(),
            has_given_up: false,
            held: Vec::new(),
        }
    }

    /// Notes that a message's end is not beyond doubt.
    pub(super) fn expect_end(&mut self, headers: &Headers, framing: Framing) {
        self.ends_with =
            message::lengths_differ(headers, framing).then_some("http_content_lengths_differ");
    }

    pub(super) fn is_lost(&self) -> bool {
        self.has_given_up || self.resync.is_lost()
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Where messages begin is not known; `may_begin`: the next byte may be the first of one.
    pub(super) fn lose(&mut self, may_begin: bool) {
        self.resync.lose(may_begin);
    }

    pub(super) fn give_up(&mut self) {
        self.has_given_up = true;
    }

    /// Says where the bytes begin, and gives out those that are known to be plain.
    pub(super) fn find_start(
        &mut self,
        to_server: bool,
        data: &[u8],
        config: &Config,
        emit: Emit<'_>,
    ) -> Start {
        if !self.resync.is_lost() {
            return Start::Here;
        }
        match self.resync.push(to_server, data, config.http_body_section) {
            Found::Nothing => Start::Unknown,
            Found::Plain(plain) => {
                emit_plain(to_server, &plain, emit);
                Start::Unknown
            }
            Found::Start(bytes) => Start::Before(bytes),
        }
    }

    /// Holds bytes until they are enough for a search, as contents may reach over segments.
    pub(super) fn hold(&mut self, to_server: bool, data: &[u8], config: &Config, emit: Emit<'_>) {
        self.held.extend_from_slice(data);
        if self.held.len() >= config.http_body_section {
            self.flush(to_server, emit);
        }
    }

    /// The other side speaks: what is held is given out.
    pub(super) fn turn(&mut self, to_server: bool, emit: Emit<'_>) {
        let plain = self.resync.turn();
        emit_plain(to_server, &plain, emit);
        self.flush(to_server, emit);
    }

    /// Gives out what is held.
    pub(super) fn flush(&mut self, to_server: bool, emit: Emit<'_>) {
        for plain in [self.resync.take(), std::mem::take(&mut self.held)] {
            emit_plain(to_server, &plain, emit);
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.parser.memory() + self.body.memory() + self.resync.memory() + self.held.capacity()
    }
}
