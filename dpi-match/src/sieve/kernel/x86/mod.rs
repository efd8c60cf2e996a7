//! AVX2 and AVX-512.
//!
//! Full blocks are read with unaligned loads whose 64 + 3 bytes the loop has counted. What is
//! left is read through masked loads, which do not touch masked-out bytes (Intel SDM vol. 1,
//! 15.6.4; AMD APM vol. 4, "Faults are suppressed"), or from a padded copy.

mod bitmap;
mod bloom;
mod flatten;
mod teddy;

pub(super) use bitmap::{bitmap_avx2, bitmap_avx512};
pub(super) use bloom::{bloom, bloom_first};
pub(super) use flatten::flatten;
pub(super) use teddy::{teddy_avx2, teddy_avx512};

use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_maskz_loadu_epi8};

use super::valid;
use crate::sieve::filter::{Masks, Span};

/// Runs `body`, compiled for processors with AVX2.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn with_bit_instructions(body: impl super::Body) {
    body.run();
}

/// Bytes that a block of 64 positions may look at behind them.
const BEHIND: usize = 3;

/// Which bit of a byte the low three bits of an index name.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static BIT: [u8; 64] = {
    let mut bits = [0; 64];
    let mut index = 0;
    while index < 64 {
        bits[index] = 1 << (index & 7);
        index += 1;
    }
    bits
};

/// Loads 64 bytes from `at`.
///
/// # Safety
/// `at + 64 <= haystack.len()`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
unsafe fn load(haystack: &[u8], at: usize) -> __m512i {
    debug_assert!(at + 64 <= haystack.len());
    // SAFETY: the caller promises that the 64 bytes lie in the haystack.
    unsafe { _mm512_loadu_si512(haystack.as_ptr().add(at).cast()) }
}

/// Loads what is left of the haystack from `at`, at most 64 bytes, and zeros behind it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn load_rest(haystack: &[u8], at: usize) -> __m512i {
    let mask = valid(at, haystack.len());
    // Only added to where it stays inside the haystack or at its end.
    let at = at.min(haystack.len());
    // SAFETY: `mask` has ones only for bytes before the haystack's end, and the processor
    // does not touch the others.
    unsafe { _mm512_maskz_loadu_epi8(mask, haystack.as_ptr().add(at).cast()) }
}

/// Runs `block` on each 64 positions of the span, given the vectors that begin at them and 1,
/// 2 and 3 bytes behind.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn each_block(
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
    block: impl Fn([__m512i; 4]) -> u64,
) -> usize {
    let mut at = span.begin;
    let mut words = 0;
    // One mask for each 64 positions; the span has no more of them than `CHUNK`.
    for mask in masks {
        if at >= span.end {
            break;
        }
        *mask = block(vectors_at(haystack, at)) & valid(at, span.end);
        at += 64;
        words += 1;
    }
    words
}

/// The vectors that begin at `at` and 1, 2 and 3 bytes behind; zeros behind the end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn vectors_at(haystack: &[u8], at: usize) -> [__m512i; 4] {
    if at + 64 + BEHIND <= haystack.len() {
        // SAFETY: the condition covers the last of the four loads.
        unsafe {
            [
                load(haystack, at),
                load(haystack, at + 1),
                load(haystack, at + 2),
                load(haystack, at + 3),
            ]
        }
    } else {
        // One mask for all: each begins a byte behind the one before, and has one less.
        let mask = valid(at, haystack.len());
        let rest = |behind: usize| {
            let at = (at + behind).min(haystack.len());
            // SAFETY: `mask` has ones only for bytes before the haystack's end, and the
            // processor does not touch the others.
            unsafe { _mm512_maskz_loadu_epi8(mask >> behind, haystack.as_ptr().add(at).cast()) }
        };
        if at + 64 <= haystack.len() {
            [
                load_rest(haystack, at),
                load_rest(haystack, at + 1),
                load_rest(haystack, at + 2),
                load_rest(haystack, at + 3),
            ]
        } else {
            [rest(0), rest(1), rest(2), rest(3)]
        }
    }
}
