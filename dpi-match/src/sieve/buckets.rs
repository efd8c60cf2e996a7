//! From a candidate position to the literals that may be there.
//!
//! Literals are keyed by the lower-cased bytes at their window: eight where they are long enough,
//! else four, else what they have. Each width has a table; the literals of one slot of it lie
//! together, each with all that its comparison needs, so that few cache lines are touched.

use super::{hash, literals::Literals};

/// Bits of a table's filter for each key, as long as the filter leaves room for others in the
/// first-level cache; then half of them.
const FILTER_BITS: usize = 24;
const MIN_FILTER_BITS: usize = 1 << 10;
const LARGE_FILTER_BITS: usize = 1 << 16;
/// Slots for each key: with four, most slots in use have one key.
const SLOTS: usize = 4;

/// A literal that has its window at a candidate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// The first eight bytes, or as many as there are; in lower case where case is ignored.
    head: u64,
    /// The last eight bytes, or as `head`.
    tail: u64,
    pub(super) literal: u32,
    /// Where in the literal the window is.
    offset: u16,
    /// Length of the literal.
    length: u16,
    /// All ones where case is ignored, else zero.
    fold: u64,
}

/// All literals of a layer.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    entries: Vec<Entry>,
    /// Those that have keys, the widest first.
    tables: Vec<Table>,
}

/// Candidates that are looked up in one go.
pub(super) const BLOCK: usize = 32;
/// Candidates that are looked at whether or not there are so many.
pub(super) const GROUP: usize = 4;

/// Bytes of the keys of each table.
const WIDTHS: [usize; 5] = [8, 4, 3, 2, 1];

/// Keys of one width. The high bits of a key's hash number its bit of the filter, and fewer
/// of them its slot.
#[derive(Debug)]
struct Table {
    width: usize,
    /// Ones for the bytes of a key.
    mask: u64,
    /// One bit a hash: most candidates end here. A power of two of words, at least one.
    filter: Vec<u64>,
    filter_shift: u32,
    /// Where each slot's entries begin; the next one's begin is their end. A power of two,
    /// and one more.
    starts: Vec<u32>,
    slot_shift: u32,
}

/// Where looking up ended: tables are gone through from the widest to the narrowest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Bytes of the table's keys.
    pub(super) width: usize,
    /// The candidate's number.
    pub(super) candidate: usize,
}

/// A window on its way into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Bytes of the key: 8, 4, 3, 2 or 1.
    pub(super) width: usize,
    /// In lower case, zeros above `width` bytes.
    pub(super) key: u64,
    pub(super) offset: u16,
    pub(super) literal: u32,
}

impl Buckets {
    pub(super) fn new(windows: &[Window], literals: &Literals) -> Buckets {
        let mut buckets = Buckets::default();
        buckets.entries.reserve_exact(windows.len());
        for width in WIDTHS {
            let mut of_width: Vec<Window> = windows
                .iter()
                .filter(|window| window.width == width)
                .copied()
                .collect();
            if of_width.is_empty() {
                continue;
            }
            // Keys that occur twice are counted twice: the table is a little larger for it.
            let mut table = Table::with_room(width, of_width.len());
            of_width.sort_unstable_by_key(|window| {
                let slot = table.place(hash::mix(window.key));
                // Of one literal, the occurrence that begins first comes first.
                (
                    slot,
                    window.key,
                    std::cmp::Reverse(window.offset),
                    window.literal,
                )
            });
            table.fill(&of_width, buckets.entries.len());
            let entries = of_width.iter().map(|window| Entry::new(window, literals));
            buckets.entries.extend(entries);
            buckets.tables.push(table);
        }
        buckets
    }

