//! The HTTP/1 inspector: reads both directions of a connection, pairs responses with
//! requests, and gives each message out in sections as Snort does: start line and
//! headers, each part of the body, trailers.
//!
//! `parser` frames bytes into pieces, `start_line`, `uri`, `header`, `params`, `body`
//! and `multipart` give them their normal form, `message` holds a head, `buffers` names
//! the results. HTTP/2 and what follows CONNECT or an upgrade are plain streams.

mod body;
mod buffers;
mod fuzz;
mod header;
mod message;
mod multipart;
mod params;
mod parser;
mod resync;
mod start_line;
mod uri;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    buffers::NoBuffers,
    config::Config,
    service_inspectors::{Feed, Pdu, ServiceInspector, Verdict},
};

use body::{Body, Section};
use buffers::{Unit, What};
use header::Headers;
use message::{LengthsDiffer, Request, Response};
use parser::{Framing, Kind, Parser, Piece};
use resync::{Found, Resync};

pub use fuzz::fuzz_http;

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
    limits_hit: Vec<&'static str>,
}

/// One direction.
#[derive(Debug)]
struct Side {
    parser: Parser,
    body: Body,
    /// A message has been read.
    started: bool,
    /// Where messages begin, when that is not known: after a gap, or from mid-stream.
    resync: Resync,
}

type Emit<'e> = &'e mut dyn FnMut(&Pdu<'_>);

/// Different labels kept between two calls of `limits_hit`.
const MAX_LABELS: usize = 8;

impl Default for Http {
    fn default() -> Self {
        Http {
            client: Side::new(Kind::Request),
            server: Side::new(Kind::Response),
            request: None,
            unanswered: VecDeque::new(),
            response: None,
            answered: None,
            limits_hit: Vec::new(),
        }
    }
}

impl Side {
    fn new(kind: Kind) -> Side {
        Side {
            parser: Parser::new(kind),
            body: Body::default(),
            started: false,
            resync: Resync::default(),
        }
    }
}

impl ServiceInspector for Http {
    fn service(&self) -> &'static str {
        "http"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server,
            data,
            config,
        } = *feed;
        let plain = self.side(!to_server).resync.turn();
        emit_plain(!to_server, &plain, emit);
        let resync = &mut self.side(to_server).resync;
        let start;
        let mut input = data;
        if resync.is_lost() {
            match resync.push(to_server, data, config.http_body_section) {
                Found::Nothing => return Verdict::Continue,
                Found::Plain(plain) => {
                    emit_plain(to_server, &plain, emit);
                    return Verdict::Continue;
                }
                Found::Start(bytes) => start = bytes,
            }
            input = &start;
        }
        loop {
            let step = match self.side(to_server).parser.next(&mut input, config) {
                Ok(None) => return Verdict::Continue,
                Ok(Some(piece)) => self.piece(to_server, piece, config, emit),
                Err(error) => Err(error.reason()),
            };
            let Err(reason) = step else { continue };
            let mut rest = self.side(to_server).parser.reset();
            rest.extend_from_slice(input);
            emit_plain(to_server, &rest, emit);
            let other_speaks_http = self.side(!to_server).started;
            let side = self.side(to_server);
            if other_speaks_http && !side.started {
                // Picked up in the middle of this direction's message.
                side.resync.lose(false);
                return Verdict::Continue;
            }
            return Verdict::Abandon(reason);
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, emit: Emit<'_>) -> Verdict {
        let side = self.side(to_server);
        if !side.resync.is_lost() && side.parser.skip(lost) {
            return Verdict::Continue;
        }
        self.end_body(to_server, &Config::default(), emit);
        let side = self.side(to_server);
        let plain = side.resync.take();
        side.resync.lose(true);
        let half_read = side.parser.reset();
        emit_plain(to_server, &plain, emit);
        emit_plain(to_server, &half_read, emit);
        self.count("http_gap");
        Verdict::Continue
    }

    fn finish(&mut self, to_server: bool, emit: Emit<'_>) {
        let config = Config::default();
        self.end_body(to_server, &config, emit);
        let side = self.side(to_server);
        if let Some(head) = side.parser.unfinished_head() {
            // The head is judged as far as it came, whatever it says of a body.
            let _ = self.head(to_server, &head, &config, emit);
        }
        let side = self.side(to_server);
        let plain = side.resync.take();
        let half_read = side.parser.reset();
        emit_plain(to_server, &plain, emit);
        emit_plain(to_server, &half_read, emit);
    }

    fn memory(&self) -> usize {
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
            + requests
            + current
            + response
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        for side in [&mut self.client, &mut self.server] {
            if let Some(label) = side.body.limit_hit() {
                count(label);
            }
        }
        for label in self.limits_hit.drain(..) {
            count(label);
        }
    }
}

