//! Words of eight bytes: loading, folding of case, hashing.
//!
//! Three foldings: [`fold`] sets the bit in which the cases of a letter differ in every byte.
//! It also makes NUL a space, so it may only ever choose candidates, as filters do.
//! [`fold_key`] tells these two apart. [`to_lower`] is exact.

/// Bit 5 of every byte.
const CASE: u64 = 0x2020_2020_2020_2020;
const LOW7: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Fewer than eight bytes as a word, zeros behind them.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn padded(bytes: &[u8]) -> u64 {
    match *bytes {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, ref rest @ ..] => {
            let low = u64::from(u32::from_le_bytes([a, b, c, d]));
            let high = rest
                .iter()
                .take(4)
                .rev()
                .fold(0u64, |word, byte| word << 8 | u64::from(*byte));
            low | high << 32
        }
    }
}

/// The eight bytes at `at`, with zeros for those that lie behind the end.
///
/// Near the end the last eight are loaded and shifted: where a position lies in a short
/// haystack is not predictable, so that a branch on it would be mispredicted.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn word_at(haystack: &[u8], at: usize) -> u64 {
    let Some(last) = haystack.len().checked_sub(8) else {
        return haystack.get(at..).map_or(0, padded);
    };
    let begin = at.min(last);
    let word = haystack.get(begin..).and_then(<[u8]>::first_chunk);
    let word = word.map_or(0, |word| u64::from_le_bytes(*word));
    let behind = at - begin;
    // In two steps, since a shift by 64 bits is none; of a place far behind nothing is left.
    let shift = behind.min(8) * 4;
    word >> shift >> shift
}

/// For candidates: letters of either case become equal, and so do some other bytes.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn fold(word: u64) -> u64 {
    word | CASE
}

/// For keys: as [`fold`], but only where bit 6 is set, so that a NUL is no space.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn fold_key(word: u64) -> u64 {
    word | word >> 1 & CASE
}

/// ASCII upper case to lower case, every other byte as it is.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn to_lower(word: u64) -> u64 {
    fold_if(u64::MAX, word)
}

/// [`to_lower`] where `fold` is all ones, the word as it is where it is zero.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn fold_if(fold: u64, word: u64) -> u64 {
    let low = word & LOW7;
    // Bit 7 of a byte says whether it is at least `A`, and whether it is beyond `Z`.
    let from_a = low + ONES * (0x80 - 0x41);
    let behind_z = low + ONES * (0x7f - 0x5a);
    let upper = (from_a & !behind_z) & !word & HIGH;
    word | upper >> 2 & fold
}

/// The low `width` bytes of a word, 1 to 8.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn low_bytes(word: u64, width: usize) -> u64 {
    word & (u64::MAX >> (64 - 8 * width.clamp(1, 8)))
}

/// A hash whose high bits are good: they depend on every bit of the word.
#[expect(clippy::inline_always, reason = "a part of the scan's loop")]
#[inline(always)]
pub(super) fn mix(word: u64) -> u64 {
    word.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_is_exact_for_every_byte_at_every_place() {
        for place in 0..8 {
            for byte in 0..=255u8 {
                let mut bytes = *b"aZ\x00\xff[@`{";
                bytes[place] = byte;
                let lower = to_lower(u64::from_le_bytes(bytes));
                assert_eq!(lower.to_le_bytes(), bytes.map(|b| b.to_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn bytes_behind_the_end_are_zeros() {
        let bytes = *b"12345678";
        for length in 0..=8 {
            for at in 0..10 {
                let mut expected = [0; 8];
                for (to, from) in expected.iter_mut().zip(bytes[..length].iter().skip(at)) {
                    *to = *from;
                }
                assert_eq!(
                    word_at(&bytes[..length], at).to_le_bytes(),
                    expected,
                    "{at} of {length}"
                );
            }
        }
    }
}
