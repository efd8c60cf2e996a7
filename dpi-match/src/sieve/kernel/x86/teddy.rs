//! Teddy by byte shuffles of 64 or 32 positions.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm512_and_si512,
    _mm512_broadcast_i32x4, _mm512_set1_epi8, _mm512_shuffle_epi8, _mm512_srli_epi16,
    _mm512_test_epi8_mask,
};

use super::{
    super::{padded, valid},
    BEHIND, each_block,
};
use crate::sieve::filter::{Masks, Nibbles, Span, Teddy};

/// Loads a table of sixteen bytes.
#[inline]
fn sixteen(table: &[u8; 16]) -> __m128i {
    // SAFETY: an array of sixteen bytes; the load asks for no alignment.
    unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
}

/// As `Teddy::fill`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(in super::super) fn teddy_avx512(
    teddy: &Teddy,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    match teddy.width {
        1 => teddy_avx512_in::<1>(teddy, haystack, span, masks),
        2 => teddy_avx512_in::<2>(teddy, haystack, span, masks),
        3 => teddy_avx512_in::<3>(teddy, haystack, span, masks),
        _ => teddy_avx512_in::<4>(teddy, haystack, span, masks),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn teddy_avx512_in<const WIDTH: usize>(
    teddy: &Teddy,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let table = |nibbles: &Nibbles| {
        (
            _mm512_broadcast_i32x4(sixteen(&nibbles.low)),
            _mm512_broadcast_i32x4(sixteen(&nibbles.high)),
        )
    };
    // Not `map`, into which instructions that it has not would not be inlined.
    let [a, b, c, d] = &teddy.nibbles;
    let tables = [table(a), table(b), table(c), table(d)];
    let nibble = _mm512_set1_epi8(15);
    let buckets = |bytes, (low, high): (__m512i, __m512i)| {
        let of_low = _mm512_shuffle_epi8(low, _mm512_and_si512(bytes, nibble));
        let shifted = _mm512_srli_epi16::<4>(bytes);
        let of_high = _mm512_shuffle_epi8(high, _mm512_and_si512(shifted, nibble));
        _mm512_and_si512(of_low, of_high)
    };
    each_block(haystack, span, masks, |w| {
        let mut all = buckets(w[0], tables[0]);
        if WIDTH > 1 {
            all = _mm512_and_si512(all, buckets(w[1], tables[1]));
        }
        if WIDTH > 2 {
            all = _mm512_and_si512(all, buckets(w[2], tables[2]));
        }
        if WIDTH > 3 {
            all = _mm512_and_si512(all, buckets(w[3], tables[3]));
        }
        _mm512_test_epi8_mask(all, all)
    })
}

/// As `Teddy::fill`.
#[target_feature(enable = "avx2")]
pub(in super::super) fn teddy_avx2(
    teddy: &Teddy,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    match teddy.width {
        1 => teddy_avx2_in::<1>(teddy, haystack, span, masks),
        2 => teddy_avx2_in::<2>(teddy, haystack, span, masks),
        3 => teddy_avx2_in::<3>(teddy, haystack, span, masks),
        _ => teddy_avx2_in::<4>(teddy, haystack, span, masks),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn teddy_avx2_in<const WIDTH: usize>(
    teddy: &Teddy,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let table = |nibbles: &Nibbles| {
        (
            _mm256_broadcastsi128_si256(sixteen(&nibbles.low)),
            _mm256_broadcastsi128_si256(sixteen(&nibbles.high)),
        )
    };
    let [a, b, c, d] = &teddy.nibbles;
    let tables = [table(a), table(b), table(c), table(d)];
    let mut at = span.begin;
    let mut words = 0;
    for mask in masks {
        if at >= span.end {
            break;
        }
        let bits = if at + 64 + BEHIND <= haystack.len() {
            // SAFETY: the condition is what the function asks for.
            unsafe { teddy_avx2_block::<WIDTH>(&tables, haystack, at) }
        } else {
            let block = padded(haystack, at);
            // SAFETY: the block has 128 bytes.
            unsafe { teddy_avx2_block::<WIDTH>(&tables, &block, 0) }
        };
        *mask = bits & valid(at, span.end);
        at += 64;
        words += 1;
    }
    words
}

/// # Safety
/// `at + 64 + BEHIND <= haystack.len()`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn teddy_avx2_block<const WIDTH: usize>(
    tables: &[(__m256i, __m256i); 4],
    haystack: &[u8],
    at: usize,
) -> u64 {
    debug_assert!(at + 64 + BEHIND <= haystack.len());
    let nibble = _mm256_set1_epi8(15);
    let half = |at: usize| {
        let mut all = _mm256_set1_epi8(-1);
        for (place, (low, high)) in tables.iter().enumerate().take(WIDTH) {
            // SAFETY: `place` is at most 3, so that the caller's promise covers 32 bytes
            // from here in either half.
            let bytes = unsafe { _mm256_loadu_si256(haystack.as_ptr().add(at + place).cast()) };
            let of_low = _mm256_shuffle_epi8(*low, _mm256_and_si256(bytes, nibble));
            let shifted = _mm256_srli_epi16::<4>(bytes);
            let of_high = _mm256_shuffle_epi8(*high, _mm256_and_si256(shifted, nibble));
            all = _mm256_and_si256(all, _mm256_and_si256(of_low, of_high));
        }
        let none = _mm256_cmpeq_epi8(all, _mm256_setzero_si256());
        !_mm256_movemask_epi8(none).cast_unsigned()
    };
    u64::from(half(at)) | u64::from(half(at + 32)) << 32
}
