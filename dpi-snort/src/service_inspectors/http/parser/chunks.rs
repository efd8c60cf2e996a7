//! The framing of chunks (RFC 9112 §7.1).

use super::{Parser, Piece, State};
use crate::builtin::BuiltinEvent;

/// Bytes in front of a chunk that are kept in case that they are no size. Zeros and blanks
/// may stand there without end.
const MAX_KEPT_SIZE: usize = 256;

/// A half-read chunk size line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ChunkSize {
    size: u64,
    digits: bool,
    /// Behind the digits: blanks or an extension up to the line's end.
    tail: bool,
    extension: bool,
    /// A CR has come.
    cr: bool,
}

impl Parser {
    /// Reads a chunk size (RFC 9112 §7.1) as leniently as a browser: blanks and zeros
    /// in front, blanks and extensions behind, LF alone. What is no size ends the
    /// framing: the rest of the stream is body.
    pub(super) fn chunk_size<'a>(
        &mut self,
        input: &mut &'a [u8],
        mut size: ChunkSize,
    ) -> Option<Piece<'a>> {
        while let Some((byte, rest)) = input.split_first() {
            match (*byte, char::from(*byte).to_digit(16)) {
                (b'\n', _) if size.digits => {
                    *input = rest;
                    if !size.cr {
                        self.note(BuiltinEvent::HttpChunkLf);
                    }
                    self.buffer.clear();
                    self.state = if size.size == 0 {
                        State::Trailers
                    } else {
                        State::ChunkData(size.size)
                    };
                    return None;
                }
                (b'\n', _) => break,
                (b'\r', _) => {
                    size.tail |= size.digits;
                    size.cr = true;
                }
                _ if size.extension => {}
                (b';', _) if size.digits => {
                    size.extension = true;
                    self.note(BuiltinEvent::HttpChunkOptions);
                }
                (b' ' | b'\t', _) => {
                    size.tail |= size.digits;
                    self.note(BuiltinEvent::HttpChunkBlank);
                }
                (_, Some(digit)) if !size.tail => {
                    size.digits = true;
                    size.size = size.size << 4 | u64::from(digit);
                    if size.size > u64::from(u32::MAX) {
                        break;
                    }
                }
                _ => break,
            }
            if !size.extension && self.buffer.len() < MAX_KEPT_SIZE {
                self.buffer.push(*byte);
            }
            *input = rest;
        }
        if input.is_empty() {
            self.state = State::ChunkSize(size);
            return None;
        }
        self.note(BuiltinEvent::HttpChunkBad);
        self.state = State::UntilClose;
        let kept = std::mem::take(&mut self.buffer);
        (!kept.is_empty()).then_some(Piece::NoSize(kept))
    }

    /// The line end behind a chunk; anything else ends the framing.
    pub(super) fn chunk_end(&mut self, input: &mut &[u8]) {
        while let Some((byte, rest)) = input.split_first() {
            match byte {
                b'\r' => *input = rest,
                b'\n' => {
                    *input = rest;
                    self.state = State::ChunkSize(ChunkSize::default());
                    return;
                }
                _ => {
                    self.note(BuiltinEvent::HttpChunkEnd);
                    self.state = State::UntilClose;
                    return;
                }
            }
        }
    }
}
