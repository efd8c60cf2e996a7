//! The Bloom filter by AVX-512 and GFNI: its tables stay in registers or next to them.

use std::arch::x86_64::{
    __m512i, _mm512_gf2p8affine_epi64_epi8, _mm512_load_si512, _mm512_mask_blend_epi8,
    _mm512_mask_test_epi8_mask, _mm512_movepi8_mask, _mm512_permutex2var_epi8,
    _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_ternarylogic_epi64, _mm512_test_epi8_mask, _mm512_xor_si512,
};

use super::{super::valid, BIT, each_block, load_rest, vectors_at};
use crate::sieve::filter::{Bloom, MAPS, Masks, Span};

/// As `Bloom::fill`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(in super::super) fn bloom(
    bloom: &Bloom,
    haystack: &[u8],
    span: Span,
    masks: &mut Masks,
) -> usize {
    match (bloom.table_len(), bloom.width) {
        (128, 3) => bloom_in::<1, 3>(bloom, haystack, span, masks),
        (128, 4) => bloom_in::<1, 4>(bloom, haystack, span, masks),
        (256, 3) => bloom_in::<2, 3>(bloom, haystack, span, masks),
        (256, 4) => bloom_in::<2, 4>(bloom, haystack, span, masks),
        (512, 3) => bloom_in::<4, 3>(bloom, haystack, span, masks),
        (512, 4) => bloom_in::<4, 4>(bloom, haystack, span, masks),
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
    let tables = Tables::<BANKS, WIDTH>::new(bloom);
    each_block(haystack, span, masks, |w| tables.test(w))
}

/// The bits of the first 64 positions: what a loop keeps in registers is used where it lies.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(in super::super) fn bloom_first(bloom: &Bloom, haystack: &[u8], span: Span) -> u64 {
    match (bloom.table_len(), bloom.width) {
        (128, 3) => first_in::<1, 3>(bloom, haystack, span),
        (128, 4) => first_in::<1, 4>(bloom, haystack, span),
        (256, 3) => first_in::<2, 3>(bloom, haystack, span),
        (256, 4) => first_in::<2, 4>(bloom, haystack, span),
        (512, 3) => first_in::<4, 3>(bloom, haystack, span),
        (512, 4) => first_in::<4, 4>(bloom, haystack, span),
        (length, width) => unreachable!("no table of {length} bytes for {width}"),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn first_in<const BANKS: usize, const WIDTH: usize>(
    bloom: &Bloom,
    haystack: &[u8],
    span: Span,
) -> u64 {
    let tables = Tables::<BANKS, WIDTH>::new(bloom);
    tables.test(vectors_at(haystack, span.begin)) & valid(span.begin, span.end)
}

/// The tables and maps as vectors.
struct Tables<const BANKS: usize, const WIDTH: usize> {
    rows: [[__m512i; 8]; 3],
    maps: [[__m512i; 4]; 3],
    bit: __m512i,
}

impl<const BANKS: usize, const WIDTH: usize> Tables<BANKS, WIDTH> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn new(bloom: &Bloom) -> Self {
        assert!(bloom.rows.len() == 3 * BANKS * 2);
        let part = |row: usize, part: usize| {
            if part < BANKS * 2 {
                let line = bloom.rows.as_ptr().wrapping_add(row * BANKS * 2 + part);
                // SAFETY: three rows of `BANKS` × 2 lines, as compared above; a line is
                // aligned to its 64 bytes.
                unsafe { _mm512_load_si512(line.cast()) }
            } else {
                // Of fewer than four banks the others are never looked at.
                _mm512_setzero_si512()
            }
        };
        // Written out, here and below: what `array::map` is given would not be inlined, since
        // that has not these instructions.
        let row = |row| {
            [
                part(row, 0),
                part(row, 1),
                part(row, 2),
                part(row, 3),
                part(row, 4),
                part(row, 5),
                part(row, 6),
                part(row, 7),
            ]
        };
        let maps = |[a, b, c, d]: [u64; 4]| {
            [
                _mm512_set1_epi64(a.cast_signed()),
                _mm512_set1_epi64(b.cast_signed()),
                _mm512_set1_epi64(c.cast_signed()),
                _mm512_set1_epi64(d.cast_signed()),
            ]
        };
        let [a, b, c] = MAPS;
        Tables {
            rows: [row(0), row(1), row(2)],
            maps: [maps(a), maps(b), maps(c)],
            bit: load_rest(&BIT, 0),
        }
    }

    /// Which of the 64 windows may be in the filter, given the vectors that begin at the
    /// first one and 1, 2 and 3 bytes behind.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn test(&self, w: [__m512i; 4]) -> u64 {
        let [a, b, c] = self.maps;
        let (a, b, c) = (Self::hash(w, a), Self::hash(w, b), Self::hash(w, c));
        let bits = |next| _mm512_permutexvar_epi8(next, self.bit);
        let [first, second, third] = &self.rows;
        let pass = _mm512_test_epi8_mask(Self::look_up(first, a, b), bits(b));
        let pass = _mm512_mask_test_epi8_mask(pass, Self::look_up(second, b, c), bits(c));
        _mm512_mask_test_epi8_mask(pass, Self::look_up(third, c, a), bits(a))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn hash(w: [__m512i; 4], m: [__m512i; 4]) -> __m512i {
        let of = |byte, map| _mm512_gf2p8affine_epi64_epi8::<0>(byte, map);
        // Truth table 0x96 is exclusive or of three.
        let three =
            _mm512_ternarylogic_epi64::<0x96>(of(w[0], m[0]), of(w[1], m[1]), of(w[2], m[2]));
        if WIDTH == 3 {
            three
        } else {
            _mm512_xor_si512(three, of(w[3], m[3]))
        }
    }

    /// The bytes of a row that `index` numbers, and a fourth bit of `next`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn look_up(t: &[__m512i; 8], index: __m512i, next: __m512i) -> __m512i {
        let bank = |first, second| _mm512_permutex2var_epi8(first, index, second);
        if BANKS == 1 {
            return bank(t[0], t[1]);
        }
        let upper = _mm512_movepi8_mask(index);
        let low = _mm512_mask_blend_epi8(upper, bank(t[0], t[1]), bank(t[2], t[3]));
        if BANKS == 2 {
            return low;
        }
        let upper_two = _mm512_mask_blend_epi8(upper, bank(t[4], t[5]), bank(t[6], t[7]));
        let fourth = _mm512_test_epi8_mask(next, _mm512_set1_epi8(8));
        _mm512_mask_blend_epi8(fourth, low, upper_two)
    }
}
