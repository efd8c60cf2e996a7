//! AVX2 and AVX-512.
//!
//! Full blocks are read with unaligned loads whose 64 + 3 bytes the loop has counted. What is
//! left is read through masked loads, which do not touch masked-out bytes (Intel SDM vol. 1,
//! 15.6.4; AMD APM vol. 4, "Faults are suppressed"), or from a padded copy.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_and_si256,
    _mm256_broadcastsi128_si256, _mm256_castsi128_si256, _mm256_cmpeq_epi8,
    _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm512_and_si512,
    _mm512_broadcast_i32x4, _mm512_castsi256_si512, _mm512_cvtepi32_epi8,
    _mm512_gf2p8affine_epi64_epi8, _mm512_inserti64x4, _mm512_loadu_si512, _mm512_mask_blend_epi8,
    _mm512_mask_test_epi8_mask, _mm512_maskz_loadu_epi8, _mm512_movepi8_mask, _mm512_mullo_epi32,
    _mm512_permutex2var_epi8, _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_epi64, _mm512_shuffle_epi8, _mm512_srl_epi32, _mm512_srli_epi16,
    _mm512_storeu_si512, _mm512_ternarylogic_epi32, _mm512_ternarylogic_epi64,
    _mm512_test_epi8_mask, _mm512_xor_si512,
};

use super::{padded, valid};
use crate::sieve::filter::{Bitmap, Bloom, MAPS, MULTIPLIER, Masks, Span, Teddy};

/// Runs `body`, compiled for processors with AVX2.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn with_bit_instructions(body: impl FnOnce()) {
    body();
}

/// Bytes that a block of 64 positions may look at behind them.
const BEHIND: usize = 3;

/// Which bit of a byte the low three bits of an index name.
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
        let vectors = if at + 64 + BEHIND <= haystack.len() {
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
            [
                load_rest(haystack, at),
                load_rest(haystack, at + 1),
                load_rest(haystack, at + 2),
                load_rest(haystack, at + 3),
            ]
        };
        *mask = block(vectors) & valid(at, span.end);
        at += 64;
        words += 1;
    }
    words
}

/// As `Bloom::fill`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) fn bloom(bloom: &Bloom, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
    match (bloom.table_len(), bloom.width) {
        (128, 3) => bloom_in::<1, 3>(bloom, haystack, span, masks),
        (128, 4) => bloom_in::<1, 4>(bloom, haystack, span, masks),
        (256, 3) => bloom_in::<2, 3>(bloom, haystack, span, masks),
        (256, 4) => bloom_in::<2, 4>(bloom, haystack, span, masks),
        (length, width) => unreachable!("no table of {length} bytes for {width}"),
    }
}

/// `BANKS` tables of 128 bytes a row, windows of `WIDTH` bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn bloom_in<const BANKS: usize, const WIDTH: usize>(
    bloom: &Bloom,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let tables: [[__m512i; 4]; 3] = std::array::from_fn(|row| {
        let table = bloom.rows.get(row).map_or(&[][..], |row| row);
        // Of one bank the second half is never looked at.
        std::array::from_fn(|part| load_rest(table, (part * 64) % (BANKS * 128)))
    });
    let maps = MAPS.map(|maps| maps.map(|map| _mm512_set1_epi64(map.cast_signed())));
    let bit = load_rest(&BIT, 0);
    let hash = |w: [__m512i; 4], m: [__m512i; 4]| {
        let of = |byte, map| _mm512_gf2p8affine_epi64_epi8::<0>(byte, map);
        // Truth table 0x96 is exclusive or of three.
        let three =
            _mm512_ternarylogic_epi64::<0x96>(of(w[0], m[0]), of(w[1], m[1]), of(w[2], m[2]));
        if WIDTH == 3 {
            three
        } else {
            _mm512_xor_si512(three, of(w[3], m[3]))
        }
    };
    let look_up = |t: [__m512i; 4], index: __m512i| {
        let low = _mm512_permutex2var_epi8(t[0], index, t[1]);
        if BANKS == 1 {
            low
        } else {
            let high = _mm512_permutex2var_epi8(t[2], index, t[3]);
            _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high)
        }
    };
    each_block(haystack, span, masks, |w| {
        let (a, b, c) = (hash(w, maps[0]), hash(w, maps[1]), hash(w, maps[2]));
        let pass = _mm512_test_epi8_mask(look_up(tables[0], a), _mm512_permutexvar_epi8(b, bit));
        let pass = _mm512_mask_test_epi8_mask(
            pass,
            look_up(tables[1], b),
            _mm512_permutexvar_epi8(c, bit),
        );
        _mm512_mask_test_epi8_mask(pass, look_up(tables[2], c), _mm512_permutexvar_epi8(a, bit))
    })
}

/// Windows that are hashed before they are looked up. Hashes, bytes and results of so many
/// take 1.5 KiB of stack.
const BATCH: usize = 256;

/// As `Bitmap::fill`: hashes by vector, look-ups one by one, tests by vector.
///
/// One byte is loaded and one stored for each window; a gather of sixteen costs a Zen 4 core
/// five times as much, and every core whose microcode guards against gather sampling.
///
/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) unsafe fn bitmap(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match bitmap.stride {
            1 => bitmap_in::<1>(bitmap, haystack, span, masks),
            2 => bitmap_in::<2>(bitmap, haystack, span, masks),
            _ => bitmap_in::<4>(bitmap, haystack, span, masks),
        }
    }
}

