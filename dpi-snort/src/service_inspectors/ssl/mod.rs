//! The inspector of SSL 2 and 3 and of TLS (service `ssl`, as in Snort): the records of a
//! handshake as they are sent, in units that end where the other end is to speak, and what
//! `ssl_state` and `ssl_version` ask of them.
//!
//! Once both ends have sent application data all the rest is ciphertext, and nothing more of
//! the flow is inspected. `record` takes bytes apart, `handshake` reads the types of messages,
//! `facts` is what rules ask for.

mod facts;
mod fuzz;
mod handshake;
mod record;

pub use facts::{SslFacts, SslWords};
pub use fuzz::fuzz_ssl;

use crate::{
    buffers::{BufferId, BufferSelector, BufferSource},
    config::Config,
    flow::Sides,
    service_inspectors::{Emit, Feed, Pdu, ServiceInspector, Verdict, http::emit_plain},
};

use handshake::Handshake;
use record::{ContentType, Part, Records};

/// Reader of one connection.
#[derive(Debug, Default)]
pub struct Ssl {
    sides: Sides<Side>,
    versions: SslWords,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    records: Records,
    handshake: Handshake,
    /// Bytes of records that have not been judged.
    held: Vec<u8>,
    /// What the messages of whole records are.
    states: SslWords,
    /// What those of the record under way are: of one that is cut short they do not count, as
    /// in Snort.
    begun: SslWords,
    /// `ChangeCipherSpec` was sent: what follows is ciphertext.
    is_encrypted: bool,
    /// Application data was sent.
    has_data: bool,
}

impl Ssl {
    /// The first bytes of a record.
    fn header(&mut self, to_server: bool, header: &record::Header, emit: Emit<'_>) -> Verdict {
        let other_has_data = self.sides.side(!to_server).has_data;
        self.versions = self.versions.and(SslWords::of_version(header.version));
        if header.kind.stands_alone() {
            self.flush(to_server, emit);
        }
        let side = self.sides.side_mut(to_server);
        if header.kind == ContentType::ApplicationData {
            side.has_data = true;
            if other_has_data {
                self.flush(!to_server, emit);
                return Verdict::Encrypted;
            }
        }
        side.held.extend_from_slice(header.bytes());
        Verdict::Continue
    }

    /// Some bytes of a record, perhaps its last.
    fn body(&mut self, to_server: bool, part: &record::Body<'_>, limit: usize, emit: Emit<'_>) {
        let side = self.sides.side_mut(to_server);
        side.held.extend_from_slice(part.data);
        let mut is_turn = part.kind.stands_alone();
        match part.kind {
            ContentType::Handshake if side.is_encrypted => is_turn = true,
            ContentType::Handshake | ContentType::Ssl2 => {
                let seen = side.handshake.read(part);
                side.begun = side.begun.and(seen.states);
                self.versions = self.versions.and(seen.versions);
                is_turn |= side.handshake.is_turn();
            }
            ContentType::ChangeCipherSpec => side.is_encrypted = true,
            _ => {}
        }
        if part.ends {
            side.states = side.states.and(std::mem::take(&mut side.begun));
        }
        if part.kind == ContentType::Ssl2 && part.ends {
            // What follows is TLS.
            side.handshake = Handshake::default();
        }
        if (part.ends && is_turn) || side.held.len() >= limit {
            self.flush(to_server, emit);
        }
    }

    fn flush(&mut self, to_server: bool, emit: Emit<'_>) {
        let side = self.sides.side_mut(to_server);
        let facts = SslFacts {
            states: std::mem::take(&mut side.states),
            versions: self.versions,
        };
        if !side.held.is_empty() {
            emit(&Pdu {
                to_server,
                payload: &side.held,
                size: u32::try_from(side.held.len()).unwrap_or(u32::MAX),
                buffers: &facts,
            });
        }
        // Most connections are long, and past their handshake.
        side.held = Vec::new();
    }

    /// Judges what is held, and as a plain stream what is of no record.
    fn end(&mut self, to_server: bool, rest: &[u8], emit: Emit<'_>) {
        for side in [true, false] {
            self.flush(side, emit);
        }
        let mut half_read = self.sides.side_mut(to_server).records.reset();
        half_read.extend_from_slice(rest);
        emit_plain(to_server, &half_read, emit);
    }
}

impl ServiceInspector for Ssl {
    fn service(&self) -> &'static str {
        "ssl"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server, config, ..
        } = *feed;
        if self.sides.side(!to_server).records.is_between() {
            self.flush(!to_server, emit);
        }
        let mut input = feed.data;
        loop {
            match self.sides.side_mut(to_server).records.next(&mut input) {
                Ok(None) => return Verdict::Continue,
                Ok(Some(Part::Header(header))) => {
                    let verdict = self.header(to_server, &header, emit);
                    if verdict != Verdict::Continue {
                        return verdict;
                    }
                }
                Ok(Some(Part::Body(part))) => {
                    self.body(to_server, &part, config.flush_size, emit);
                }
                Err(error) => {
                    self.end(to_server, input, emit);
                    return Verdict::Abandon(error.reason());
                }
            }
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, _config: &Config, emit: Emit<'_>) -> Verdict {
        self.flush(to_server, emit);
        let side = self.sides.side_mut(to_server);
        side.handshake.lose();
        if side.records.skip(lost) {
            return Verdict::Continue;
        }
        if self.sides.client.is_encrypted && self.sides.server.is_encrypted {
            self.flush(!to_server, emit);
            return Verdict::Encrypted;
        }
        self.end(to_server, &[], emit);
        Verdict::Abandon("ssl_gap_in_framing")
    }

    fn finish(&mut self, to_server: bool, _config: &Config, emit: Emit<'_>) {
        self.flush(to_server, emit);
        let half_read = self.sides.side_mut(to_server).records.reset();
        emit_plain(to_server, &half_read, emit);
    }

    fn memory(&self) -> usize {
        let held = |side: &Side| side.held.capacity();
        size_of::<Ssl>() + held(&self.sides.client) + held(&self.sides.server)
    }
}

impl BufferSource for SslFacts {
    fn buffer(&self, _selector: &BufferSelector) -> Option<&[u8]> {
        None
    }

    fn ssl(&self) -> Option<SslFacts> {
        Some(*self)
    }

    fn fresh<'a>(&'a self, _scan: &mut dyn FnMut(BufferId, &'a [u8])) {}
}

#[cfg(test)]
mod tests;
