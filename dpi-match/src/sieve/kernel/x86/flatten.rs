//! From bits to their numbers.

use std::arch::x86_64::{
    _mm_cvtsi32_si128, _mm512_add_epi16, _mm512_castsi512_si256, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_maskz_compress_epi8, _mm512_set1_epi16, _mm512_sll_epi16,
    _mm512_storeu_si512,
};

use super::load_rest;
use crate::sieve::filter::{CHUNK, Masks, Offsets};

/// The numbers from 0 to 63.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler"
)]
static NUMBERS: [u8; 64] = {
    let mut numbers = [0; 64];
    let mut index = 0;
    while index < 64 {
        numbers[index] = index as u8;
        index += 1;
    }
    numbers
};

/// As `Queue::flatten`: a mask at a time, 32 offsets written whether or not there are so many.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,gfni,popcnt")]
pub(in super::super) fn flatten(
    masks: &Masks,
    words: usize,
    stride: usize,
    at: &mut Offsets,
) -> usize {
    let numbers = load_rest(&NUMBERS, 0);
    let shift = _mm_cvtsi32_si128(stride.trailing_zeros().cast_signed());
    let step = _mm512_set1_epi16(i16::try_from(64 * stride).unwrap_or(0));
    let mut base = _mm512_set1_epi16(0);
    let mut count = 0;
    for mask in masks.iter().take(words) {
        let packed = _mm512_maskz_compress_epi8(*mask, numbers);
        let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(packed));
        let low = _mm512_add_epi16(_mm512_sll_epi16(low, shift), base);
        debug_assert!(count <= CHUNK);
        // SAFETY: masks have at most `CHUNK` bits, `count` of them before this one, and the
        // array has room for 64 more.
        unsafe { _mm512_storeu_si512(at.as_mut_ptr().add(count).cast(), low) };
        let bits = mask.count_ones() as usize;
        if bits > 32 {
            let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(packed));
            let high = _mm512_add_epi16(_mm512_sll_epi16(high, shift), base);
            // SAFETY: as above, and the 32 before are in use: `count` is at most `CHUNK` − 32.
            unsafe { _mm512_storeu_si512(at.as_mut_ptr().add(count + 32).cast(), high) };
        }
        count += bits;
        base = _mm512_add_epi16(base, step);
    }
    count
}
