//! The number of a selected workload.

/// Number of a selected workload, 1 to 2²⁴−1.
///
/// Zero means "nobody" in maps and is never a slot, so that a hash that carries a slot
/// is never zero either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Slot(u32);

impl Slot {
    /// Bits that a slot takes in [`SkbHash`](crate::SkbHash).
    pub const BITS: u32 = 24;
    /// The largest slot.
    pub const MAX: Slot = Slot((1 << Self::BITS) - 1);

    /// `number` as a slot; `None` for 0 and for more than 24 bits.
    #[inline]
    pub const fn new_checked(number: u32) -> Option<Slot> {
        if number == 0 || number > Self::MAX.0 {
            None
        } else {
            Some(Slot(number))
        }
    }

    /// The number.
    #[inline]
    pub const fn get(self) -> u32 {
        self.0
    }
}
