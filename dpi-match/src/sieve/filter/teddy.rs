//! Eight buckets by nibbles, after the algorithm called Teddy (Langdale and others; also in
//! Hyperscan and `aho-corasick`): a byte passes a bucket if both of its halves do, a position
//! passes if its first bytes pass one bucket. For a few dozen windows of one to four bytes.

use super::{Masks, Part, Span, fill_each};

/// Bucket bits by low and high nibble, for each byte of the window.
#[derive(Clone, Debug)]
pub(in crate::sieve) struct Teddy {
    pub(in crate::sieve) nibbles: [Nibbles; 4],
    /// Bytes of the window, 1 to 4. Tables behind them let everything through.
    pub(in crate::sieve) width: usize,
}

/// Bucket bits of one byte's halves.
#[derive(Clone, Copy, Debug)]
pub(in crate::sieve) struct Nibbles {
    pub(in crate::sieve) low: [u8; 16],
    pub(in crate::sieve) high: [u8; 16],
}

const BUCKETS: usize = 8;

impl Teddy {
    /// Windows that begin alike share a bucket. A window shorter than `width` has no say on
    /// the bytes behind it.
    pub(in crate::sieve) fn new(parts: &mut [Part<'_>], width: usize) -> Teddy {
        let fold = |byte: &u8| byte.to_ascii_lowercase();
        parts.sort_by(|a, b| a.bytes.iter().map(fold).cmp(b.bytes.iter().map(fold)));
        let none = Nibbles {
            low: [0; 16],
            high: [0; 16],
        };
        let mut teddy = Teddy {
            nibbles: [none; 4],
            width,
        };
        let share = parts.len().div_ceil(BUCKETS).max(1);
        for (bucket, parts) in (0..).zip(parts.chunks(share)) {
            for part in parts {
                teddy.insert(*part, 1 << bucket);
            }
        }
        teddy
    }

    fn insert(&mut self, part: Part<'_>, bucket: u8) {
        let bytes = part.bytes.iter().take(self.width);
        let given = bytes.len();
        for (nibbles, byte) in self.nibbles.iter_mut().zip(bytes) {
            nibbles.insert(*byte, bucket);
            if part.nocase {
                nibbles.insert(byte.to_ascii_lowercase(), bucket);
                nibbles.insert(byte.to_ascii_uppercase(), bucket);
            }
        }
        for nibbles in self.nibbles.iter_mut().skip(given) {
            nibbles.low.iter_mut().for_each(|bits| *bits |= bucket);
            nibbles.high.iter_mut().for_each(|bits| *bits |= bucket);
        }
    }

    /// The share of positions that pass where byte values have these shares.
    pub(in crate::sieve) fn pass_rate(&self, share_of: impl Fn(u8) -> f32) -> f32 {
        (0..BUCKETS)
            .map(|bucket| {
                let used = self.nibbles.iter().take(self.width);
                used.map(|nibbles| {
                    (0..=255u8)
                        .filter(|byte| nibbles.bits(*byte) >> bucket & 1 != 0)
                        .map(&share_of)
                        .sum::<f32>()
                })
                .product::<f32>()
            })
            .sum()
    }

    pub(in crate::sieve) fn fill(&self, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
        fill_each(span, masks, |at| {
            let bytes = haystack.get(at..).unwrap_or_default().iter();
            let bytes = bytes.copied().chain(std::iter::repeat(0));
            let used = self.nibbles.iter().take(self.width);
            used.zip(bytes)
                .fold(u8::MAX, |bits, (nibbles, byte)| bits & nibbles.bits(byte))
                != 0
        })
    }
}

impl Nibbles {
    fn insert(&mut self, byte: u8, bucket: u8) {
        let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
        if let (Some(low), Some(high)) = (self.low.get_mut(low), self.high.get_mut(high)) {
            *low |= bucket;
            *high |= bucket;
        }
    }

    fn bits(&self, byte: u8) -> u8 {
        let low = self.low.get(usize::from(byte & 15)).copied();
        let high = self.high.get(usize::from(byte >> 4)).copied();
        low.unwrap_or(0) & high.unwrap_or(0)
    }
}
