//! The HTTP/2 inspector, for connections in clear text: each stream's request and response
//! onto the same buffers as HTTP/1 (Snort: `http2_inspect`).
//!
//! `frame` and `block` take bytes apart, `hpack` unfolds header blocks, `head` makes a message's head
//! of their fields, `stream` holds what is under way. What a message means is `http`'s
//! business. Frames that carry no message (settings, pings, window updates) are skipped.

mod block;
mod error;
mod frame;
mod fuzz;
mod head;
mod hpack;
mod stream;

use std::sync::Arc;

use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{
        Emit, Feed, ServiceInspector, Verdict,
        http::{Request, emit_plain},
        labels::Labels,
    },
};

use frame::{Frames, Loss, Piece};
use head::Head;
use hpack::Decoder;
use stream::{Stream, Streams};

pub use fuzz::fuzz_http2;

/// Reader of one HTTP/2 connection.
#[derive(Debug)]
pub struct Http2 {
    sides: Sides<Side>,
    streams: Streams,
    /// The preface, when it comes, is searched as well: of a flow that began as HTTP/1 no
    /// packet is searched any more that holds it.
    shows_preface: bool,
    limits_hit: Labels,
}

/// One direction.
#[derive(Debug)]
struct Side {
    frames: Frames,
    hpack: Decoder,
    /// The stream whose body came last.
    last: u32,
}

/// Bytes of the preface that look like a request of HTTP/1.
const PREFACE_HEAD: usize = 18;

impl Default for Http2 {
    fn default() -> Self {
        Http2::at_preface(0)
    }
}

impl Http2 {
    /// For a connection whose client has sent `matched` bytes of the preface.
    fn at_preface(matched: usize) -> Http2 {
        Http2 {
            sides: Sides {
                client: Side::new(true, matched),
                server: Side::new(false, 0),
            },
            streams: Streams::default(),
            shows_preface: false,
            limits_hit: Labels::default(),
        }
    }

    /// For a connection that began as HTTP/1 and switched (RFC 7540 §3.2): the response to
    /// `request` comes on stream 1.
    pub(super) fn upgraded(request: Option<Arc<Request>>) -> Http2 {
        let http2 = Http2 {
            shows_preface: true,
            ..Http2::default()
        };
        http2.answering(request)
    }

    /// For a connection whose client sent `PRI * HTTP/2.0` and an empty line where a
    /// request of HTTP/1 was due.
    pub(super) fn after_preface_head(request: Option<Arc<Request>>) -> Http2 {
        Http2::at_preface(PREFACE_HEAD).answering(request)
    }

    fn answering(mut self, request: Option<Arc<Request>>) -> Http2 {
        if let Some(request) = request {
            self.streams.put(1, Stream::answering(request));
        }
        self
    }
}

impl ServiceInspector for Http2 {
    fn service(&self) -> &'static str {
        "http2"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server,
            data,
            config,
        } = *feed;
        let mut input = data;
        loop {
            let side = self.sides.side_mut(to_server);
            let was_at_preface = side.frames.is_at_preface();
            let step = side.frames.next(&mut input, config);
            if was_at_preface
                && !self.sides.side_mut(to_server).frames.is_at_preface()
                && self.shows_preface
            {
                emit_plain(to_server, frame::PREFACE, emit);
            }
            let step = match step {
                Ok(None) => return Verdict::Continue,
                Ok(Some(piece)) => self.piece(to_server, piece, config, emit),
                Err(error) => Err(error.reason()),
            };
            if let Err(reason) = step {
                self.end_all(config, emit);
                let mut rest = self.sides.side_mut(to_server).frames.reset();
                rest.extend_from_slice(input);
                emit_plain(to_server, &rest, emit);
                return Verdict::Abandon(reason);
            }
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, config: &Config, emit: Emit<'_>) -> Verdict {
        self.limits_hit.note("http2_gap");
        let side = self.sides.side_mut(to_server);
        match side.frames.lose(lost) {
            Loss::Harmless => {
                let last = side.last;
                self.with_stream(last, |stream| stream.gap(to_server, config, emit));
                Verdict::Continue
            }
            Loss::Block => {
                side.hpack.lose_block();
                Verdict::Continue
            }
            Loss::Framing => {
                self.end_all(config, emit);
                let half_read = self.sides.side_mut(to_server).frames.reset();
                emit_plain(to_server, &half_read, emit);
                Verdict::Abandon("http2_gap_in_framing")
            }
        }
    }

    fn finish(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        for id in self.streams.ids() {
            self.with_stream(id, |stream| stream.end(to_server, config, emit));
        }
        let half_read = self.sides.side_mut(to_server).frames.reset();
        emit_plain(to_server, &half_read, emit);
    }

    fn memory(&self) -> usize {
        size_of::<Http2>()
            + self.sides.client.memory()
            + self.sides.server.memory()
            + self.streams.memory()
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        self.limits_hit.drain(count);
    }
}

