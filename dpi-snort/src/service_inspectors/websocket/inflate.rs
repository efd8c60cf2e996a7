//! `permessage-deflate` (RFC 7692): messages that were deflated, with a window that may
//! reach over messages.

use flate2::{Decompress, FlushDecompress, Status};

use crate::config::Config;

/// Inflater of one direction.
#[derive(Debug)]
pub(super) struct Inflater {
    decoder: Box<Decompress>,
    /// The window is kept from one message to the next.
    keeps_window: bool,
    /// What comes cannot be inflated and is taken as it is.
    has_given_up: bool,
    /// Bytes of this message, as sent and inflated.
    compressed: usize,
    inflated: usize,
}

/// RFC 7692 §7.2.2: what was cut off each message's end.
const TAIL: &[u8] = &[0, 0, 0xFF, 0xFF];
/// Inflated bytes given out at once.
const STEP: usize = 16 << 10;
/// Inflated bytes of a message from which on the ratio counts.
const RATIO_FROM: usize = 1 << 20;
/// Window and tables of one inflater.
pub(super) const MEMORY: usize = 48 << 10;

/// Whether the ends agreed on compression.
pub(super) fn is_agreed(extensions: &[u8]) -> bool {
    extensions
        .split(|byte| *byte == b',')
        .any(|extension| words(extension).next() == Some(b"permessage-deflate"))
}

/// Whether the extension has a parameter.
pub(super) fn has_parameter(extensions: &[u8], name: &[u8]) -> bool {
    extensions
        .split(|byte| *byte == b',')
        .any(|extension| words(extension).skip(1).any(|word| word == name))
}

fn words(extension: &[u8]) -> impl Iterator<Item = &[u8]> {
    extension
        .split(|byte| *byte == b';')
        .map(<[u8]>::trim_ascii)
}

impl Inflater {
    pub(super) fn new(keeps_window: bool) -> Inflater {
        Inflater {
            decoder: Box::new(Decompress::new(false)),
            keeps_window,
            has_given_up: false,
            compressed: 0,
            inflated: 0,
        }
    }

    /// Bytes were lost: what comes is taken as it is, until a message whose window does not
    /// reach back begins.
    pub(super) fn give_up(&mut self) {
        self.has_given_up = true;
    }

    /// Inflates bytes of a message; `ends` if they are its last. Returns the label of a
    /// limit that they hit.
    pub(super) fn push(
        &mut self,
        data: &[u8],
        ends: bool,
        config: &Config,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Option<&'static str> {
        let mut limit_hit = self.inflate(data, config, sink);
        if ends {
            limit_hit = limit_hit.or_else(|| self.inflate_tail(config, sink));
            self.compressed = 0;
            self.inflated = 0;
            if !self.keeps_window {
                self.decoder.reset(false);
                self.has_given_up = false;
            }
        }
        limit_hit
    }

    fn inflate_tail(
        &mut self,
        config: &Config,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Option<&'static str> {
        if self.has_given_up {
            return None;
        }
        self.inflate(TAIL, config, sink)
    }

    fn inflate(
        &mut self,
        data: &[u8],
        config: &Config,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Option<&'static str> {
        self.compressed = self.compressed.saturating_add(data.len());
        let mut input = data;
        let mut output = Vec::with_capacity(STEP);
        while !self.has_given_up {
            let (before, made) = (self.decoder.total_in(), self.decoder.total_out());
            let status = self
                .decoder
                .decompress_vec(input, &mut output, FlushDecompress::Sync);
            let taken = usize::try_from(self.decoder.total_in() - before).unwrap_or(usize::MAX);
            input = input.get(taken..).unwrap_or_default();
            sink(&output);
            self.inflated = self.inflated.saturating_add(output.len());
            let is_full = output.len() == output.capacity();
            output.clear();
            let ratio = self.compressed.saturating_mul(config.decompress_ratio);
            if self.inflated > config.decompress_output.min(ratio.max(RATIO_FROM)) {
                self.has_given_up = true;
                sink(input);
                return Some("websocket_inflate");
            }
            match status {
                // RFC 7692 §7.2.3.5: a block may be the last; another may follow.
                Ok(Status::StreamEnd) if !input.is_empty() => self.decoder.reset(false),
                Ok(_) if is_full || !input.is_empty() => {
                    let is_stuck = taken == 0 && self.decoder.total_out() == made;
                    if is_stuck {
                        self.has_given_up = true;
                    }
                }
                Ok(_) => return None,
                Err(_) => self.has_given_up = true,
            }
            if self.has_given_up {
                sink(input);
                return Some("websocket_bad_deflate");
            }
        }
        sink(input);
        None
    }
}
