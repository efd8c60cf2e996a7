//! A set of types.

use super::stock::STOCK;

/// Bits of a set.
const BITS: usize = 256;
/// Types that rules can define beside those that are known anyway.
pub(super) const OWN_BITS: usize = BITS - STOCK.len();

const _: () = assert!(STOCK.len() <= 64, "they are all in the first word");

/// A set of types: what a file may be, or what a rule asks for.
///
/// What the bits of own types mean hangs on the definitions. A set keeps their
/// generation, so that one made by the definitions of before is never taken for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileTypes {
    bits: [u64; BITS / 64],
    /// Of the definitions that gave own types their bits; 0 in a set without any.
    generation: u64,
}

impl FileTypes {
    /// The type with a bit, which is an own one of this generation from `STOCK.len()` on.
    pub(super) fn of_bit(bit: usize, generation: u64) -> FileTypes {
        let mut types = FileTypes::default();
        if let Some(word) = types.bits.get_mut(bit / 64) {
            *word = 1 << (bit % 64);
        }
        if bit >= STOCK.len() {
            types.generation = generation;
        }
        types
    }

    /// The types of both. Of own types by different definitions those of `more` are left out.
    #[must_use]
    pub fn and(self, more: FileTypes) -> FileTypes {
        let generation = match (self.generation, more.generation) {
            (0, generation) | (generation, _) => generation,
        };
        let more = if more.generation == 0 || more.generation == generation {
            more.bits
        } else {
            more.stock_bits()
        };
        let mut bits = self.bits;
        for (word, more) in bits.iter_mut().zip(more) {
            *word |= more;
        }
        FileTypes { bits, generation }
    }

    /// Whether one type is in both. Own types by different definitions are different types.
    pub fn intersects(self, other: FileTypes) -> bool {
        let (ours, theirs) = if self.generation == other.generation {
            (self.bits, other.bits)
        } else {
            (self.stock_bits(), other.stock_bits())
        };
        ours.iter().zip(theirs).any(|(a, b)| a & b != 0)
    }

    /// Whether there is no type in it.
    pub fn is_empty(self) -> bool {
        self == FileTypes::default()
    }

    /// Without own types.
    fn stock_bits(self) -> [u64; BITS / 64] {
        let [first, ..] = self.bits;
        let mut bits = [0; BITS / 64];
        bits[0] = first & ((1 << STOCK.len()) - 1);
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_types_by_different_definitions_are_different() {
        let stock = FileTypes::of_bit(0, 1);
        let (own, later) = (FileTypes::of_bit(200, 1), FileTypes::of_bit(200, 2));
        for (a, b, expected) in [
            (stock, stock, true),
            (stock, FileTypes::of_bit(0, 2), true),
            (stock, FileTypes::of_bit(1, 1), false),
            (own, own, true),
            (own, later, false),
            (own, stock, false),
            (own.and(stock), later.and(stock), true),
            (own.and(stock), stock, true),
            (stock.and(own), own, true),
            (stock.and(later).and(own), later, true),
            (stock.and(later).and(own), own, false),
            (own, FileTypes::of_bit(255, 1), false),
            (own, FileTypes::of_bit(STOCK.len(), 1), false),
            (FileTypes::default(), own, false),
        ] {
            assert_eq!(a.intersects(b), expected, "{a:?} {b:?}");
            assert_eq!(b.intersects(a), expected, "{b:?} {a:?}");
        }
        assert_eq!(own.and(later), own);
        assert_eq!(FileTypes::of_bit(BITS, 1).bits, [0; 4], "no such bit");
    }
}