    /// Calls `each` with the entries whose literals may have their window at a candidate, and
    /// with the candidate's number. Ends when it returns false, with the place.
    ///
    /// `words` are the lower-cased bytes at the candidates, `count` of them. All candidates of
    /// a literal come in turn.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn look_up(
        &self,
        words: &[u64; BLOCK],
        count: usize,
        mut each: impl FnMut(usize, &[Entry]) -> bool,
    ) -> Result<(), Place> {
        for pair in self.tables.chunks(2) {
            // The bits of both in one word: one loop, whose end is mispredicted once.
            let mut left = pair
                .iter()
                .rev()
                .fold(0, |all, table| all << BLOCK | table.sift(words, count));
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                let candidate = bit % BLOCK;
                let Some(table) = pair.get(bit / BLOCK) else {
                    break;
                };
                let word = words.get(candidate).copied().unwrap_or(0);
                let (first, end) = table.run(word);
                let entries = self.entries.get(first as usize..end as usize);
                if !each(candidate, entries.unwrap_or_default()) {
                    return Err(Place {
                        width: table.width,
                        candidate,
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.tables.iter().map(Table::memory).sum::<usize>()
    }
}

impl Entry {
    fn new(window: &Window, literals: &Literals) -> Entry {
        let Some(literal) = literals.get(window.literal) else {
            return Entry::default();
        };
        let bytes = literals.bytes(literal);
        Entry {
            head: hash::word_at(bytes, 0),
            tail: hash::word_at(bytes, bytes.len().saturating_sub(8)),
            literal: window.literal,
            offset: window.offset,
            length: literal.length(),
            fold: if literal.nocase { u64::MAX } else { 0 },
        }
    }

    /// Whether the first and last eight bytes of an occurrence are there that has its window
    /// at `at`, lies in the haystack and ends behind `from`. If the literal is not
    /// [`Entry::is_long`], it is one.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn occurs(&self, haystack: &[u8], at: usize, from: usize) -> bool {
        let length = usize::from(self.length);
        // Where an occurrence would begin before the haystack, `start` is huge.
        let start = at.wrapping_sub(usize::from(self.offset));
        let end = start.wrapping_add(length);
        let last = start.wrapping_add(length.max(8) - 8);
        let head = hash::fold_if(self.fold, hash::word_at(haystack, start)) ^ self.head;
        let tail = hash::fold_if(self.fold, hash::word_at(haystack, last)) ^ self.tail;
        let differs = hash::low_bytes(head | tail, length);
        differs == 0 && start <= at && end <= haystack.len() && end > from
    }

    /// Whether it has bytes between the first and the last eight.
    pub(super) fn is_long(&self) -> bool {
        self.length > 16
    }

    /// Where an occurrence that has its window at `at` begins and ends.
    pub(super) fn range(&self, at: usize) -> std::ops::Range<usize> {
        let start = at.wrapping_sub(usize::from(self.offset));
        start..start.wrapping_add(usize::from(self.length))
    }
}

impl Table {
    fn with_room(width: usize, keys: usize) -> Table {
        let most = (keys * FILTER_BITS / 2).max(LARGE_FILTER_BITS);
        let bits = (keys * FILTER_BITS)
            .clamp(MIN_FILTER_BITS, most)
            .next_power_of_two();
        let slots = (keys * SLOTS).next_power_of_two().max(2);
        Table {
            width,
            mask: hash::low_bytes(u64::MAX, width),
            filter: vec![0; bits / 64],
            filter_shift: 64 - bits.trailing_zeros(),
            starts: vec![0; slots + 1],
            slot_shift: 64 - slots.trailing_zeros(),
        }
    }

    /// `windows` are sorted by slot; `first` is the place of their first entry.
    fn fill(&mut self, windows: &[Window], first: usize) {
        for window in windows {
            let hash = hash::mix(window.key);
            let bit = hash >> self.filter_shift;
            if let Some(word) = self.filter.get_mut((bit >> 6) as usize) {
                *word |= 1 << (bit & 63);
            }
            let slot = self.place(hash);
            if let Some(next) = self.starts.get_mut(slot + 1) {
                *next += 1;
            }
        }
        let mut sum = u32::try_from(first).unwrap_or(u32::MAX);
        for start in &mut self.starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
    }

    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash >> self.slot_shift).unwrap_or(0)
    }

    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn may_hold(&self, word: u64) -> bool {
        let bit = hash::mix(word & self.mask) >> self.filter_shift;
        // No bit is cut off; the compiler learns that the word is there.
        let index = usize::try_from(bit >> 6).unwrap_or(0) & (self.filter.len() - 1);
        self.filter
            .get(index)
            .is_some_and(|word| word >> (bit & 63) & 1 != 0)
    }

    /// A bit for each of the first `count` words whose key the table may hold.
    ///
    /// Four at a time without branches: they would be mispredicted more often than not, and so
    /// would the end of a loop over each.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn sift(&self, words: &[u64; BLOCK], count: usize) -> u64 {
        let mut kept = 0;
        let groups = words.as_chunks::<GROUP>().0.iter();
        for (group, words) in groups.enumerate().take(count.div_ceil(GROUP)) {
            let mut of_group = 0;
            for (place, word) in words.iter().enumerate() {
                of_group |= u64::from(self.may_hold(*word)) << place;
            }
            kept |= of_group << (group * GROUP);
        }
        kept & (u64::MAX >> (64 - count.clamp(1, BLOCK)))
    }

    /// First entry of the slot of the word's key, and the one behind its last.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn run(&self, word: u64) -> (u32, u32) {
        let slot = self.place(hash::mix(word & self.mask));
        match self.starts.get(slot..).and_then(<[u32]>::first_chunk) {
            Some([first, end]) => (*first, *end),
            None => (0, 0),
        }
    }

    fn memory(&self) -> usize {
        self.filter.capacity() * 8 + self.starts.capacity() * 4
    }
}
