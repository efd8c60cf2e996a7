//! The HTTP/1 inspector: reads both directions of a connection, pairs responses with
//! requests, and gives each message out in sections as Snort does: start line and
//! headers, each part of the body, trailers.
//!
//! `parser` frames bytes into pieces, `start_line`, `uri`, `header`, `params` and `body`
//! (forms with `mime`) give them their normal form, `message` holds a head, `buffers` names
//! the results. `readings` follows a request whose end is in dispute, `upgrade` hands on
//! what the connection becomes, `oddities` says what a head should not be. `http2` makes its messages of the same parts.

mod body;
mod buffers;
mod decoder;
mod emit;
mod ending;
mod fuzz;
mod header;
mod message;
mod oddities;
mod params;
mod parser;
mod readings;
mod resync;
mod side;
mod start_line;
mod upgrade;
mod uri;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    builtin::{BuiltinEvent, EventSet},
    config::Config,
    service_inspectors::{Emit, Feed, ServiceInspector, Verdict, labels::Labels},
};

use ending::{Ended, Ending};
use parser::{Framing, Kind, Piece};
use readings::{Readings, Rivals};
use side::{Side, Start};
use upgrade::Upgraded;

pub(super) use body::{Body, Section};
pub(super) use buffers::{Unit, What};
pub(super) use emit::{emit_plain, emit_section, pdu, start_body};
pub use fuzz::fuzz_http;
pub(super) use header::Headers;
pub(super) use message::{Request, Response};

/// Reader of one HTTP/1 connection.
#[derive(Debug)]
pub struct Http {
    client: Side,
    server: Side,
    /// The request that the client is sending or has sent last.
    request: Option<Arc<Request>>,
    /// Requests that have no answer yet.
    unanswered: VecDeque<Arc<Request>>,
    /// The response that the server is sending, and what it answers.
    response: Option<Response>,
    answered: Option<Arc<Request>>,
    /// Other readings of what the client sends.
    rivals: Rivals,
    /// What the connection has become.
    upgraded: Option<Upgraded>,
    limits_hit: Labels,
}

impl Default for Http {
    fn default() -> Self {
        Http {
            client: Side::new(Kind::Request),
            server: Side::new(Kind::Response),
            request: None,
            unanswered: VecDeque::new(),
            response: None,
            answered: None,
            rivals: Rivals::default(),
            upgraded: None,
            limits_hit: Labels::default(),
        }
    }
}

impl ServiceInspector for Http {
    fn service(&self) -> &'static str {
        self.upgraded.as_ref().map_or("http", Upgraded::service)
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        if let Some(upgraded) = &mut self.upgraded {
            return upgraded.inspector().feed(feed, emit);
        }
        let Feed {
            to_server,
            data,
            config,
        } = *feed;
        self.side(!to_server).turn(!to_server, emit);
        let side = self.side(to_server);
        if side.has_given_up() {
            side.hold(to_server, data, config, emit);
            return self.feed_rivals(feed, 0, emit);
        }
        match side.find_start(to_server, data, config, emit) {
            Start::Here => self.read(feed, emit),
            Start::Unknown => self.feed_rivals(feed, 0, emit),
            Start::Before(bytes) => {
                let whole = Feed {
                    data: &bytes,
                    ..*feed
                };
                let mut verdict = self.read(&whole, emit);
                if let Verdict::Restart { taken, .. } = &mut verdict {
                    *taken = taken.saturating_sub(bytes.len() - data.len());
                }
                verdict
            }
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, config: &Config, emit: Emit<'_>) -> Verdict {
        if let Some(upgraded) = &mut self.upgraded {
            return upgraded.inspector().gap(to_server, lost, config, emit);
        }
        if to_server {
            self.rivals.clear();
        }
        let side = self.side(to_server);
        if !side.is_lost() && side.parser.skip(lost) {
            self.body(to_server, emit, |body, sink| body.gap(config, sink));
            return Verdict::Continue;
        }
        self.end_body(to_server, config, emit);
        let side = self.side(to_server);
        side.flush(to_server, emit);
        let half_read = side.parser.reset();
        emit_plain(to_server, &half_read, emit);
        side.lose(true);
        self.limits_hit.note("http_gap");
        Verdict::Continue
    }

