//! The WebSocket inspector (RFC 6455): messages unmasked, and inflated where the ends agreed
//! on it (RFC 7692), as plain bytes and as `file_data`. It begins where HTTP/1 ends, behind
//! the response that switches protocols, and keeps that service's name.
//!
//! `frame` takes bytes apart, `inflate` undoes compression.

mod frame;
mod fuzz;
mod inflate;

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, BufferSource},
    config::Config,
    flow::Sides,
    service_inspectors::{
        Emit, Feed, Pdu, ServiceInspector, Verdict, http::emit_plain, labels::Labels,
    },
};

use frame::{Frames, Piece};
use inflate::Inflater;

pub use fuzz::fuzz_websocket;

/// Reader of one WebSocket connection.
#[derive(Debug)]
pub struct WebSocket {
    sides: Sides<Side>,
    limits_hit: Labels,
}

/// One direction.
#[derive(Debug)]
struct Side {
    frames: Frames,
    /// Of a connection with compression.
    inflater: Option<Inflater>,
    /// The message under way is compressed.
    is_compressed: bool,
    /// Bytes of the message that have not been judged.
    pending: Vec<u8>,
    /// Bytes of a control frame.
    control: Vec<u8>,
}

impl WebSocket {
    /// `extensions`: what the server answered in Sec-WebSocket-Extensions.
    pub(super) fn new(extensions: &[u8]) -> WebSocket {
        let inflater = |name: &[u8]| {
            inflate::is_agreed(extensions)
                .then(|| Inflater::new(!inflate::has_parameter(extensions, name)))
        };
        WebSocket {
            sides: Sides {
                client: Side::new(inflater(b"client_no_context_takeover")),
                server: Side::new(inflater(b"server_no_context_takeover")),
            },
            limits_hit: Labels::default(),
        }
    }

    /// Judges what is held of both directions and gives out what is half read of one.
    fn end(&mut self, to_server: bool, rest: &[u8], emit: Emit<'_>) {
        for side in [true, false] {
            self.sides.side_mut(side).flush(side, emit);
        }
        let mut half_read = self.sides.side_mut(to_server).frames.reset();
        half_read.extend_from_slice(rest);
        emit_plain(to_server, &half_read, emit);
    }
}

impl ServiceInspector for WebSocket {
    fn service(&self) -> &'static str {
        "http"
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
            let limit_hit = match side.frames.next(&mut input) {
                Ok(None) => return Verdict::Continue,
                Ok(Some(piece)) => side.piece(to_server, piece, config, emit),
                Err(error) => {
                    self.end(to_server, input, emit);
                    return Verdict::Abandon(error.reason());
                }
            };
            if let Some(label) = limit_hit {
                self.limits_hit.note(label);
            }
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, _config: &Config, emit: Emit<'_>) -> Verdict {
        self.limits_hit.note("websocket_gap");
        let side = self.sides.side_mut(to_server);
        side.flush(to_server, emit);
        if side.frames.skip(lost) {
            // The window of the bytes to come is not known.
            if let Some(inflater) = &mut side.inflater {
                inflater.give_up();
            }
            return Verdict::Continue;
        }
        self.end(to_server, &[], emit);
        Verdict::Abandon("websocket_gap_in_framing")
    }

    fn finish(&mut self, to_server: bool, _config: &Config, emit: Emit<'_>) {
        let side = self.sides.side_mut(to_server);
        side.flush(to_server, emit);
        let half_read = side.frames.reset();
        emit_plain(to_server, &half_read, emit);
    }

    fn memory(&self) -> usize {
        size_of::<WebSocket>() + self.sides.client.memory() + self.sides.server.memory()
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        self.limits_hit.drain(count);
    }
}

impl Side {
    fn new(inflater: Option<Inflater>) -> Side {
        Side {
            frames: Frames::default(),
            inflater,
            is_compressed: false,
            pending: Vec::new(),
            control: Vec::new(),
        }
    }

    /// Takes a piece; returns the label of a limit that it hit.
    fn piece(
        &mut self,
        to_server: bool,
        piece: Piece,
        config: &Config,
        emit: Emit<'_>,
    ) -> Option<&'static str> {
        let Piece {
            data,
            is_control,
            begins,
            ends,
        } = piece;
        if is_control {
            self.control.extend_from_slice(&data);
            if ends {
                emit_message(to_server, &std::mem::take(&mut self.control), emit);
            }
            return None;
        }
        if let Some(is_compressed) = begins {
            self.flush(to_server, emit);
            self.is_compressed = is_compressed;
        }
        let mut limit_hit = None;
        match self.inflater.as_mut().filter(|_| self.is_compressed) {
            None => self.pending.extend_from_slice(&data),
            Some(inflater) => {
                let pending = &mut self.pending;
                let size = config.http_body_section.max(1);
                let mut sink = |bytes: &[u8]| {
                    pending.extend_from_slice(bytes);
                    if pending.len() >= size {
                        emit_message(to_server, &std::mem::take(pending), emit);
                    }
                };
                limit_hit = inflater.push(&data, ends, config, &mut sink);
            }
        }
        if ends || self.pending.len() >= config.http_body_section {
            self.flush(to_server, emit);
        }
        limit_hit
    }

    fn flush(&mut self, to_server: bool, emit: Emit<'_>) {
        if !self.pending.is_empty() {
            emit_message(to_server, &std::mem::take(&mut self.pending), emit);
        }
    }

    fn memory(&self) -> usize {
        self.pending.capacity()
            + self.control.capacity()
            + self.inflater.as_ref().map_or(0, |_| inflate::MEMORY)
    }
}

/// Gives out a message, or a section of one.
fn emit_message(to_server: bool, message: &[u8], emit: Emit<'_>) {
    if !message.is_empty() {
        emit(&Pdu {
            to_server,
            payload: message,
            size: u32::try_from(message.len()).unwrap_or(u32::MAX),
            buffers: &FileData(message),
        });
    }
}

/// The one buffer of a message.
struct FileData<'a>(&'a [u8]);

impl BufferSource for FileData<'_> {
    fn buffer(&self, selector: &BufferSelector) -> Option<&[u8]> {
        let is_whole = selector.part == BufferPart::Whole;
        (selector.id == BufferId::FileData && is_whole).then_some(self.0)
    }

    fn fresh<'a>(&'a self, scan: &mut dyn FnMut(BufferId, &'a [u8])) {
        scan(BufferId::FileData, self.0);
    }
}

#[cfg(test)]
mod tests;
