//! One direction of a connection into messages: the packets of a `NetBIOS` session (RFC 1002
//! §4.3.1), which SMB without `NetBIOS` sends as well ([MS-SMB2] 2.1).

use crate::service_inspectors::held::{Held, split};

/// Bytes of the header: a type, and the length of what follows.
pub(super) const HEADER: usize = 4;

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Framing {
    held: Held,
    /// Bytes of a long message that are still to come.
    beyond: usize,
    /// Some of the message are lost.
    is_damaged: bool,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A message with its header; of a long one the beginning.
    Message(&'a [u8]),
    /// More of a long one.
    More(&'a [u8]),
    /// The same of one that lost bytes.
    Damaged(&'a [u8]),
}

impl Framing {
    /// Takes bytes off the front of `input`: a message, or a piece of a longer one of at most
    /// `limit` bytes. Where pieces end does not hang on how the stream is cut.
    pub(super) fn next<'r, 'i: 'r>(
        &'r mut self,
        input: &mut &'i [u8],
        limit: usize,
    ) -> Result<Option<Part<'r>>, &'static str> {
        self.held.begin();
        let is_beginning = self.beyond == 0;
        let wanted = if is_beginning {
            if !self.held.bytes().is_empty() || input.len() < HEADER {
                self.held.fill(input, HEADER);
            }
            let beginning = match self.held.bytes() {
                [] => *input,
                held => held,
            };
            match length_of(beginning)? {
                Some(length) => length,
                None => return Ok(None),
            }
        } else {
            self.beyond
        };
        let piece = wanted.min(limit.max(HEADER));
        let bytes = if self.held.bytes().is_empty() && input.len() >= piece {
            split(input, piece)
        } else if self.held.fill(input, piece) {
            self.held.give()
        } else {
            return Ok(None);
        };
        self.beyond = wanted.saturating_sub(piece);
        let is_damaged = self.is_damaged;
        self.is_damaged &= self.beyond > 0;
        Ok(Some(match (is_damaged, is_beginning) {
            (true, _) => Part::Damaged(bytes),
            (false, true) => Part::Message(bytes),
            (false, false) => Part::More(bytes),
        }))
    }

    /// `lost` bytes will not come; whether it is known where the next message begins. What is
    /// held of the damaged one is given back.
    pub(super) fn skip(&mut self, lost: u64) -> (bool, Vec<u8>) {
        let held = self.reset();
        let left = match self.beyond {
            0 => length_of(&held).ok().flatten().unwrap_or(0),
            beyond => beyond,
        };
        let left = left.saturating_sub(held.len());
        let after = usize::try_from(lost)
            .ok()
            .and_then(|lost| left.checked_sub(lost));
        self.beyond = after.unwrap_or(0);
        self.is_damaged = self.beyond > 0;
        (after.is_some(), held)
    }

    /// What is held of a message that does not become whole.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        self.held.reset()
    }

    pub(super) fn memory(&self) -> usize {
        self.held.memory()
    }
}

/// Bytes of a message with its header; `None` if there is no whole header. Beside messages
/// (type 0) a session has requests, their answers and keep-alives (RFC 1002 §4.3.1).
fn length_of(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    match *bytes {
        [0 | 0x81..=0x85, a, b, c, ..] => {
            let length = u32::from_be_bytes([0, a, b, c]);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            Ok(Some(length.saturating_add(HEADER)))
        }
        [_, _, _, _, ..] => Err("smb_session_type"),
        _ => Ok(None),
    }
}
