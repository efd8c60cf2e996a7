//! NEON, sixteen positions at a time.

use std::arch::aarch64::{
    uint8x16_t, vaddv_u8, vandq_u8, vandq_u32, vdupq_n_s32, vdupq_n_u8, vdupq_n_u32, vget_high_u8,
    vget_low_u8, vld1q_u8, vmulq_u32, vorrq_u32, vqtbl1q_u8, vreinterpretq_u32_u8, vshlq_u32,
    vshrq_n_u8, vst1q_u32, vtstq_u8,
};

use super::{padded, valid};
use crate::sieve::filter::{Batch, Bitmap, MULTIPLIER, Masks, Nibbles, Span, Teddy};

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
    let table = |nibbles: &Nibbles| (sixteen(&nibbles.low), sixteen(&nibbles.high));
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
        bits |= set_lanes(all) << (16 * quarter);
    }
    bits
}

/// A bit for each byte that is not zero.
#[inline]
#[target_feature(enable = "neon")]
fn set_lanes(bytes: uint8x16_t) -> u64 {
    let hits = vandq_u8(vtstq_u8(bytes, bytes), sixteen(&LANES));
    let low = u64::from(vaddv_u8(vget_low_u8(hits)));
    let high = u64::from(vaddv_u8(vget_high_u8(hits)));
    low | high << 8
}

/// As `Bitmap::fill`: hashes by vector, look-ups one by one.
///
/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[target_feature(enable = "neon")]
pub(super) unsafe fn bitmap(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
    batch: &mut Batch,
) -> usize {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match bitmap.stride {
            1 => bitmap_in::<1>(bitmap, haystack, span, masks, batch),
            2 => bitmap_in::<2>(bitmap, haystack, span, masks, batch),
            _ => bitmap_in::<4>(bitmap, haystack, span, masks, batch),
        }
    }
}

/// Bytes that are read for 64 positions of the widest stride.
const LONGEST: usize = 64 * 4 + 16;

/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn bitmap_in<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
    batch: &mut Batch,
) -> usize {
    let mut at = span.begin;
    let mut words = 0;
    let mut copy: [u8; LONGEST];
    for mask in masks {
        if at >= span.end {
            break;
        }
        let (bytes, begin) = if at + 64 * STRIDE + 16 <= haystack.len() {
            (haystack, at)
        } else {
            // What is left, and zeros behind it.
            copy = [0; LONGEST];
            let rest = haystack.get(at..).unwrap_or_default();
            for (to, from) in copy.iter_mut().zip(rest) {
                *to = *from;
            }
            (&copy[..], 0)
        };
        // SAFETY: the condition covers what the function reads, and the copy is as long.
        unsafe { hash_windows::<STRIDE>(bitmap, bytes, begin, batch) };
        // SAFETY: the caller promises the map's size, and hashes have no more bits.
        unsafe { look_up::<STRIDE>(&bitmap.words, batch) };
        let mut bits = 0;
        for (quarter, found) in batch.found.as_chunks().0.iter().take(4).enumerate() {
            bits |= set_lanes(sixteen(found)) << (16 * quarter);
        }
        *mask = bits & valid(0, (span.end - at).div_ceil(STRIDE));
        at += 64 * STRIDE;
        words += 1;
    }
    words
}

/// Hashes the 64 windows at `at` and every `STRIDE`-th byte behind it: those of the four-byte
/// groups at `at` first, four at a time, then those that begin `STRIDE` bytes behind.
///
/// # Safety
/// `at + 64 * STRIDE + 16 <= haystack.len()`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn hash_windows<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    at: usize,
    batch: &mut Batch,
) {
    debug_assert!(at + 64 * STRIDE + 16 <= haystack.len());
    let multiplier = vdupq_n_u32(MULTIPLIER);
    let case = vdupq_n_u32(bitmap.case);
    let keep = vdupq_n_u32(bitmap.keep);
    // A shift to the left by a negative number is one to the right.
    let shift = vdupq_n_s32(-bitmap.shift.cast_signed());
    let groups = batch.bytes.as_chunks_mut::<4>().0.iter_mut().take(16);
    for (index, hashes) in groups.enumerate() {
        let (phase, group) = (index / (4 * STRIDE), index % (4 * STRIDE));
        // SAFETY: 4 × `STRIDE` groups of 16 bytes in 4 / `STRIDE` phases of at most three
        // bytes: what the caller promises.
        let bytes = unsafe {
            let from = at + group * 16 + phase * STRIDE;
            vld1q_u8(haystack.as_ptr().add(from))
        };
        let windows = vandq_u32(vorrq_u32(vreinterpretq_u32_u8(bytes), case), keep);
        let hash = vshlq_u32(vmulq_u32(windows, multiplier), shift);
        // SAFETY: an array of four dwords; the store asks for no alignment.
        unsafe { vst1q_u32(hashes.as_mut_ptr(), hash) };
    }
}

/// One where the map's bit of a hash is set, else zero, in the order of positions.
///
/// # Safety
/// Every hash numbers a bit of the map.
#[inline]
unsafe fn look_up<const STRIDE: usize>(words: &[u64], batch: &mut Batch) {
    let bytes: *const u8 = words.as_ptr().cast();
    let phases = 4 / STRIDE;
    for (place, found) in batch.found.iter_mut().enumerate().take(64) {
        let index = place % phases * (64 / phases) + place / phases;
        let hash = batch.bytes.get(index).copied().unwrap_or(0);
        debug_assert!((hash as usize) < words.len() * 64);
        // SAFETY: the number of a bit without its low three bits numbers a byte of the map;
        // the target is little-endian, so that it is the byte of that bit.
        let byte = unsafe { *bytes.add((hash >> 3) as usize) };
        *found = byte >> (hash & 7) & 1;
    }
}
