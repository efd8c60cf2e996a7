//! The bitmap: windows are hashed by vector and looked up one by one.
#![expect(
    clippy::indexing_slicing,
    reason = "counts are at most the arrays' lengths, by `min` or when compiled"
)]

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_cvtsi32_si128, _mm_insert_epi8, _mm_setzero_si128,
    _mm_storeu_si128, _mm_unpacklo_epi64, _mm256_and_si256, _mm256_castsi128_si256,
    _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_set1_epi32, _mm256_slli_epi16, _mm256_srl_epi32, _mm256_storeu_si256,
    _mm512_castsi256_si512, _mm512_cvtepi32_epi8, _mm512_inserti64x4, _mm512_mullo_epi32,
    _mm512_permutexvar_epi8, _mm512_set1_epi32, _mm512_srl_epi32, _mm512_srli_epi32,
    _mm512_storeu_si512, _mm512_ternarylogic_epi32, _mm512_test_epi8_mask,
};

use super::{super::valid, BIT, load, load_rest};
use crate::sieve::filter::{BATCH, Batch, Bitmap, MULTIPLIER, Masks, Span};

/// As `Bitmap::fill`: hashes by vector, look-ups one by one, tests by vector.
///
/// One byte is loaded for each window, and half a word of numbers; a gather of sixteen costs a
/// Zen 4 core nearly twice as much, and more where microcode guards against gather sampling.
///
/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(in super::super) unsafe fn bitmap_avx512(
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

/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
unsafe fn bitmap_in<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
    batch: &mut Batch,
) -> usize {
    let hasher = Hasher::new::<STRIDE>(bitmap);
    let mut at = span.begin;
    let mut words = 0;
    for masks in masks.chunks_mut(BATCH / 64) {
        if at >= span.end {
            break;
        }
        let count = (span.end - at).div_ceil(STRIDE).min(BATCH);
        let used = count.div_ceil(64);
        for group in 0..used {
            let begin = at + group * 64 * STRIDE;
            hasher.hash::<STRIDE>(haystack, begin, group * 64, batch);
        }
        let count_up = count.next_multiple_of(16);
        // SAFETY: the caller promises the map's size, and hashes have no more bits.
        unsafe { look_up(&bitmap.words, &batch.bytes[..count_up], &mut batch.found) };
        for (index, mask) in masks.iter_mut().enumerate().take(used) {
            let place = index * 64;
            let found = load_rest(&batch.found, place);
            let bits = _mm512_test_epi8_mask(found, load_rest(&batch.wanted, place));
            *mask = bits & valid(place, count);
            words += 1;
        }
        at += BATCH * STRIDE;
    }
    words
}

/// The map's byte of each hash, sixteen at a time.
///
/// Compiled for AVX and not inlined where there are wider vectors: the compiler would gather
/// by them, piece by piece.
///
/// # Safety
/// Every number is that of a byte of the map.
#[inline(never)]
#[target_feature(enable = "avx")]
unsafe fn look_up(words: &[u64], numbers: &[u32], found: &mut [u8; BATCH]) {
    let map: *const u8 = words.as_ptr().cast();
    let groups = numbers.as_chunks::<16>().0;
    for (found, numbers) in found.as_chunks_mut::<16>().0.iter_mut().zip(groups) {
        debug_assert!(numbers.iter().all(|n| (*n as usize) < words.len() * 8));
        let (left, right) = numbers.split_at(8);
        // SAFETY: what the caller promises, and each half has eight numbers.
        let (left, right) = unsafe { (eight(map, left.as_ptr()), eight(map, right.as_ptr())) };
        // SAFETY: an array of sixteen bytes; the store asks for no alignment.
        unsafe { _mm_storeu_si128(found.as_mut_ptr().cast(), _mm_unpacklo_epi64(left, right)) };
    }
}

