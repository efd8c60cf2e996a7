//! What looks at every position and lets few of them through.
//!
//! A filter may let through what no literal begins with, but never holds back an occurrence.
//! Each file has the tables of one filter and its portable form, in safe code; the vector
//! forms are in `kernel/` and must give the same bits (bits may differ only for windows that
//! reach behind the end, where every form reads zeros).

mod bitmap;
mod bloom;
mod pairs;
mod teddy;

#[cfg(target_arch = "x86_64")]
pub(super) use bitmap::BATCH;
pub(super) use bitmap::{Batch, Bitmap, MULTIPLIER};
pub(super) use bloom::Bloom;
#[cfg(target_arch = "x86_64")]
pub(super) use bloom::MAPS;
pub(super) use pairs::Pairs;
pub(super) use teddy::{Nibbles, Teddy};

use super::kernel::{self, Form};
use crate::FilterKind;

/// Positions that are looked at in one go: the masks and queues of them stay in the
/// first-level cache.
pub(super) const CHUNK: usize = 4096;

/// One bit for each position looked at: bit k of word w is position 64 w + k of the grid.
pub(super) type Masks = [u64; CHUNK / 64];

/// Offsets of the positions that a filter let through. Writing groups of up to 64 may go
/// beyond those in use.
pub(super) type Offsets = [u16; CHUNK + 64];

/// A filter with its tables.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Pairs(Pairs),
    Bitmap(Bitmap),
    Teddy(Teddy),
    Bloom(Bloom),
}

/// Where to look: every `stride`-th offset from `begin` to before `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) begin: usize,
    /// At most `CHUNK` behind `begin`; not behind the haystack's end.
    pub(super) end: usize,
}

/// A part of the set, by what the filter's tables need to know of each literal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The window's bytes, of at least one and at most the filter's width.
    pub(super) bytes: &'a [u8],
    pub(super) nocase: bool,
}

impl Filter {
    pub(super) fn kind(&self) -> FilterKind {
        match self {
            Filter::Pairs(_) => FilterKind::Pairs,
            Filter::Bitmap(_) => FilterKind::Bitmap,
            Filter::Teddy(_) => FilterKind::Teddy,
            Filter::Bloom(bloom) => FilterKind::Bloom(bloom.table_len()),
        }
    }

    /// Sets the bits of the positions in `span` that may be windows of a literal; returns
    /// how many words of `masks` are in use.
    pub(super) fn fill(
        &self,
        form: Form,
        haystack: &[u8],
        span: Span,
        masks: &mut Masks,
        batch: &mut Batch,
    ) -> usize {
        match self {
            Filter::Pairs(pairs) => pairs.fill(haystack, span, masks),
            Filter::Bitmap(bitmap) => kernel::bitmap(bitmap, form, haystack, span, masks, batch),
            Filter::Teddy(teddy) => kernel::teddy(teddy, form, haystack, span, masks),
            Filter::Bloom(bloom) => kernel::bloom(bloom, form, haystack, span, masks),
        }
    }

    /// As [`Filter::fill`] for at most 64 positions, whose bits it returns.
    #[inline]
    pub(super) fn first(
        &self,
        form: Form,
        haystack: &[u8],
        span: Span,
        masks: &mut Masks,
        batch: &mut Batch,
    ) -> u64 {
        if let Filter::Bloom(bloom) = self
            && let Some(mask) = kernel::bloom_first(bloom, form, haystack, span)
        {
            return mask;
        }
        match self.fill(form, haystack, span, masks, batch) {
            0 => 0,
            _ => masks.first().copied().unwrap_or(0),
        }
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Filter::Pairs(pairs) => pairs.memory(),
            Filter::Bitmap(bitmap) => bitmap.memory(),
            Filter::Teddy(_) => size_of::<Teddy>(),
            Filter::Bloom(bloom) => bloom.memory(),
        }
    }
}

/// The offsets of the bits of the first `words` masks; returns how many.
///
/// Four are written whether or not there are so many: a branch on each bit would be
/// mispredicted more often than not.
#[expect(
    clippy::inline_always,
    reason = "compiled anew for each set of instructions"
)]
#[inline(always)]
pub(super) fn offsets_of(masks: &Masks, words: usize, stride: usize, at: &mut Offsets) -> usize {
    let mut count = 0;
    for (word, mask) in masks.iter().enumerate().take(words) {
        if *mask != 0 {
            count = append(word, *mask, stride, count, at);
        }
    }
    count
}

/// Appends the offsets of one mask's bits to `count` others; returns how many there are then.
#[expect(clippy::inline_always, reason = "as `offsets_of`")]
#[inline(always)]
fn append(word: usize, mut mask: u64, stride: usize, count: usize, at: &mut Offsets) -> usize {
    let bits = mask.count_ones() as usize;
    // There is room: the masks have at most `CHUNK` bits.
    let Some(slots) = at.get_mut(count..).and_then(<[u16]>::first_chunk_mut::<64>) else {
        return count;
    };
    let (first, others) = slots.split_at_mut(4);
    for slot in first {
        *slot = offset(word, mask, stride);
        mask &= mask.wrapping_sub(1);
    }
    for slot in others.iter_mut().take(bits.saturating_sub(4)) {
        *slot = offset(word, mask, stride);
        mask &= mask.wrapping_sub(1);
    }
    count + bits
}

/// Offset of the lowest bit of a mask. Of an empty one it is not used.
#[inline]
fn offset(word: usize, mask: u64, stride: usize) -> u16 {
    let place = (word * 64 + mask.trailing_zeros() as usize) * stride;
    u16::try_from(place).unwrap_or(0)
}

/// Sets one bit for each position of `span` for which `test` holds, given its offset.
///
/// The portable forms that need no speed are written with it.
fn fill_each(span: Span, masks: &mut Masks, mut test: impl FnMut(usize) -> bool) -> usize {
    let mut words = 0;
    let mut at = span.begin;
    for word in masks {
        if at >= span.end {
            break;
        }
        *word = 0;
        for bit in 0..64 {
            if at < span.end && test(at) {
                *word |= 1 << bit;
            }
            at += 1;
        }
        words += 1;
    }
    words
}