/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
unsafe fn bitmap_in<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let mut hashes = [0u32; BATCH];
    let mut found = [0u8; BATCH];
    let bit = load_rest(&BIT, 0);
    let mut at = span.begin;
    let mut words = 0;
    for masks in masks.chunks_mut(BATCH / 64) {
        if at >= span.end {
            break;
        }
        let count = (span.end - at).div_ceil(STRIDE).min(BATCH);
        let rounded = count.next_multiple_of(16);
        hash_windows::<STRIDE>(bitmap, haystack, at, &mut hashes[..rounded]);
        // SAFETY: the caller promises the map's size, and hashes have no more bits.
        unsafe { look_up(&bitmap.words, &hashes[..rounded], &mut found) };
        for (index, mask) in masks.iter_mut().enumerate().take(count.div_ceil(64)) {
            let place = index * 64;
            let part = |part: usize| {
                // SAFETY: `place` is at most `BATCH` − 64: four vectors of sixteen hashes.
                unsafe { _mm512_loadu_si512(hashes.as_ptr().add(place + 16 * part).cast()) }
            };
            // The low bytes of 64 hashes.
            let low = _mm512_inserti64x4::<1>(
                _mm512_castsi256_si512(low_bytes(part(0), part(1))),
                low_bytes(part(2), part(3)),
            );
            let wanted = _mm512_permutexvar_epi8(low, bit);
            let bits = _mm512_test_epi8_mask(load_rest(&found, place), wanted);
            *mask = bits & valid(place, count);
            words += 1;
        }
        at += BATCH * STRIDE;
    }
    words
}

/// The map's byte of each hash. Not inlined where there are wider vectors: the compiler would
/// gather by them, piece by piece.
///
/// # Safety
/// Every hash numbers a bit of the map.
#[inline(never)]
unsafe fn look_up(words: &[u64], hashes: &[u32], found: &mut [u8; BATCH]) {
    let bytes: *const u8 = words.as_ptr().cast();
    for (found, hash) in found.iter_mut().zip(hashes) {
        debug_assert!((*hash as usize) < words.len() * 64);
        // SAFETY: the number of a bit without its low three bits numbers a byte of the map.
        *found = unsafe { *bytes.add((*hash >> 3) as usize) };
    }
}

/// The low bytes of 32 dwords.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn low_bytes(first: __m512i, second: __m512i) -> __m256i {
    _mm256_inserti128_si256::<1>(
        _mm256_castsi128_si256(_mm512_cvtepi32_epi8(first)),
        _mm512_cvtepi32_epi8(second),
    )
}

/// Hashes the windows at `at` and every `STRIDE`-th byte behind it. `hashes` are a multiple
/// of sixteen; for windows behind the end they are those of zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn hash_windows<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    mut at: usize,
    hashes: &mut [u32],
) {
    let mut places = [0u8; 64];
    for (lane, place) in (0u8..).zip(&mut places) {
        *place = lane / 4 * STRIDE as u8 + lane % 4;
    }
    let places = load_rest(&places, 0);
    let multiplier = _mm512_set1_epi32(MULTIPLIER.cast_signed());
    let case = _mm512_set1_epi32(bitmap.case.cast_signed());
    let keep = _mm512_set1_epi32(bitmap.keep.cast_signed());
    let shift = _mm_cvtsi32_si128(bitmap.shift.cast_signed());
    for hashes in hashes.as_chunks_mut::<16>().0 {
        let bytes = if at + 64 <= haystack.len() {
            // SAFETY: the condition is what the function asks for.
            unsafe { load(haystack, at) }
        } else {
            load_rest(haystack, at)
        };
        let windows = if STRIDE == 4 {
            bytes
        } else {
            _mm512_permutexvar_epi8(places, bytes)
        };
        // Truth table 0xa8 is (a or b) and c.
        let windows = _mm512_ternarylogic_epi32::<0xa8>(windows, case, keep);
        let product = _mm512_mullo_epi32(windows, multiplier);
        let hash = _mm512_srl_epi32(product, shift);
        // SAFETY: an array of sixteen dwords; the store asks for no alignment.
        unsafe { _mm512_storeu_si512(hashes.as_mut_ptr().cast(), hash) };
        at += 16 * STRIDE;
    }
}

/// Loads a table of sixteen bytes.
#[inline]
fn sixteen(table: &[u8; 16]) -> __m128i {
    // SAFETY: an array of sixteen bytes; the load asks for no alignment.
    unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
}

/// As `Teddy::fill`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) fn teddy_avx512(teddy: &Teddy, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
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
    let tables = teddy.nibbles.map(|nibbles| {
        (
            _mm512_broadcast_i32x4(sixteen(&nibbles.low)),
            _mm512_broadcast_i32x4(sixteen(&nibbles.high)),
        )
    });
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
pub(super) fn teddy_avx2(teddy: &Teddy, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
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
    let tables = teddy.nibbles.map(|nibbles| {
        (
            _mm256_broadcastsi128_si256(sixteen(&nibbles.low)),
            _mm256_broadcastsi128_si256(sixteen(&nibbles.high)),
        )
    });
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