/// The map's bytes of eight numbers, in the low half of a vector.
///
/// Two numbers come by one load, since loads are what such a core has too few of.
///
/// # Safety
/// `numbers` are eight, each of a byte of the map.
#[inline]
#[target_feature(enable = "avx")]
unsafe fn eight(map: *const u8, numbers: *const u32) -> __m128i {
    let mut bytes = _mm_setzero_si128();
    macro_rules! two {
        ($first:literal, $second:literal) => {
            // SAFETY: the numbers are there, and so are the map's bytes.
            unsafe {
                let two: u64 = numbers.add($first).cast::<u64>().read_unaligned();
                let first = *map.add((two & 0xffff_ffff) as usize);
                let second = *map.add((two >> 32) as usize);
                bytes = _mm_insert_epi8::<$first>(bytes, i32::from(first));
                bytes = _mm_insert_epi8::<$second>(bytes, i32::from(second));
            }
        };
    }
    two!(0, 1);
    two!(2, 3);
    two!(4, 5);
    two!(6, 7);
    bytes
}

/// The constants of one map.
struct Hasher {
    places: __m512i,
    multiplier: __m512i,
    case: __m512i,
    keep: __m512i,
    bit: __m512i,
    shift: __m128i,
}

impl Hasher {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn new<const STRIDE: usize>(bitmap: &Bitmap) -> Hasher {
        let mut places = [0u8; 64];
        let stride: u8 = match STRIDE {
            1 => 1,
            2 => 2,
            _ => 4,
        };
        for (lane, place) in (0u8..).zip(&mut places) {
            *place = lane / 4 * stride + lane % 4;
        }
        Hasher {
            places: load_rest(&places, 0),
            multiplier: _mm512_set1_epi32(MULTIPLIER.cast_signed()),
            case: _mm512_set1_epi32(bitmap.case.cast_signed()),
            keep: _mm512_set1_epi32(bitmap.keep.cast_signed()),
            bit: load_rest(&BIT, 0),
            shift: _mm_cvtsi32_si128(bitmap.shift.cast_signed()),
        }
    }

    /// Hashes the 64 windows at `at` and every `STRIDE`-th byte behind it into the batch from
    /// `place`; those behind the end are zeros.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn hash<const STRIDE: usize>(
        &self,
        haystack: &[u8],
        at: usize,
        place: usize,
        batch: &mut Batch,
    ) {
        let full = at + 48 * STRIDE + 64 <= haystack.len();
        let sixteen = |part: usize| {
            let at = at + part * 16 * STRIDE;
            let bytes = if full {
                // SAFETY: the last of four parts begins 48 windows behind the first.
                unsafe { load(haystack, at) }
            } else {
                load_rest(haystack, at)
            };
            let windows = if STRIDE == 4 {
                bytes
            } else {
                _mm512_permutexvar_epi8(self.places, bytes)
            };
            // Truth table 0xa8 is (a or b) and c.
            let windows = _mm512_ternarylogic_epi32::<0xa8>(windows, self.case, self.keep);
            let product = _mm512_mullo_epi32(windows, self.multiplier);
            _mm512_srl_epi32(product, self.shift)
        };
        let parts = [sixteen(0), sixteen(1), sixteen(2), sixteen(3)];
        let numbers = &mut batch.bytes[place..place + 64];
        for (numbers, part) in numbers.as_chunks_mut::<16>().0.iter_mut().zip(parts) {
            // SAFETY: an array of sixteen dwords; the store asks for no alignment.
            unsafe {
                _mm512_storeu_si512(numbers.as_mut_ptr().cast(), _mm512_srli_epi32::<3>(part));
            }
        }
        // The low bytes of 64 hashes.
        let low = _mm512_inserti64x4::<1>(
            _mm512_castsi256_si512(low_bytes(parts[0], parts[1])),
            low_bytes(parts[2], parts[3]),
        );
        let wanted = _mm512_permutexvar_epi8(low, self.bit);
        let to = &mut batch.wanted[place..place + 64];
        // SAFETY: a slice of 64 bytes; the store asks for no alignment.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), wanted) };
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

/// As `Bitmap::fill`: as with AVX-512, but that the bits are chosen one by one too.
///
/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(in super::super) unsafe fn bitmap_avx2(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    // SAFETY: the caller's promise is passed on.
    unsafe {
        match bitmap.stride {
            1 => bitmap_avx2_in::<1>(bitmap, haystack, span, masks),
            2 => bitmap_avx2_in::<2>(bitmap, haystack, span, masks),
            _ => bitmap_avx2_in::<4>(bitmap, haystack, span, masks),
        }
    }
}

/// # Safety
/// The bitmap has `1 << (32 - shift)` bits.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn bitmap_avx2_in<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    let mut at = span.begin;
    let mut words = 0;
    let mut hashes = [0u32; 64];
    let mut found = [0u8; 64];
    let mut copy: [u8; LONGEST];
    for mask in masks.iter_mut() {
        if at >= span.end {
            break;
        }
        let (bytes, begin) = if at + 64 * STRIDE + 32 <= haystack.len() {
            (haystack, at)
        } else {
            // What is left, and zeros behind it.
            let rest = haystack.get(at..).unwrap_or_default();
            copy = [0; LONGEST];
            copy[..rest.len()].copy_from_slice(rest);
            (&copy[..], 0)
        };
        // SAFETY: the condition covers what the function reads, and the copy is as long.
        unsafe { hash_windows_avx2::<STRIDE>(bitmap, bytes, begin, &mut hashes) };
        // SAFETY: the caller promises the map's size, and hashes have no more bits.
        unsafe { look_up_bits::<STRIDE>(&bitmap.words, &hashes, &mut found) };
        let half = |part: usize| {
            // SAFETY: `part` is 0 or 32, and there are 64 bytes.
            let bytes = unsafe { _mm256_loadu_si256(found.as_ptr().add(part).cast()) };
            u64::from(_mm256_movemask_epi8(_mm256_slli_epi16::<7>(bytes)).cast_unsigned())
        };
        let count = (span.end - at).div_ceil(STRIDE);
        *mask = (half(0) | half(32) << 32) & valid(0, count);
        at += 64 * STRIDE;
        words += 1;
    }
    words
}

