//! A bitmap of byte pairs: for many literals of one or two bytes.

use super::{Masks, Part, Span, fill_each};

/// One bit for each pair of bytes, 8 KiB.
#[derive(Debug)]
pub(in crate::sieve) struct Pairs(Box<[u64]>);

const WORDS: usize = 65_536 / 64;

impl Pairs {
    pub(in crate::sieve) fn new<'a>(parts: impl Iterator<Item = Part<'a>>) -> Pairs {
        let mut pairs = Pairs(vec![0; WORDS].into());
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

    pub(super) fn fill(&self, haystack: &[u8], span: Span, masks: &mut Masks) -> usize {
        let byte = |at: usize| haystack.get(at).copied().unwrap_or(0);
        let mut second = byte(span.begin);
        fill_each(span, masks, |at| {
            let first = second;
            second = byte(at + 1);
            let pair = u16::from_le_bytes([first, second]);
            self.0
                .get(usize::from(pair >> 6))
                .is_some_and(|word| word >> (pair & 63) & 1 != 0)
        })
    }
}
