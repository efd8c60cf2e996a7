//! From a candidate position to the literals that may be there.
//!
//! Literals are keyed by the folded bytes at their window: eight where they are long enough,
//! else four, else what they have. Each width has a table; the literals of one slot of it lie
//! together, each with all that its comparison needs, so that few cache lines are touched.

use super::{hash, literals::Literals};
use crate::PatternId;

/// Bits of a table's filter for each key, as long as the filter leaves room for others in the
/// first-level cache; then half of them.
const FILTER_BITS: usize = 24;
const MIN_FILTER_BITS: usize = 1 << 10;
const LARGE_FILTER_BITS: usize = 1 << 16;
/// Slots for each key: with four, most slots in use have one key; but of many keys half as
/// many are found sooner, since more of them are in a cache.
const SLOTS: usize = 4;
const MANY_KEYS: usize = 1 << 13;

/// Length up to which the first and last eight bytes are all of a literal.
const WHOLE: usize = 16;

/// A literal that has its window at a candidate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// The first eight bytes, or as many as there are; in lower case where case is ignored.
    head: u64,
    /// The last eight bytes, or as `head`.
    tail: u64,
    pub(super) literal: u32,
    /// The pattern that is this literal, if it is the only one and [`Entry::occurs`] is all
    /// that must be known; else [`NOT_ALONE`].
    id: u32,
    /// Where in the literal the window is.
    offset: u16,
    /// Length of the literal.
    length: u16,
    /// All ones where case is ignored, else zero.
    fold: i32,
}

/// No pattern's id: `Patterns` takes fewer.
const NOT_ALONE: u32 = u32::MAX;

/// All literals of a layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    entries: Vec<Entry>,
    /// Those that have keys, the widest first.
    tables: Vec<Table>,
}

/// Candidates that are looked at whether or not there are so many.
pub(super) const GROUP: usize = 4;

/// Bytes of the keys of each table.
const WIDTHS: [usize; 5] = [8, 4, 3, 2, 1];

/// Keys of one width. The high bits of a key's hash number its bit of the filter, and fewer
/// of them its slot.
#[derive(Clone, Debug)]
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

/// Two tables, or one, that are looked up together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a>(&'a [Table]);

/// A window on its way into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Bytes of the key: 8, 4, 3, 2 or 1.
    pub(super) width: usize,
    /// Folded, zeros above `width` bytes.
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

    /// The tables two by two, from the widest keys to the narrowest.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        self.tables.chunks(2).map(Pair)
    }

    /// The entries whose literals may have their window where these folded bytes are, by the
    /// first table of a pair or the second.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn entries(&self, pair: Pair<'_>, table: usize, word: u64) -> &[Entry] {
        let Some(table) = pair.0.get(table) else {
            return &[];
        };
        let (first, end) = table.run(word);
        let entries = self.entries.get(first as usize..end as usize);
        entries.unwrap_or_default()
    }

    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.tables.iter().map(Table::memory).sum::<usize>()
    }
}

impl Pair<'_> {
    /// Which of the first `count` words, the folded bytes at candidates, may be keys: the low N
    /// bits by the first table, N more by the second. One word, so that there is one loop over
    /// both, whose end is mispredicted once. All candidates of a literal come in turn.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn sift<const N: usize>(self, words: &[u64; N], count: usize) -> u64 {
        let used = u64::MAX >> (64 - count.clamp(1, N));
        match self.0 {
            [wide, narrow] => {
                wide.sift(words, count) & used | (narrow.sift(words, count) & used) << N
            }
            [table] => table.sift(words, count) & used,
            _ => 0,
        }
    }

    /// Bytes of the keys of the first table or the second.
    pub(super) fn width(self, table: usize) -> usize {
        self.0.get(table).map_or(0, |table| table.width)
    }
}

impl Entry {
    fn new(window: &Window, literals: &Literals) -> Entry {
        let Some(literal) = literals.get(window.literal) else {
            return Entry::default();
        };
        let bytes = literals.bytes(literal);
        let id = match literals.ids(literal) {
            [id] if bytes.len() <= WHOLE => id.0,
            _ => NOT_ALONE,
        };
        Entry {
            head: hash::word_at(bytes, 0),
            tail: hash::word_at(bytes, bytes.len().saturating_sub(8)),
            literal: window.literal,
            id,
            offset: window.offset,
            length: literal.length(),
            fold: if literal.nocase { -1 } else { 0 },
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
        let fold = i64::from(self.fold).cast_unsigned();
        let head = hash::fold_if(fold, hash::word_at(haystack, start)) ^ self.head;
        let tail = hash::fold_if(fold, hash::word_at(haystack, last)) ^ self.tail;
        let differs = hash::low_bytes(head | tail, length);
        differs == 0 && start <= at && end <= haystack.len() && end > from
    }

    /// The one pattern that occurs where [`Entry::occurs`] holds.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    pub(super) fn only_id(&self) -> Option<PatternId> {
        (self.id != NOT_ALONE).then_some(PatternId(self.id))
    }

    /// Whether it has bytes between the first and the last eight.
    pub(super) fn is_long(&self) -> bool {
        usize::from(self.length) > WHOLE
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
        let share = if keys > MANY_KEYS { SLOTS / 2 } else { SLOTS };
        let slots = (keys * share).next_power_of_two().max(2);
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

    /// A bit for each word of the groups of the first `count` whose key the table may hold.
    #[expect(clippy::inline_always, reason = "a part of the scan's loop")]
    #[inline(always)]
    fn sift<const N: usize>(&self, words: &[u64; N], count: usize) -> u64 {
        let mut kept = 0;
        let groups = words.as_chunks::<GROUP>().0.iter();
        for (group, words) in groups.enumerate().take(count.div_ceil(GROUP)) {
            let mut of_group = 0;
            for (place, word) in words.iter().enumerate() {
                of_group |= u64::from(self.may_hold(*word)) << place;
            }
            kept |= of_group << (group * GROUP);
        }
        kept
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
