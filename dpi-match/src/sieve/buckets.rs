//! From a candidate position to the literals that may be there.
//!
//! Literals are keyed by the lower-cased bytes at their window: eight where they are long enough,
//! else four, else what they have. Each width has a table; each key's literals lie together.

use super::hash;

/// Bits of a table's filter for each key.
const FILTER_BITS: usize = 24;
const MIN_FILTER_BITS: usize = 1024;

/// A literal that has its window at a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) literal: u32,
    /// Where in the literal the window is.
    pub(super) offset: u16,
    /// Length of the literal.
    pub(super) length: u16,
    /// The literal's last four bytes in lower case; of a shorter one, nothing.
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
    has_short: bool,
}

/// Keys of one width. The high bits of a key's hash number its bit of the filter, and fewer
/// of them its slot.
#[derive(Debug)]
struct Table {
    /// One bit a hash: most candidates end here. A power of two of words, at least one.
    filter: Vec<u64>,
    filter_shift: u32,
    /// Open addressing, a power of two, at least two; an unused one has no entries.
    slots: Vec<Slot>,
    slot_shift: u32,
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
    /// In lower case, zeros above `width` bytes.
    pub(super) key: u64,
    /// Negative offset: of one literal, the occurrence that begins first comes first.
    pub(super) offset: std::cmp::Reverse<u16>,
    pub(super) literal: u32,
    /// As in [`Entry`].
    pub(super) length: u16,
    /// As in [`Entry`].
    pub(super) tail: u32,
}

/// Whether a candidate passed the filters: a bit for each table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed(u8);

const WIDE: u8 = 1;
const NARROW: u8 = 2;
/// Three bytes; the next bits are those of two and of one.
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
                    buckets.has_short = true;
                    if let Some(short) = buckets.short.iter_mut().rev().nth(width - 1) {
                        *short = table;
                    }
                }
            }
        }
        buckets.entries.shrink_to_fit();
        buckets
    }

    /// Which tables may hold a literal with this lower-cased word at its window.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn passes(&self, word: u64) -> Passed {
        let wide = self.wide.may_hold(word);
        let narrow = self.narrow.may_hold(hash::low_bytes(word, 4));
        let mut passed = (u8::from(wide) * WIDE) | (u8::from(narrow) * NARROW);
        if self.has_short {
            for (place, (width, table)) in self.short_tables() {
                let may = table.may_hold(hash::low_bytes(word, width));
                passed |= u8::from(may) * (SHORT << place);
            }
        }
        Passed(passed)
    }

    /// Place, width and table.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn short_tables(&self) -> impl Iterator<Item = (usize, (usize, &Table))> {
        (1..4).rev().zip(&self.short).enumerate()
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
        if passed.0 & NARROW != 0 {
            let key = hash::low_bytes(word, 4);
            if !self.narrow.look_up(&self.entries, key, each) {
                return false;
            }
        }
        if passed.0 >= SHORT {
            for (place, (width, table)) in self.short_tables() {
                let key = hash::low_bytes(word, width);
                if passed.0 & SHORT << place != 0 && !table.look_up(&self.entries, key, each) {
                    return false;
                }
            }
        }
        // Last: of one literal, the windows with fewer bytes behind them are those of
        // occurrences that begin earlier.
        if passed.0 & WIDE != 0 && !self.wide.look_up(&self.entries, word, each) {
            return false;
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

impl Default for Table {
    fn default() -> Table {
        Table::with_room(0)
    }
}

impl Table {
    fn with_room(keys: usize) -> Table {
        let bits = (keys * FILTER_BITS)
            .next_power_of_two()
            .max(MIN_FILTER_BITS);
        let slots = (keys + keys / 3 + 1).next_power_of_two().max(2);
        Table {
            filter: vec![0; bits / 64],
            filter_shift: 64 - bits.trailing_zeros(),
            slots: vec![Slot::default(); slots],
            slot_shift: 64 - slots.trailing_zeros(),
        }
    }

    /// `windows` are sorted and of one width; `first` is the place of their first entry.
    fn new(windows: &[Window], first: usize) -> Table {
        let mut table = Table::with_room(windows.chunk_by(|a, b| a.key == b.key).count());
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

    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash >> self.slot_shift).unwrap_or(0)
    }

    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn may_hold(&self, key: u64) -> bool {
        let bit = hash::mix(key) >> self.filter_shift;
        // No bit is cut off; the compiler learns that the word is there.
        let index = usize::try_from(bit >> 6).unwrap_or(0) & (self.filter.len() - 1);
        self.filter
            .get(index)
            .is_some_and(|word| word >> (bit & 63) & 1 != 0)
    }

    /// Ends: at most three quarters of the slots are taken.
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
