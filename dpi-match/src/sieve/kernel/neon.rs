//! NEON, sixteen positions at a time.

use std::arch::aarch64::{
    uint8x16_t, vaddv_u8, vandq_u8, vdupq_n_u8, vget_high_u8, vget_low_u8, vld1q_u8, vqtbl1q_u8,
    vshrq_n_u8, vtstq_u8,
};

use super::{padded, valid};
use crate::sieve::filter::{Masks, Span, Teddy};

/// Bytes that a block of 64 positions may look at behind them.
const BEHIND: usize = 3;

/// The bit of each lane in its half of a vector.
static LANES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// As `Teddy::fill`.
#[target_feature(enable = "neon")]
pub(super) fn teddy(teddy: &Teddy, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
    match teddy.width {
        1 => teddy_in::<1>(teddy, haystack, span, masks),
        2 => teddy_in::<2>(teddy, haystack, span, masks),
        3 => teddy_in::<3>(teddy, haystack, span, masks),
        _ => teddy_in::<4>(teddy, haystack, span, masks),
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn teddy_in<const WIDTH: usize>(
    teddy: &Teddy,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let tables = teddy
        .nibbles
        .map(|nibbles| (sixteen(&nibbles.low), sixteen(&nibbles.high)));
    let mut at = span.begin;
    let mut words = 0;
    for mask in masks {
        if at >= span.end {
            break;
        }
        let bits = if at + 64 + BEHIND <= haystack.len() {
            // SAFETY: the condition is what the function asks for.
            unsafe { block::<WIDTH>(&tables, haystack, at) }
        } else {
            let copy = padded(haystack, at);
            // SAFETY: the block has 128 bytes.
            unsafe { block::<WIDTH>(&tables, &copy, 0) }
        };
        *mask = bits & valid(at, span.end);
        at += 64;
        words += 1;
    }
    words
}

/// Loads a table of sixteen bytes.
#[inline]
#[target_feature(enable = "neon")]
fn sixteen(table: &[u8; 16]) -> uint8x16_t {
    // SAFETY: an array of sixteen bytes; the load asks for no alignment.
    unsafe { vld1q_u8(table.as_ptr()) }
}

/// # Safety
/// `at + 64 + BEHIND <= haystack.len()`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn block<const WIDTH: usize>(
    tables: &[(uint8x16_t, uint8x16_t); 4],
    haystack: &[u8],
    at: usize,
) -> u64 {
    debug_assert!(at + 64 + BEHIND <= haystack.len());
    let nibble = vdupq_n_u8(15);
    let lanes = sixteen(&LANES);
    let mut bits = 0;
    for quarter in 0..4 {
        let mut all = vdupq_n_u8(255);
        for (place, (low, high)) in tables.iter().enumerate().take(WIDTH) {
            // SAFETY: `place` is at most 3 and the quarter ends at most 64 behind `at`, so
            // that the caller's promise covers the sixteen bytes.
            let bytes = unsafe { vld1q_u8(haystack.as_ptr().add(at + quarter * 16 + place)) };
            let of_low = vqtbl1q_u8(*low, vandq_u8(bytes, nibble));
            let of_high = vqtbl1q_u8(*high, vshrq_n_u8::<4>(bytes));
            all = vandq_u8(all, vandq_u8(of_low, of_high));
        }
        let hits = vandq_u8(vtstq_u8(all, all), lanes);
        let low = u64::from(vaddv_u8(vget_low_u8(hits)));
        let high = u64::from(vaddv_u8(vget_high_u8(hits)));
        bits |= (low | high << 8) << (16 * quarter);
    }
    bits
}