impl Side {
    fn memory(&self) -> usize {
        self.parser.memory() + self.body.memory() + self.resync.memory()
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

    fn count(&mut self, label: &'static str) {
        if self.limits_hit.len() < MAX_LABELS {
            self.limits_hit.push(label);
        }
    }

    /// Judges a piece; an error ends the inspection of the connection.
    fn piece(
        &mut self,
        to_server: bool,
        piece: Piece<'_>,
        config: &Config,
        emit: Emit<'_>,
    ) -> Result<(), &'static str> {
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
    ) -> Result<Framing, &'static str> {
        let (framing, coding, charset, multipart);
        if to_server {
            let request = Request::new(head);
            framing = request.framing();
            coding = message::coding(&request.headers);
            charset = message::charset(&request.headers);
            multipart = message::multipart(&request.headers);
            self.queue(Arc::new(request), config);
        } else {
            let response = Response::new(head);
            self.answered = if response.is_interim() {
                self.unanswered.front().cloned()
            } else {
                self.unanswered.pop_front()
            };
            framing = response.framing(self.answered.as_deref());
            coding = message::coding(&response.headers);
            charset = message::charset(&response.headers);
            multipart = None;
            self.response = Some(response);
        }
        self.emit(to_server, What::Head, &[], head.len(), emit);
        self.side(to_server).body.start(coding, charset, multipart);
        if let Some(reason) = self.leaves_http(to_server) {
            return Err(reason);
        }
        framing.map_err(|LengthsDiffer| "http_content_lengths_differ")
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
            self.count("http_max_pipeline");
        }
    }

    /// Why the connection speaks something else after this response, if it does.
    fn leaves_http(&self, to_server: bool) -> Option<&'static str> {
        let response = self.response.as_ref().filter(|_| !to_server)?;
        if response.code() == b"101" {
            return Some("http_upgrade");
        }
        let connect = self
            .answered
            .as_ref()
            .is_some_and(|request| request.method() == b"CONNECT");
        (connect && response.code().first() == Some(&b'2')).then_some("http_connect")
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
        work(&mut side.body, &mut |section| {
            let what = What::Body(section);
            let unit = match (to_server, request.as_deref(), response.as_ref()) {
                (true, Some(request), _) => Unit::of_request(request, what),
                (false, _, Some(response)) => {
                    Unit::of_response(answered.as_deref(), response, what)
                }
                _ => return,
            };
            // Another part of a form comes without the body, which was searched.
            let payload = if section.repeated { &[] } else { section.body };
            emit(&pdu(to_server, payload, section.body.len(), &unit));
        });
    }

    /// Gives out a section of the current message.
    fn emit(&self, to_server: bool, what: What<'_>, payload: &[u8], size: usize, emit: Emit<'_>) {
        let unit = match (to_server, self.request.as_deref(), self.response.as_ref()) {
            (true, Some(request), _) => Unit::of_request(request, what),
            (false, _, Some(response)) => {
                Unit::of_response(self.answered.as_deref(), response, what)
            }
            _ => return,
        };
        emit(&pdu(to_server, payload, size, &unit));
    }
}

fn pdu<'a>(to_server: bool, payload: &'a [u8], size: usize, unit: &'a Unit<'a>) -> Pdu<'a> {
    Pdu {
        to_server,
        payload,
        size: u32::try_from(size).unwrap_or(u32::MAX),
        buffers: unit,
    }
}

/// Gives out bytes that are of no message, so that they are searched at least.
fn emit_plain(to_server: bool, data: &[u8], emit: Emit<'_>) {
    if !data.is_empty() {
        emit(&Pdu {
            to_server,
            payload: data,
            size: u32::try_from(data.len()).unwrap_or(u32::MAX),
            buffers: &NoBuffers,
        });
    }
}

#[cfg(test)]
mod tests;
