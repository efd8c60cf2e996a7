//! The different literals of a set, in one arena, and their exact comparison.

use std::ops::Range;

use super::hash;
use crate::{Pattern, PatternId};

/// All literals of a matcher; equal patterns are one literal with several ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Literals {
    bytes: Vec<u8>,
    all: Vec<Literal>,
    /// Ids, grouped by literal.
    ids: Vec<PatternId>,
    /// Literal by id.
    of: Vec<u32>,
    reach: usize,
}

/// One literal. `layer`, `width` and `offset` are set when the layers are built.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    at: u32,
    first_id: u32,
    ids: u32,
    length: u16,
    pub(super) nocase: bool,
    /// The layer that finds it.
    pub(super) layer: u8,
    /// Bytes of the key by which it is found.
    pub(super) width: u8,
    /// Offset of the first of its windows.
    pub(super) offset: u16,
}

impl Literals {
    /// Sorts out equal patterns; those without regard to case are kept in lower case.
    pub(super) fn new(patterns: &[Pattern]) -> Literals {
        let mut keys: Vec<(Box<[u8]>, bool, u32)> = (0u32..)
            .zip(patterns)
            .map(|(id, pattern)| {
                let nocase = pattern.nocase && pattern.bytes.iter().any(u8::is_ascii_alphabetic);
                let bytes = if nocase {
                    pattern.bytes.to_ascii_lowercase().into()
                } else {
                    pattern.bytes.clone()
                };
                (bytes, nocase, id)
            })
            .collect();
        keys.sort_unstable();
        let mut set = Literals {
            of: vec![0; patterns.len()],
            ..Literals::default()
        };
        let mut last: Option<(&[u8], bool)> = None;
        for (bytes, nocase, id) in &keys {
            if last != Some((bytes, *nocase)) {
                last = Some((bytes, *nocase));
                set.push(bytes, *nocase);
            }
            set.push_id(PatternId(*id));
        }
        set.bytes.shrink_to_fit();
        set.all.shrink_to_fit();
        set
    }

    /// Lengths and counts fit their types: `Patterns` has checked them.
    fn push(&mut self, bytes: &[u8], nocase: bool) {
        self.reach = self.reach.max(bytes.len());
        self.all.push(Literal {
            at: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
            first_id: u32::try_from(self.ids.len()).unwrap_or(u32::MAX),
            ids: 0,
            length: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
            nocase,
            layer: 0,
            width: 0,
            offset: 0,
        });
        self.bytes.extend_from_slice(bytes);
    }

    fn push_id(&mut self, id: PatternId) {
        let index = self.all.len().saturating_sub(1);
        if let (Some(literal), Some(of)) = (self.all.last_mut(), self.of.get_mut(id.0 as usize)) {
            literal.ids = literal.ids.saturating_add(1);
            *of = u32::try_from(index).unwrap_or(u32::MAX);
            self.ids.push(id);
        }
    }

    /// Length of the longest literal.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }

    /// Bytes of all literals together.
    pub(super) fn total_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Literal> {
        self.all.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Literal> {
        self.all.get_mut(index as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Literal)> {
        (0u32..).zip(&self.all)
    }

    pub(super) fn bytes(&self, literal: &Literal) -> &[u8] {
        let at = literal.at as usize;
        self.bytes.get(at..at + literal.len()).unwrap_or_default()
    }

    /// The patterns that are this literal.
    pub(super) fn ids(&self, literal: &Literal) -> &[PatternId] {
        let first = literal.first_id as usize;
        let range: Range<usize> = first..first + literal.ids as usize;
        self.ids.get(range).unwrap_or_default()
    }

    /// The literal of a pattern.
    pub(super) fn of(&self, id: PatternId) -> Option<&Literal> {
        self.of
            .get(id.0 as usize)
            .and_then(|index| self.get(*index))
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.all.capacity() * size_of::<Literal>()
            + self.ids.capacity() * 4
            + self.of.capacity() * 4
    }

    /// Whether `window` is an occurrence of the literal, and how many groups of eight bytes
    /// it took to know.
    pub(super) fn compare(&self, literal: &Literal, window: &[u8]) -> (bool, u64) {
        let bytes = self.bytes(literal);
        if bytes.len() != window.len() {
            return (false, 0);
        }
        if literal.nocase {
            compare(bytes, window, hash::to_lower)
        } else {
            compare(bytes, window, |word| word)
        }
    }
}

impl Literal {
    pub(super) fn len(&self) -> usize {
        usize::from(self.length)
    }

    pub(super) fn length(&self) -> u16 {
        self.length
    }
}

#[inline]
fn compare(bytes: &[u8], window: &[u8], fold: impl Fn(u64) -> u64) -> (bool, u64) {
    let (groups, rest) = bytes.as_chunks::<8>();
    let (window_groups, window_rest) = window.as_chunks::<8>();
    let mut steps = 0;
    for (group, found) in groups.iter().zip(window_groups) {
        steps += 1;
        if u64::from_le_bytes(*group) != fold(u64::from_le_bytes(*found)) {
            return (false, steps);
        }
    }
    let equal = hash::padded(rest) == fold(hash::padded(window_rest));
    (equal, steps)
}
