//! A bitmap of byte pairs: for many literals of one or two bytes.

use super::{Masks, Part, Span};

/// One bit for each pair of bytes, 8 KiB.
#[derive(Clone, Debug)]
pub(in crate::sieve) struct Pairs(Box<[u64; WORDS]>);

const WORDS: usize = 65_536 / 64;

impl Pairs {
    pub(in crate::sieve) fn new<'a>(parts: impl Iterator<Item = Part<'a>>) -> Pairs {
        let mut pairs = Pairs(Box::new([0; WORDS]));
        for part in parts {
            let cases = |byte: u8| {
                let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
                if part.nocase {
                    [lower, upper]
                } else {
                    [byte, byte]
                }
            };
            match *part.bytes {
                [a] => {
                    for first in cases(a) {
                        (0..=255).for_each(|second| pairs.set(first, second));
                    }
                }
                [a, b, ..] => {
                    for first in cases(a) {
                        for second in cases(b) {
                            pairs.set(first, second);
                        }
                    }
                }
                [] => {}
            }
        }
        pairs
    }

    fn set(&mut self, first: u8, second: u8) {
        let pair = u16::from_le_bytes([first, second]);
        if let Some(word) = self.0.get_mut(usize::from(pair >> 6)) {
            *word |= 1 << (pair & 63);
        }
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.0)
    }

    pub(super) fn fill(&self, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
        let mut at = span.begin;
        let mut words = 0;
        for mask in masks {
            if at >= span.end {
                break;
            }
            *mask = 0;
            for group in 0..8 {
                let bits = match haystack.get(at..).and_then(<[u8]>::first_chunk) {
                    Some(block) if at + 8 <= span.end => self.eight(block),
                    _ => self.upto_eight(haystack, at, span.end),
                };
                *mask |= bits << (8 * group);
                at += 8;
            }
            words += 1;
        }
        words
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "at most 8 of 9, known when compiled"
    )]
    fn eight(&self, block: &[u8; 9]) -> u64 {
        let mut bits = 0;
        for place in 0..8 {
            bits |= u64::from(self.holds(block[place], block[place + 1])) << place;
        }
        bits
    }

    fn upto_eight(&self, haystack: &[u8], begin: usize, end: usize) -> u64 {
        let byte = |at: usize| haystack.get(at).copied().unwrap_or(0);
        let places = (0..8).zip(begin..end);
        places.fold(0, |bits, (place, at)| {
            bits | u64::from(self.holds(byte(at), byte(at + 1))) << place
        })
    }

    #[inline]
    fn holds(&self, first: u8, second: u8) -> bool {
        let pair = u16::from_le_bytes([first, second]);
        self.0
            .get(usize::from(pair >> 6))
            .is_some_and(|word| word >> (pair & 63) & 1 != 0)
    }
}
