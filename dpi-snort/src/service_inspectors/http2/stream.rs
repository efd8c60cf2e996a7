//! One request and its response, and the table of those that are under way.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{
        Emit,
        http::{self, Body, Headers, Request, Response, Section, Unit, What},
    },
};

use super::head::Head;

/// A request and its response.
#[derive(Debug, Default)]
pub(super) struct Stream {
    request: Option<Arc<Request>>,
    response: Option<Response>,
    halves: Sides<Half>,
    /// When it was used last, by the table's count.
    used: u64,
    /// What the table has charged for it.
    charged: usize,
}

#[derive(Debug, Default)]
struct Half {
    body: Body,
    is_over: bool,
}

impl Stream {
    /// The stream of a request that was sent otherwise (RFC 7540 §3.2).
    pub(super) fn answering(request: Arc<Request>) -> Stream {
        let mut stream = Stream {
            request: Some(request),
            ..Stream::default()
        };
        stream.halves.client.is_over = true;
        stream
    }

    /// Whether neither end has more to say.
    pub(super) fn is_over(&self) -> bool {
        self.halves.client.is_over && self.halves.server.is_over
    }

    /// Takes a block of fields that came in one direction and gives it out.
    pub(super) fn head(
        &mut self,
        to_server: bool,
        head: &Head,
        is_promise: bool,
        config: &Config,
        emit: Emit<'_>,
    ) {
        self.end_body(to_server, config, emit);
        let of_request = to_server || is_promise;
        match (of_request, &head.method, &head.status) {
            (true, Some(method), _) => self.request(to_server, head, method, emit),
            (false, _, Some(status)) => self.response(head, status, emit),
            _ => self.trailers(to_server, &head.lines, emit),
        }
    }

    fn request(&mut self, to_server: bool, head: &Head, method: &[u8], emit: Emit<'_>) {
        let request = Request::of_stream(method, &head.target(), &head.lines);
        let size = request.line().len() + head.lines.len();
        emit(&http::pdu(
            to_server,
            &[],
            size,
            &Unit::of_request(&request, What::Head),
        ));
        if to_server {
            http::start_body(&mut self.halves.client.body, &request.headers, true);
        } else {
            self.halves.client.is_over = true;
        }
        self.request = Some(Arc::new(request));
    }

    fn response(&mut self, head: &Head, status: &[u8], emit: Emit<'_>) {
        if self.request.is_none() {
            // What it answers was not seen, or has been forgotten.
            self.halves.client.is_over = true;
        }
        let response = Response::of_stream(status, &head.lines);
        let size = response.line().len() + head.lines.len();
        let unit = Unit::of_response(self.request.as_deref(), &response, What::Head);
        emit(&http::pdu(false, &[], size, &unit));
        http::start_body(&mut self.halves.server.body, &response.headers, false);
        self.response = Some(response);
    }

    /// Fields behind the body, or without a beginning.
    fn trailers(&mut self, to_server: bool, lines: &[u8], emit: Emit<'_>) {
        let trailers = Headers::new(lines);
        let what = What::Trailers(&trailers);
        let (request, response) = (self.request.as_deref(), self.response.as_ref());
        match Unit::of(to_server, request, request, response, what) {
            Some(unit) => emit(&http::pdu(to_server, &[], lines.len(), &unit)),
            None => http::emit_plain(to_server, lines, emit),
        }
    }

    /// Takes body bytes.
    pub(super) fn data(
        &mut self,
        to_server: bool,
        data: &[u8],
        ends: bool,
        config: &Config,
        emit: Emit<'_>,
    ) {
        self.body(to_server, emit, |body, sink| {
            body.push(data, ends, config, sink);
        });
    }

    /// Bytes of the body are missing here.
    pub(super) fn gap(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        self.body(to_server, emit, |body, sink| body.gap(config, sink));
    }

    /// Nothing more comes in this direction.
    pub(super) fn end(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        self.end_body(to_server, config, emit);
        self.halves.side_mut(to_server).is_over = true;
    }

    /// Nothing more comes at all.
    pub(super) fn end_both(&mut self, config: &Config, emit: Emit<'_>) {
        self.end(true, config, emit);
        self.end(false, config, emit);
    }

    /// The label of a limit hit since the last call.
    pub(super) fn limit_hit(&mut self) -> Option<&'static str> {
        let client = self.halves.client.body.limit_hit();
        client.or_else(|| self.halves.server.body.limit_hit())
    }

    fn end_body(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        self.body(to_server, emit, |body, sink| body.finish(config, sink));
    }

    fn body(
        &mut self,
        to_server: bool,
        emit: Emit<'_>,
        work: impl FnOnce(&mut Body, &mut dyn FnMut(Section<'_>)),
    ) {
        let Stream {
            request,
            response,
            halves,
            ..
        } = self;
        let half = halves.side_mut(to_server);
        let request = request.as_deref();
        work(&mut half.body, &mut |section| {
            http::emit_section(
                to_server,
                request,
                request,
                response.as_ref(),
                section,
                emit,
            );
        });
    }

    fn memory(&self) -> usize {
        let request = self.request.as_ref().map_or(0, |request| request.memory());
        let response = self.response.as_ref().map_or(0, Response::memory);
        let bodies = self.halves.client.body.memory() + self.halves.server.body.memory();
        size_of::<Stream>() + request + response + bodies
    }
}

/// The streams under way.
#[derive(Debug, Default)]
pub(super) struct Streams {
    by_id: BTreeMap<u32, Stream>,
    uses: u64,
    /// Heap bytes of all streams.
    memory: usize,
}

impl Streams {
    pub(super) fn is_full(&self, config: &Config) -> bool {
        self.by_id.len() >= config.http2_max_streams
    }

    /// Whether the streams hold more than they may, and more than one is to blame.
    pub(super) fn is_too_large(&self, config: &Config) -> bool {
        self.memory > config.http2_memory && self.by_id.len() > 1
    }

    pub(super) fn has(&self, id: u32) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Takes a stream out, to work with it; it must be put back unless it is over.
    pub(super) fn take(&mut self, id: u32) -> Option<Stream> {
        let stream = self.by_id.remove(&id)?;
        self.memory = self.memory.saturating_sub(stream.charged);
        Some(stream)
    }

    /// Puts a stream in, as the one used last.
    pub(super) fn put(&mut self, id: u32, mut stream: Stream) {
        self.uses += 1;
        stream.used = self.uses;
        stream.charged = stream.memory();
        self.memory = self.memory.saturating_add(stream.charged);
        self.by_id.insert(id, stream);
    }

    /// Takes out the stream that was not used for the longest time.
    pub(super) fn take_idle(&mut self) -> Option<Stream> {
        let idle = self.by_id.iter().min_by_key(|(_, stream)| stream.used);
        let id = *idle?.0;
        self.take(id)
    }

    pub(super) fn ids(&self) -> Vec<u32> {
        self.by_id.keys().copied().collect()
    }

    pub(super) fn memory(&self) -> usize {
        self.memory
    }
}
