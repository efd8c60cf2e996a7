//! How often byte sequences occur in traffic, to search for the rarest part of a literal.
//!
//! A table of byte pairs with case folded, of four kinds of files that weigh the same, made by
//! `cargo run -p dpi-match-bench --bin bigrams -- dpi-match/src/sieve/bigrams.bin html=DIR
//! js=DIR json=DIR binary=DIR`. The one here is of the Rust book as HTML, a dozen scripts
//! (jQuery, those of rustdoc), the test objects of `k8s.io/api` as JSON, and the programs of
//! a Debian 12. It decides speed only, never what is found.

use std::sync::LazyLock;

/// For each pair of symbols, −log₂ of its share of all pairs, in eighths, at most 255.
static PAIRS: &[u8; SYMBOLS * SYMBOLS] = include_bytes!("bigrams.bin");

/// Byte values once bit 5 is taken out.
const SYMBOLS: usize = 128;

/// Estimates of the share of positions at which a window begins.
#[derive(Debug)]
pub(super) struct Frequency {
    /// −log₂ of the share of a symbol.
    bits: [f32; SYMBOLS],
    /// The share of a symbol.
    shares: [f32; SYMBOLS],
}

/// Computed once.
static FREQUENCY: LazyLock<Frequency> = LazyLock::new(Frequency::new);

/// A byte without bit 5.
fn symbol(byte: u8) -> usize {
    usize::from(byte & 0x1f | byte >> 1 & 0x60)
}

impl Frequency {
    pub(super) fn get() -> &'static Frequency {
        &FREQUENCY
    }

    fn new() -> Frequency {
        let mut shares = [0f32; SYMBOLS];
        for (row, sum) in PAIRS.chunks_exact(SYMBOLS).zip(&mut shares) {
            *sum = row
                .iter()
                .map(|eighths| share(f32::from(*eighths) / 8.0))
                .sum();
        }
        Frequency {
            bits: shares.map(|share| -share.log2()),
            shares,
        }
    }

    /// The share of positions at which these bytes begin, in either case, by the shares of
    /// its pairs: each byte depends on the one before. To within 6 %, in a few cycles.
    pub(super) fn share(&self, window: &[u8]) -> f32 {
        // The exponent and the fraction of a float number are its logarithm, nearly.
        let bits = self.bits_of(window).clamp(0.0, 120.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 2^25 and 2^30"
        )]
        let number = ((127.0 - bits) * 8_388_608.0) as u32;
        f32::from_bits(number)
    }

    /// −log₂ of [`Frequency::share`].
    fn bits_of(&self, window: &[u8]) -> f32 {
        let mut bits = window.first().map_or(0.0, |byte| self.bits(*byte));
        for pair in window.windows(2) {
            if let [a, b] = *pair {
                bits += pair_bits(a, b) - self.bits(a);
            }
        }
        bits
    }

    /// The share of one byte, in either case.
    pub(super) fn byte(&self, byte: u8) -> f32 {
        self.shares.get(symbol(byte)).copied().unwrap_or(0.0)
    }

    fn bits(&self, byte: u8) -> f32 {
        self.bits.get(symbol(byte)).copied().unwrap_or(0.0)
    }
}

fn pair_bits(a: u8, b: u8) -> f32 {
    let eighths = PAIRS.get(symbol(a) * SYMBOLS + symbol(b)).copied();
    f32::from(eighths.unwrap_or(0)) / 8.0
}

fn share(bits: f32) -> f32 {
    (-bits).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_text_is_common_and_case_does_not_count() {
        let frequency = Frequency::get();
        assert!(frequency.share(b"the ") > 20.0 * frequency.share(b"zqxj"));
        assert!(frequency.share(b"http") > 20.0 * frequency.share(b"\x91\xd3qz"));
        assert!((frequency.share(b"HtTp") - frequency.share(b"http")).abs() < f32::EPSILON);
        let all: f32 = (0..SYMBOLS).map(|symbol| frequency.shares[symbol]).sum();
        assert!((all - 1.0).abs() < 0.05, "{all}");
    }
}