impl Side {
    fn new(to_server: bool, matched: usize) -> Side {
        Side {
            frames: Frames::new(to_server, matched),
            hpack: Decoder::new(),
            last: 0,
        }
    }

    fn memory(&self) -> usize {
        self.frames.memory() + self.hpack.memory()
    }
}

impl Http2 {
    /// Judges a piece; an error ends the inspection of the connection.
    fn piece(
        &mut self,
        to_server: bool,
        piece: Piece<'_>,
        config: &Config,
        emit: Emit<'_>,
    ) -> Result<(), &'static str> {
        match piece {
            Piece::Block {
                stream: id,
                is_promise,
                ends,
                block,
            } => {
                let fields = self.sides.side_mut(to_server).hpack.decode(&block, config);
                let fields = fields.map_err(|_| "http2_hpack")?;
                if let Some(label) = fields.limit_hit {
                    self.limits_hit.note(label);
                }
                self.make_room(id, config, emit);
                let mut stream = self.streams.take(id).unwrap_or_default();
                stream.head(to_server, &Head::new(fields), is_promise, config, emit);
                if ends {
                    stream.end(to_server, config, emit);
                }
                self.put_back(id, stream);
            }
            Piece::Data {
                stream: id,
                data,
                ends,
            } => {
                self.sides.side_mut(to_server).last = id;
                if self.streams.has(id) {
                    self.with_stream(id, |stream| {
                        stream.data(to_server, data, ends, config, emit);
                        if ends {
                            stream.end(to_server, config, emit);
                        }
                    });
                } else {
                    self.limits_hit.note("http2_unknown_stream");
                    emit_plain(to_server, data, emit);
                }
            }
            Piece::Reset { stream: id } => {
                self.with_stream(id, |stream| stream.end_both(config, emit));
            }
        }
        self.shrink(config, emit);
        Ok(())
    }

    /// Lets a stream work, if it is known.
    fn with_stream(&mut self, id: u32, work: impl FnOnce(&mut Stream)) {
        if let Some(mut stream) = self.streams.take(id) {
            work(&mut stream);
            self.put_back(id, stream);
        }
    }

    fn put_back(&mut self, id: u32, mut stream: Stream) {
        if let Some(label) = stream.limit_hit() {
            self.limits_hit.note(label);
        }
        if !stream.is_over() {
            self.streams.put(id, stream);
        }
    }

    /// Makes room for one more stream.
    fn make_room(&mut self, id: u32, config: &Config, emit: Emit<'_>) {
        if self.streams.is_full(config) && !self.streams.has(id) {
            self.limits_hit.note("http2_max_streams");
            self.evict(config, emit);
        }
    }

    /// Gives memory back until there is no more than allowed.
    fn shrink(&mut self, config: &Config, emit: Emit<'_>) {
        while self.streams.is_too_large(config) {
            self.limits_hit.note("http2_memory");
            self.evict(config, emit);
        }
    }

    /// Forgets the stream that has been idle for longest; what it holds is judged first.
    fn evict(&mut self, config: &Config, emit: Emit<'_>) {
        if let Some(mut stream) = self.streams.take_idle() {
            stream.end_both(config, emit);
        }
    }

    /// Judges what all streams hold.
    fn end_all(&mut self, config: &Config, emit: Emit<'_>) {
        while let Some(mut stream) = self.streams.take_idle() {
            stream.end_both(config, emit);
        }
    }
}

#[cfg(test)]
mod tests;
