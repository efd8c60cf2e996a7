//! From a candidate position to the literals that may be there.
//!
//! Literals are keyed by the folded bytes at their window: eight where they are long enough,
//! else four, else what they have. Each key's literals lie together.

use super::hash;

/// A literal that has its window at a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) literal: u32,
    /// Where in the literal the window is.
    pub(super) offset: u16,
    /// Length of the literal.
    pub(super) length: u16,
    /// The literal's last four bytes, folded; of a shorter one, nothing.
    pub(super) tail: u32,
}

/// All literals of a layer.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    entries: Vec<Entry>,
    /// By eight bytes.
    wide: Table,
    /// By four bytes.
    narrow: Table,
    /// By three, two and one bytes.
    short: [Table; 3],
}

/// Keys of one width.
#[derive(Debug, Default)]
struct Table {
    /// One bit a hash: most candidates end here. A power of two of words.
    filter: Vec<u64>,
    filter_shift: u32,
    /// Open addressing, a power of two; an unused one has no entries.
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    first: u32,
    count: u32,
}

/// A window on its way into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    /// Bytes of the key: 8, 4, 3, 2 or 1.
    pub(super) width: usize,
    /// Folded, zeros above `width` bytes.
    pub(super) key: u64,
    /// Negative offset: of one literal, the occurrence that begins first comes first.
    pub(super) offset: std::cmp::Reverse<u16>,
    pub(super) literal: u32,
    /// As in [`Entry`].
    pub(super) length: u16,
    /// As in [`Entry`].
    pub(super) tail: u32,
}

/// Whether a candidate passed the filters, by table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed(u8);

const WIDE: u8 = 1;
const NARROW: u8 = 2;
const SHORT: u8 = 4;

impl Buckets {
    pub(super) fn new(mut windows: Vec<Window>) -> Buckets {
        windows.sort_unstable();
        windows.dedup();
        let mut buckets = Buckets::default();
        for run in windows.chunk_by(|a, b| a.width == b.width) {
            let Some(width) = run.first().map(|window| window.width) else {
                continue;
            };
            let table = Table::new(run, buckets.entries.len());
            buckets.entries.extend(run.iter().map(|window| Entry {
                literal: window.literal,
                offset: window.offset.0,
                length: window.length,
                tail: window.tail,
            }));
            match width {
                8 => buckets.wide = table,
                4 => buckets.narrow = table,
                _ => {
                    if let Some(short) = buckets.short.get_mut(width.saturating_sub(1)) {
                        *short = table;
                    }
                }
            }
        }
        buckets.entries.shrink_to_fit();
        buckets
    }

    /// Which tables may hold a literal with this folded word at its window.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn passes(&self, word: u64) -> Passed {
        let mut passed = 0;
        if self.wide.may_hold(word) {
            passed |= WIDE;
        }
        if self.narrow.may_hold(hash::low_bytes(word, 4)) {
            passed |= NARROW;
        }
        let short = &self.short;
        if (1..).zip(short).any(|(width, table)| {
            !table.slots.is_empty() && table.may_hold(hash::low_bytes(word, width))
        }) {
            passed |= SHORT;
        }
        Passed(passed)
    }

    /// Calls `each` with every literal that has this folded word at its window, until it
    /// returns false; false if it did.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn look_up(
        &self,
        word: u64,
        passed: Passed,
        each: &mut impl FnMut(Entry) -> bool,
    ) -> bool {
        if passed.0 & WIDE != 0 && !self.wide.look_up(&self.entries, word, each) {
            return false;
        }
        if passed.0 & NARROW != 0 {
            let key = hash::low_bytes(word, 4);
            if !self.narrow.look_up(&self.entries, key, each) {
                return false;
            }
        }
        if passed.0 & SHORT != 0 {
            for (width, table) in (1..).zip(&self.short) {
                if !table.look_up(&self.entries, hash::low_bytes(word, width), each) {
                    return false;
                }
            }
        }
        true
    }

    pub(super) fn memory(&self) -> usize {
        let tables = [&self.wide, &self.narrow].into_iter().chain(&self.short);
        self.entries.capacity() * size_of::<Entry>() + tables.map(Table::memory).sum::<usize>()
    }
}

impl Passed {
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn any(self) -> bool {
        self.0 != 0
    }
}

impl Table {
    /// `windows` are sorted and of one width; `first` is the place of their first entry.
    fn new(windows: &[Window], first: usize) -> Table {
        let keys = windows.chunk_by(|a, b| a.key == b.key).count();
        let filter_bits = (keys * 16).next_power_of_two().max(64);
        let capacity = (keys * 2).next_power_of_two();
        let mut table = Table {
            filter: vec![0; filter_bits / 64],
            filter_shift: 64 - filter_bits.trailing_zeros(),
            slots: vec![Slot::default(); capacity],
        };
        let mut first = u32::try_from(first).unwrap_or(u32::MAX);
        for run in windows.chunk_by(|a, b| a.key == b.key) {
            let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
            if let Some(window) = run.first() {
                table.insert(Slot {
                    key: window.key,
                    first,
                    count,
                });
            }
            first = first.saturating_add(count);
        }
        table
    }

    fn insert(&mut self, slot: Slot) {
        let hash = hash::mix(slot.key);
        let bit = hash >> self.filter_shift;
        if let Some(word) = self.filter.get_mut((bit >> 6) as usize) {
            *word |= 1 << (bit & 63);
        }
        let mut at = self.place(hash);
        while let Some(taken) = self.slots.get(at)
            && taken.count > 0
        {
            at = (at + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(at) {
            *free = slot;
        }
    }

    /// Low bits, since the filter uses the high ones. There is a slot.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & (self.slots.len().wrapping_sub(1))
    }

    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn may_hold(&self, key: u64) -> bool {
        let bit = hash::mix(key) >> self.filter_shift;
        self.filter
            .get((bit >> 6) as usize)
            .is_some_and(|word| word >> (bit & 63) & 1 != 0)
    }

    /// Ends: at most half of the slots are taken.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn look_up(&self, entries: &[Entry], key: u64, each: &mut impl FnMut(Entry) -> bool) -> bool {
        let mut at = self.place(hash::mix(key));
        while let Some(slot) = self.slots.get(at) {
            if slot.count == 0 {
                return true;
            }
            if slot.key == key {
                let first = slot.first as usize;
                let found = entries.get(first..first + slot.count as usize);
                return found.unwrap_or_default().iter().all(|entry| each(*entry));
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        true
    }

    fn memory(&self) -> usize {
        self.filter.capacity() * 8 + self.slots.capacity() * size_of::<Slot>()
    }
}