/// Bytes that are read for the 64 positions of the widest stride.
const LONGEST: usize = 64 * 4 + 32;

/// Hashes the 64 windows at `at` and every `STRIDE`-th byte behind it: those of the four-byte
/// groups at `at` first, eight at a time, then those that begin `STRIDE` bytes behind.
///
/// # Safety
/// `at + 64 * STRIDE + 32 <= haystack.len()`.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn hash_windows_avx2<const STRIDE: usize>(
    bitmap: &Bitmap,
    haystack: &[u8],
    at: usize,
    hashes: &mut [u32; 64],
) {
    debug_assert!(at + 64 * STRIDE + 32 <= haystack.len());
    let multiplier = _mm256_set1_epi32(MULTIPLIER.cast_signed());
    let case = _mm256_set1_epi32(bitmap.case.cast_signed());
    let keep = _mm256_set1_epi32(bitmap.keep.cast_signed());
    let shift = _mm_cvtsi32_si128(bitmap.shift.cast_signed());
    for (index, hashes) in hashes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let (phase, group) = (index / (2 * STRIDE), index % (2 * STRIDE));
        // SAFETY: 2 × `STRIDE` groups of 32 bytes in 4 / `STRIDE` phases of at most three
        // bytes: what the caller promises.
        let bytes = unsafe {
            let from = at + group * 32 + phase * STRIDE;
            _mm256_loadu_si256(haystack.as_ptr().add(from).cast())
        };
        let windows = _mm256_and_si256(_mm256_or_si256(bytes, case), keep);
        let hash = _mm256_srl_epi32(_mm256_mullo_epi32(windows, multiplier), shift);
        // SAFETY: an array of eight dwords; the store asks for no alignment.
        unsafe { _mm256_storeu_si256(hashes.as_mut_ptr().cast(), hash) };
    }
}

/// The map's bit of each hash, in the order of positions.
///
/// # Safety
/// Every hash numbers a bit of the map.
#[inline(never)]
#[target_feature(enable = "bmi2")]
unsafe fn look_up_bits<const STRIDE: usize>(
    words: &[u64],
    hashes: &[u32; 64],
    found: &mut [u8; 64],
) {
    let bytes: *const u8 = words.as_ptr().cast();
    let phases = 4 / STRIDE;
    for (place, found) in found.iter_mut().enumerate() {
        let hash = hashes[place % phases * (64 / phases) + place / phases];
        debug_assert!((hash as usize) < words.len() * 64);
        // SAFETY: the number of a bit without its low three bits numbers a byte of the map.
        let byte = unsafe { *bytes.add((hash >> 3) as usize) };
        *found = byte >> (hash & 7);
    }
}
