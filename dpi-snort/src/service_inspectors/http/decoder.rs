//! Content codings (RFC 9110 §8.4.1), undone as the bytes come.

use std::{
    fmt,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use brotli_decompressor::{
    Allocator, BrotliDecoderErrorCode, BrotliDecompressStream, BrotliResult, BrotliState,
    StandardAlloc,
};
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::config::Config;

use super::body::Coding;

/// One body's decoder.
#[derive(Debug)]
pub(super) enum Decoder {
    /// Zlib or bare deflate, to be told by the first byte.
    Undecided,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    Deflate(Box<DeflateDecoder<Vec<u8>>>),
    /// Its memory hangs on the window that the sender chose: it is made with the first bytes,
    /// which tell the limit.
    Brotli(Option<Box<Brotli>>),
}

/// How far the decoder came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// All bytes were used.
    All,
    /// There is more to come of the bytes that are left, or of those that were used.
    More,
    Damaged,
    /// The sender wants more memory than a decoder may have.
    OutOfMemory,
}

/// Window and tables of one inflater.
const INFLATER_MEMORY: usize = 48 << 10;
/// Bytes that the brotli decoder makes in one call.
const BROTLI_STEP: usize = 16 << 10;

impl Decoder {
    /// `None` where there is nothing to undo.
    pub(super) fn new(coding: Coding) -> Option<Decoder> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            Coding::Deflate => Some(Decoder::Undecided),
            Coding::Brotli => Some(Decoder::Brotli(None)),
        }
    }

    /// Decompresses bytes off the front of `data` and appends what came out.
    pub(super) fn write(
        &mut self,
        data: &mut &[u8],
        output: &mut Vec<u8>,
        config: &Config,
    ) -> Decoded {
        if matches!(self, Decoder::Undecided) {
            *self = match data.first() {
                None => return Decoded::All,
                // RFC 1950 §2.2: compression method 8, window of at most 32 KiB.
                Some(first) if first & 0x0F == 8 && first >> 4 <= 7 => {
                    Decoder::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
                }
                Some(_) => Decoder::Deflate(Box::new(DeflateDecoder::new(Vec::new()))),
            };
        }
        let (is_good, made) = match self {
            Decoder::Undecided => return Decoded::All,
            Decoder::Brotli(brotli) => {
                let brotli = brotli.get_or_insert_with(|| Box::new(Brotli::new(config)));
                return brotli.write(data, output);
            }
            Decoder::Gzip(decoder) => (inflate(decoder, data), decoder.get_mut()),
            Decoder::Zlib(decoder) => (inflate(decoder, data), decoder.get_mut()),
            Decoder::Deflate(decoder) => (inflate(decoder, data), decoder.get_mut()),
        };
        output.append(made);
        if is_good {
            *data = &[];
            Decoded::All
        } else {
            Decoded::Damaged
        }
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Decoder::Undecided => 0,
            Decoder::Brotli(brotli) => brotli.as_ref().map_or(0, |brotli| brotli.memory()),
            Decoder::Gzip(_) | Decoder::Zlib(_) | Decoder::Deflate(_) => INFLATER_MEMORY,
        }
    }
}

fn inflate(decoder: &mut impl Write, data: &[u8]) -> bool {
    decoder.write_all(data).is_ok() && decoder.flush().is_ok()
}

/// A brotli decoder that takes no more memory than it is allowed.
pub(super) struct Brotli {
    state: BrotliState<Allowance, Allowance, Allowance>,
    allowance: Allowance,
    limit: usize,
}

impl Brotli {
    fn new(config: &Config) -> Brotli {
        let limit = config.brotli_memory;
        let allowance = Allowance(Arc::new(AtomicUsize::new(limit)));
        // Strict: the windows of up to 1 GiB that are no part of RFC 7932 are refused.
        let state =
            BrotliState::new_strict(allowance.clone(), allowance.clone(), allowance.clone());
        Brotli {
            state,
            allowance,
            limit,
        }
    }

    fn write(&mut self, data: &mut &[u8], output: &mut Vec<u8>) -> Decoded {
        let start = output.len();
        output.resize(start.saturating_add(BROTLI_STEP), 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let (mut left_in, mut taken) = (data.len(), 0);
        let (mut left_out, mut made) = (room.len(), 0);
        let result = BrotliDecompressStream(
            &mut left_in,
            &mut taken,
            data,
            &mut left_out,
            &mut made,
            room,
            &mut 0,
            &mut self.state,
        );
        *data = data.get(taken..).unwrap_or_default();
        output.truncate(start.saturating_add(made));
        match result {
            BrotliResult::NeedsMoreInput => Decoded::All,
            BrotliResult::NeedsMoreOutput => Decoded::More,
            // What follows the end of the body is no part of it, and searched as it came.
            BrotliResult::ResultSuccess if data.is_empty() => Decoded::All,
            BrotliResult::ResultFailure if self.is_out_of_memory() => Decoded::OutOfMemory,
            BrotliResult::ResultSuccess | BrotliResult::ResultFailure => Decoded::Damaged,
        }
    }

    fn is_out_of_memory(&self) -> bool {
        use BrotliDecoderErrorCode as Code;
        matches!(
            self.state.error_code,
            Code::BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES
                | Code::BROTLI_DECODER_ERROR_ALLOC_TREE_GROUPS
                | Code::BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MAP
                | Code::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1
                | Code::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2
                | Code::BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
        )
    }

    fn memory(&self) -> usize {
        size_of::<Brotli>() + self.limit.saturating_sub(self.allowance.left())
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli")
            .field("memory", &self.memory())
            .finish_non_exhaustive()
    }
}

/// Bytes that a decoder may still take, shared by its three allocators.
#[derive(Clone)]
struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T: Clone + Default> Allocator<T> for Allowance {
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    /// An empty cell where there is no room: the decoder ends with an error of its own.
    fn alloc_cell(&mut self, len: usize) -> Self::AllocatedMemory {
        let size = len.saturating_mul(size_of::<T>());
        match self.left().checked_sub(size) {
            Some(left) => {
                self.0.store(left, Ordering::Relaxed);
                StandardAlloc::default().alloc_cell(len)
            }
            None => Self::AllocatedMemory::default(),
        }
    }

    fn free_cell(&mut self, data: Self::AllocatedMemory) {
        use brotli_decompressor::SliceWrapper;
        let size = size_of_val(data.slice());
        self.0
            .store(self.left().saturating_add(size), Ordering::Relaxed);
    }
}