    fn finish(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        if let Some(upgraded) = &mut self.upgraded {
            return upgraded.inspector().finish(to_server, config, emit);
        }
        self.end_body(to_server, config, emit);
        let side = self.side(to_server);
        if let Some(head) = side.parser.unfinished_head() {
            // The head is judged as far as it came, whatever it says of a body.
            let _ = self.head(to_server, &head, config, emit);
        }
        let side = self.side(to_server);
        let half_read = side.parser.reset();
        side.flush(to_server, emit);
        emit_plain(to_server, &half_read, emit);
        if to_server {
            self.rivals.finish(config, emit);
        }
    }

    fn memory(&self) -> usize {
        if let Some(upgraded) = &self.upgraded {
            return upgraded.memory();
        }
        let requests: usize = self.unanswered.iter().map(|request| request.memory()).sum();
        // A request that is still being sent or answered may be counted in `unanswered`
        // too; counting it twice errs on the safe side.
        let current = [&self.request, &self.answered]
            .into_iter()
            .flatten()
            .map(|request| request.memory())
            .sum::<usize>();
        let response = self.response.as_ref().map_or(0, Response::memory);
        size_of::<Http>()
            + self.client.memory()
            + self.server.memory()
            + self.rivals.memory()
            + requests
            + current
            + response
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        if let Some(upgraded) = &mut self.upgraded {
            upgraded.inspector().limits_hit(count);
        }
        for side in [&mut self.client, &mut self.server] {
            if let Some(label) = side.body.limit_hit() {
                count(label);
            }
        }
        self.limits_hit.drain(count);
    }

    fn oddities(&mut self) -> EventSet {
        let mut events = EventSet::EMPTY;
        if let Some(upgraded) = &mut self.upgraded {
            events.extend(upgraded.inspector().oddities());
        }
        for side in [&mut self.client, &mut self.server] {
            events.extend(side.parser.take_oddities());
            events.insert_if(BuiltinEvent::HttpDecompressFailed, side.body.take_damaged());
        }
        events
    }
}

impl Http {
    fn side(&mut self, to_server: bool) -> &mut Side {
        if to_server {
            &mut self.client
        } else {
            &mut self.server
        }
    }

