//! Sets of bytes, as the atoms of expressions are.

use std::fmt;

/// A bit for each byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ByteSet([u128; 2]);

impl ByteSet {
    pub(super) const ALL: ByteSet = ByteSet([u128::MAX; 2]);

    pub(super) fn of(member: impl Fn(u8) -> bool) -> ByteSet {
        let half = |first: u8| {
            (0..128).fold(0, |bits, place| {
                bits | u128::from(member(first + place)) << place
            })
        };
        ByteSet([half(0), half(128)])
    }

    pub(super) fn one(byte: u8) -> ByteSet {
        let bit = 1 << (byte & 127);
        ByteSet(if byte < 128 { [bit, 0] } else { [0, bit] })
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        let [low, high] = self.0;
        let half = if byte < 128 { low } else { high };
        half >> (byte & 127) & 1 != 0
    }

    /// The only byte, if there is only one.
    pub(super) fn single(&self) -> Option<u8> {
        let [low, high] = self.0;
        let byte = match (low.count_ones(), high.count_ones()) {
            (1, 0) => low.trailing_zeros(),
            (0, 1) => 128 + high.trailing_zeros(),
            _ => return None,
        };
        u8::try_from(byte).ok()
    }

    pub(super) fn or(self, other: ByteSet) -> ByteSet {
        let ([a, b], [c, d]) = (self.0, other.0);
        ByteSet([a | c, b | d])
    }

    pub(super) fn not(self) -> ByteSet {
        ByteSet(self.0.map(|half| !half))
    }

    /// With the other case of each ASCII letter.
    pub(super) fn with_both_cases(self) -> ByteSet {
        const UPPER: u128 = 0x3ff_ffff << b'A';
        let [low, high] = self.0;
        let others = (low & UPPER) << 32 | (low & UPPER << 32) >> 32;
        ByteSet([low | others, high])
    }

    /// What a letter behind a backslash stands for, in a class or not; `None` for what is not
    /// a set, and for what stands for itself.
    pub(super) fn escape(letter: u8) -> Option<ByteSet> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        Some(match letter {
            b'a' => ByteSet::one(7),
            b'e' => ByteSet::one(27),
            b'f' => ByteSet::one(12),
            b'n' => ByteSet::one(b'\n'),
            b'r' => ByteSet::one(b'\r'),
            b't' => ByteSet::one(b'\t'),
            b'd' => ByteSet::of(|byte| byte.is_ascii_digit()),
            b's' => ByteSet::of(is_space),
            b'w' => ByteSet::of(word),
            b'h' => ByteSet::of(|byte| matches!(byte, b'\t' | b' ' | 0xa0)),
            b'v' => ByteSet::of(|byte| matches!(byte, 10..=13 | 0x85)),
            b'D' | b'S' | b'W' | b'H' | b'V' => {
                return ByteSet::escape(letter.to_ascii_lowercase()).map(ByteSet::not);
            }
            _ => return None,
        })
    }

    /// The class of that name between `[:` and `:]`.
    pub(super) fn posix(name: &[u8]) -> Option<ByteSet> {
        Some(match name {
            b"alpha" => ByteSet::of(|byte| byte.is_ascii_alphabetic()),
            b"digit" => ByteSet::of(|byte| byte.is_ascii_digit()),
            b"alnum" => ByteSet::of(|byte| byte.is_ascii_alphanumeric()),
            b"upper" => ByteSet::of(|byte| byte.is_ascii_uppercase()),
            b"lower" => ByteSet::of(|byte| byte.is_ascii_lowercase()),
            b"space" => ByteSet::of(is_space),
            b"blank" => ByteSet::of(|byte| matches!(byte, b' ' | b'\t')),
            b"cntrl" => ByteSet::of(|byte| byte.is_ascii_control()),
            b"graph" => ByteSet::of(|byte| byte.is_ascii_graphic()),
            b"print" => ByteSet::of(|byte| byte.is_ascii_graphic() || byte == b' '),
            b"punct" => ByteSet::of(|byte| byte.is_ascii_punctuation()),
            b"word" => ByteSet::of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            b"xdigit" => ByteSet::of(|byte| byte.is_ascii_hexdigit()),
            b"ascii" => ByteSet::of(|byte| byte.is_ascii()),
            _ => return None,
        })
    }
}

/// Space, and the five control characters from tab to carriage return.
fn is_space(byte: u8) -> bool {
    matches!(byte, 9..=13 | b' ')
}

/// As the `regex` crate reads it.
impl fmt::Display for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(byte) = self.single() {
            return write!(f, "\\x{byte:02X}");
        }
        write!(f, "[")?;
        let mut byte = 0u16;
        while byte < 256 {
            let first = byte;
            while byte < 256 && u8::try_from(byte).is_ok_and(|byte| self.contains(byte)) {
                byte += 1;
            }
            if byte > first {
                write!(f, "\\x{first:02X}-\\x{:02X}", byte - 1)?;
            }
            byte += 1;
        }
        write!(f, "]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_its_own_set_and_has_its_other_case() {
        for byte in 0..=255u8 {
            let one = ByteSet::one(byte);
            assert_eq!(one, ByteSet::of(|other| other == byte));
            assert_eq!(one.single(), Some(byte));
            let both = ByteSet::of(|other| other.eq_ignore_ascii_case(&byte));
            assert_eq!(one.with_both_cases(), both, "{byte}");
        }
        assert_eq!(ByteSet::default().single(), None);
        assert_eq!(ByteSet::one(1).or(ByteSet::one(200)).single(), None);
    }
}
