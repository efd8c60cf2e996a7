//! The Bloom filter by AVX-512 and GFNI: its tables stay in registers or next to them.

use std::arch::x86_64::{
    __m512i, _mm512_gf2p8affine_epi64_epi8, _mm512_mask_blend_epi8, _mm512_mask_test_epi8_mask,
    _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8, _mm512_set1_epi8,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_ternarylogic_epi64, _mm512_test_epi8_mask,
    _mm512_xor_si512,
};

use super::{BIT, each_block, load, load_rest};
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
    let tables: [[__m512i; 8]; 3] = std::array::from_fn(|row| {
        let table = bloom.rows.get(row).map_or(&[][..], |row| row);
        assert!(table.len() == BANKS * 128);
        std::array::from_fn(|part| {
            if part < BANKS * 2 {
                // SAFETY: `BANKS` × 2 parts of 64 bytes, as compared above.
                unsafe { load(table, part * 64) }
            } else {
                // Of fewer than four banks the others are never looked at.
                _mm512_setzero_si512()
            }
        })
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
    let high = _mm512_set1_epi8(8);
    let look_up = |t: [__m512i; 8], index: __m512i, next: __m512i| {
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
        _mm512_mask_blend_epi8(_mm512_test_epi8_mask(next, high), low, upper_two)
    };
    each_block(haystack, span, masks, |w| {
        let (a, b, c) = (hash(w, maps[0]), hash(w, maps[1]), hash(w, maps[2]));
        let bits = |next| _mm512_permutexvar_epi8(next, bit);
        let pass = _mm512_test_epi8_mask(look_up(tables[0], a, b), bits(b));
        let pass = _mm512_mask_test_epi8_mask(pass, look_up(tables[1], b, c), bits(c));
        _mm512_mask_test_epi8_mask(pass, look_up(tables[2], c, a), bits(a))
    })
}
