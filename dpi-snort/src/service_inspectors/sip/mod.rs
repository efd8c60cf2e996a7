//! The SIP inspector (RFC 3261): messages of datagrams, and of streams by their
//! Content-Length, with the buffers `sip_header` and `sip_body` and the method or status code
//! that `sip_method` and `sip_stat_code` ask for.
//!
//! `message` takes one message apart; calls, media and transactions are not followed.

mod fuzz;
mod message;

pub use fuzz::fuzz_sip;
pub use message::{SipMessage, SipStart};

use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{Emit, Feed, Pdu, ServiceInspector, Verdict, http::emit_plain},
};

/// Reader of one TCP connection.
#[derive(Debug, Default)]
pub struct Sip {
    sides: Sides<Side>,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    /// The message under way.
    held: Vec<u8>,
    /// Bytes of it with its body, once the header has told.
    length: Option<u64>,
    /// Bytes of a body that was longer than what is held: they are plain.
    beyond: u64,
}

impl Side {
    /// Takes bytes off the front of `input` to the end of the message, which it gives, or of the
    /// input.
    fn take(&mut self, input: &mut &[u8], limit: usize) -> Result<Option<Vec<u8>>, &'static str> {
        if self.held.is_empty() {
            // Keep-alives (RFC 5626 §4.4.1), and what stands between messages (§7.5).
            while let Some((b'\r' | b'\n', rest)) = input.split_first() {
                *input = rest;
            }
        }
        if self.length.is_none() {
            self.read_header(input, limit)?;
        }
        let Some(length) = self.length else {
            return Ok(None);
        };
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(limit);
        let missing = wanted.saturating_sub(self.held.len()).min(input.len());
        let (more, rest) = input.split_at(missing);
        self.held.extend_from_slice(more);
        *input = rest;
        if self.held.len() < wanted {
            return Ok(None);
        }
        let held = u64::try_from(self.held.len()).unwrap_or(u64::MAX);
        self.beyond = length.saturating_sub(held);
        self.length = None;
        Ok(Some(std::mem::take(&mut self.held)))
    }

    /// Takes bytes up to the empty line.
    fn read_header(&mut self, input: &mut &[u8], limit: usize) -> Result<(), &'static str> {
        while let Some((byte, rest)) = input.split_first() {
            self.held.push(*byte);
            *input = rest;
            if *byte == b'\n' && message::ends_header(&self.held) {
                let header = u64::try_from(self.held.len()).unwrap_or(u64::MAX);
                let message = SipMessage::of(&self.held).ok_or("sip_start_line")?;
                let body = message.content_length().unwrap_or(0);
                self.length = Some(header.saturating_add(body));
                return Ok(());
            }
            if self.held.len() >= limit {
                return Err("sip_header_length");
            }
        }
        Ok(())
    }

    /// The bytes of a long body that are not held.
    fn pass<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let passed = usize::try_from(self.beyond).unwrap_or(usize::MAX);
        let (body, rest) = input.split_at(passed.min(input.len()));
        self.beyond = self
            .beyond
            .saturating_sub(u64::try_from(body.len()).unwrap_or(u64::MAX));
        *input = rest;
        body
    }

    /// Ends the message under way as it is.
    fn flush(&mut self, to_server: bool, emit: Emit<'_>) {
        let held = std::mem::take(&mut self.held);
        self.length = None;
        if !held.is_empty() {
            emit_message(to_server, &held, emit);
        }
    }
}

impl ServiceInspector for Sip {
    fn service(&self) -> &'static str {
        "sip"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server, config, ..
        } = *feed;
        let side = self.sides.side_mut(to_server);
        let mut input = feed.data;
        while !input.is_empty() {
            let body = side.pass(&mut input);
            emit_plain(to_server, body, emit);
            match side.take(&mut input, config.flush_size) {
                Ok(None) => {}
                Ok(Some(message)) => emit_message(to_server, &message, emit),
                Err(reason) => {
                    self.end(to_server, input, emit);
                    return Verdict::Abandon(reason);
                }
            }
        }
        Verdict::Continue
    }

    fn gap(&mut self, to_server: bool, lost: u64, _config: &Config, emit: Emit<'_>) -> Verdict {
        let side = self.sides.side_mut(to_server);
        let held = u64::try_from(side.held.len()).unwrap_or(u64::MAX);
        let left = match side.length {
            Some(length) => length.saturating_sub(held),
            None => side.beyond,
        };
        let is_known = side.held.is_empty() == side.length.is_none();
        side.flush(to_server, emit);
        if is_known && lost <= left {
            side.beyond = left.saturating_sub(lost);
            return Verdict::Continue;
        }
        self.end(to_server, &[], emit);
        Verdict::Abandon("sip_gap_in_framing")
    }

    fn finish(&mut self, to_server: bool, _config: &Config, emit: Emit<'_>) {
        self.sides.side_mut(to_server).flush(to_server, emit);
    }

    fn memory(&self) -> usize {
        let held = self.sides.client.held.capacity() + self.sides.server.held.capacity();
        size_of::<Sip>() + held
    }
}

impl Sip {
    /// Judges what is held, and what is of no message as a plain stream.
    fn end(&mut self, to_server: bool, rest: &[u8], emit: Emit<'_>) {
        for way in [true, false] {
            self.sides.side_mut(way).flush(way, emit);
        }
        emit_plain(to_server, rest, emit);
    }
}

fn emit_message(to_server: bool, bytes: &[u8], emit: Emit<'_>) {
    match SipMessage::of(bytes) {
        Some(message) => emit(&Pdu {
            to_server,
            payload: bytes,
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            buffers: &message,
        }),
        None => emit_plain(to_server, bytes, emit),
    }
}

#[cfg(test)]
mod tests;
