//! A bitmap by a hash of the window: for sets of any size, at every 1st, 2nd or 4th offset.

use super::Span;

/// A window's place is the high bits of the product.
pub(in crate::sieve) const MULTIPLIER: u32 = 0x9e37_79b1;
/// 16 bits a window keep false candidates near 6 %; a bitmap of 32 KiB fits the first-level
/// cache, one of 256 KiB the second.
const BITS_PER_WINDOW: usize = 24;
const MIN_BITS: usize = 1 << 13;
const MAX_BITS: usize = 1 << 21;

/// The bitmap. The number of bits is a power of two.
#[derive(Clone, Debug)]
pub(in crate::sieve) struct Bitmap {
    pub(in crate::sieve) words: Box<[u64]>,
    /// What is left of a 32-bit hash are as many bits as number the bitmap's bits.
    pub(in crate::sieve) shift: u32,
    /// Folds case, and of windows of three bytes cuts off the fourth.
    pub(in crate::sieve) case: u32,
    pub(in crate::sieve) keep: u32,
    pub(in crate::sieve) stride: usize,
}

/// Windows that vector forms hash before they look them up.
pub(in crate::sieve) const BATCH: usize = 256;

/// What is known of each window of a batch.
#[derive(Debug)]
pub(in crate::sieve) struct Batch {
    /// Number of the map's byte.
    pub(in crate::sieve) bytes: [u32; BATCH],
    /// Its bit of that byte.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only AVX-512 chooses bits by vector")
    )]
    pub(in crate::sieve) wanted: [u8; BATCH],
    /// The byte.
    pub(in crate::sieve) found: [u8; BATCH],
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            bytes: [0; BATCH],
            wanted: [0; BATCH],
            found: [0; BATCH],
        }
    }
}

impl Bitmap {
    /// `windows` are the folded low `width` bytes of each window, 3 or 4 of them.
    pub(in crate::sieve) fn new(windows: &[u32], width: usize, stride: usize) -> Bitmap {
        let bits = Bitmap::bits_for(windows.len());
        let mut words = vec![0u64; bits / 64];
        let shift = 32 - bits.trailing_zeros();
        for window in windows {
            let bit = window.wrapping_mul(MULTIPLIER) >> shift;
            if let Some(word) = words.get_mut((bit >> 6) as usize) {
                *word |= 1 << (bit & 63);
            }
        }
        Bitmap {
            words: words.into(),
            shift,
            case: if width == 3 { 0x0020_2020 } else { 0x2020_2020 },
            keep: if width == 3 { 0x00ff_ffff } else { u32::MAX },
            stride,
        }
    }

    /// Bits of the bitmap for so many windows.
    pub(in crate::sieve) fn bits_for(windows: usize) -> usize {
        windows
            .saturating_mul(BITS_PER_WINDOW)
            .clamp(MIN_BITS, MAX_BITS)
            .next_power_of_two()
    }

    pub(super) fn memory(&self) -> usize {
        self.words.len() * 8
    }

    pub(in crate::sieve) fn fill(&self, haystack: &[u8], span: Span, masks: &mut [u64]) -> usize {
        match self.stride {
            1 => self.fill_stride::<1>(haystack, span, masks),
            2 => self.fill_stride::<2>(haystack, span, masks),
            _ => self.fill_stride::<4>(haystack, span, masks),
        }
    }

    /// Eight positions at a time from one slice of known length, the last ones singly.
    fn fill_stride<const STRIDE: usize>(
        &self,
        haystack: &[u8],
        span: Span,
        masks: &mut [u64],
    ) -> usize {
        let mut words = 0;
        let mut at = span.begin;
        for mask in masks {
            if at >= span.end {
                break;
            }
            *mask = 0;
            for group in 0..8 {
                let bits = match haystack.get(at..).and_then(<[u8]>::first_chunk) {
                    Some(block) if at + 8 * STRIDE <= span.end => self.eight::<STRIDE>(block),
                    _ => self.upto_eight::<STRIDE>(haystack, at, span.end),
                };
                *mask |= bits << (8 * group);
                at += 8 * STRIDE;
            }
            words += 1;
        }
        words
    }

    /// The windows begin at 0, STRIDE, … 7 STRIDE.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "at most 31 of 36, known when compiled"
    )]
    fn eight<const STRIDE: usize>(&self, block: &[u8; 36]) -> u64 {
        let mut bits = 0;
        for place in 0..8 {
            let at = place * STRIDE;
            let bytes = [block[at], block[at + 1], block[at + 2], block[at + 3]];
            bits |= u64::from(self.holds(u32::from_le_bytes(bytes))) << place;
        }
        bits
    }

    /// The last positions. Not inlined: the loop over all others would lose registers to it.
    #[inline(never)]
    fn upto_eight<const STRIDE: usize>(&self, haystack: &[u8], begin: usize, end: usize) -> u64 {
        let mut bits = 0;
        for place in 0..8 {
            let at = begin + place * STRIDE;
            if at >= end {
                break;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the low four bytes")]
            let window = super::super::hash::word_at(haystack, at) as u32;
            bits |= u64::from(self.holds(window)) << place;
        }
        bits
    }

    #[inline]
    fn holds(&self, window: u32) -> bool {
        let bit = ((window | self.case) & self.keep).wrapping_mul(MULTIPLIER) >> self.shift;
        // The map has a power of two of words, so that this keeps every bit of the number;
        // the compiler then knows that the word is there.
        let index = (bit >> 6) as usize & (self.words.len() - 1);
        self.words
            .get(index)
            .is_some_and(|word| word >> (bit & 63) & 1 != 0)
    }
}