    /// Reads messages from bytes that continue or begin one.
    fn read(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server,
            data,
            config,
        } = *feed;
        let mut input = data;
        // Where the other readings stand in `data`.
        let mut read = 0;
        loop {
            let piece = match self.side(to_server).parser.next(&mut input, config) {
                Ok(None) => return self.feed_rivals(feed, read, emit),
                Ok(Some(piece)) => Ok(piece),
                Err(error) => Err(Ending::Error(error.reason())),
            };
            let is_end = matches!(piece, Ok(Piece::End));
            let was_agreed = self.rivals.is_empty();
            let step = piece.and_then(|piece| self.piece(to_server, piece, config, emit));
            let taken = data.len() - input.len();
            if was_agreed {
                // Rivals begin behind the head that is in dispute.
                read = taken;
            }
            match step {
                Ok(()) if is_end && to_server && !self.rivals.is_empty() => {
                    let between = data.get(read..taken).unwrap_or_default();
                    let met = self.client.parser.clone();
                    self.rivals.feed_until(between, config, Some(&met), emit);
                    read = taken;
                }
                Ok(()) => {}
                Err(ending) => {
                    let ended = Ended { feed, taken, read };
                    return self.end(&ended, ending, emit);
                }
            }
        }
    }

    /// Judges a piece; an error ends the inspection of the connection.
    fn piece(
        &mut self,
        to_server: bool,
        piece: Piece<'_>,
        config: &Config,
        emit: Emit<'_>,
    ) -> Result<(), Ending> {
        match piece {
            Piece::Head(head) => {
                self.side(to_server).started = true;
                let framing = self.head(to_server, &head, config, emit)?;
                self.side(to_server).parser.start_body(framing);
            }
            Piece::Body { data, last } => {
                self.body(to_server, emit, |body, sink| {
                    body.push(data, last, config, sink);
                });
            }
            Piece::NoSize(bytes) => {
                self.body(to_server, emit, |body, sink| {
                    body.push(&bytes, false, config, sink);
                });
            }
            Piece::Trailers(lines) => {
                self.end_body(to_server, config, emit);
                let trailers = Headers::new(&lines);
                self.emit(to_server, What::Trailers(&trailers), &[], lines.len(), emit);
            }
            Piece::End => {
                self.end_body(to_server, config, emit);
                if !to_server {
                    self.response = None;
                    self.answered = None;
                }
                if let Some(reason) = self.side(to_server).ends_with.take() {
                    return Err(Ending::Error(reason));
                }
            }
        }
        Ok(())
    }

    /// Takes a head, gives it out, and says how its body ends.
    fn head(
        &mut self,
        to_server: bool,
        head: &[u8],
        config: &Config,
        emit: Emit<'_>,
    ) -> Result<Framing, Ending> {
        if to_server {
            if let Some(upgraded) = Upgraded::by_preface(head, self.unanswered.back()) {
                return Err(Ending::Upgrade(upgraded));
            }
            let request = Arc::new(Request::new(head));
            self.queue(Arc::clone(&request), config);
            self.emit(true, What::Head, &[], head.len(), emit);
            start_body(&mut self.client.body, &request.headers, true);
            let Readings { taken, rivals } = request.readings();
            self.rivals.begin(&rivals, &request);
            self.client.expect_end(&request.headers, taken);
            return Ok(taken);
        }
        let response = Response::new(head);
        self.answered = if response.is_interim() {
            self.unanswered.front().cloned()
        } else {
            self.unanswered.pop_front()
        };
        let framing = response.framing(self.answered.as_deref());
        start_body(&mut self.server.body, &response.headers, false);
        self.response = Some(response);
        self.emit(false, What::Head, &[], head.len(), emit);
        if let Some(ending) = self.leaves_http() {
            return Err(ending);
        }
        if let Some(response) = &self.response {
            self.server.expect_end(&response.headers, framing);
        }
        Ok(framing)
    }

    fn queue(&mut self, request: Arc<Request>, config: &Config) {
        self.request = Some(Arc::clone(&request));
        self.unanswered.push_back(request);
        let held = |queue: &VecDeque<Arc<Request>>| {
            queue.iter().map(|request| request.memory()).sum::<usize>()
        };
        while self.unanswered.len() > config.http_max_pipeline
            || (self.unanswered.len() > 1 && held(&self.unanswered) > config.http_max_headers)
        {
            self.unanswered.pop_front();
            self.limits_hit.note("http_max_pipeline");
        }
    }

    fn end_body(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        self.body(to_server, emit, |body, sink| body.finish(config, sink));
    }

    /// Lets the body reader of one direction work and gives out what it makes.
    fn body(
        &mut self,
        to_server: bool,
        emit: Emit<'_>,
        work: impl FnOnce(&mut Body, &mut dyn FnMut(Section<'_>)),
    ) {
        let Http {
            client,
            server,
            request,
            response,
            answered,
            ..
        } = self;
        let side = if to_server { client } else { server };
        let (request, answered) = (request.as_deref(), answered.as_deref());
        work(&mut side.body, &mut |section| {
            emit_section(
                to_server,
                request,
                answered,
                response.as_ref(),
                section,
                emit,
            );
        });
    }

    /// Gives out a section of the current message.
    fn emit(&self, to_server: bool, what: What<'_>, payload: &[u8], size: usize, emit: Emit<'_>) {
        let (request, answered) = (self.request.as_deref(), self.answered.as_deref());
        let unit = Unit::of(to_server, request, answered, self.response.as_ref(), what);
        if let Some(unit) = unit {
            emit(&pdu(to_server, payload, size, &unit));
        }
    }
}

#[cfg(test)]
mod tests;
