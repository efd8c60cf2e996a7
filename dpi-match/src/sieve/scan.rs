//! The layers over a haystack, chunk by chunk.

use super::{
    buckets::{Entry, Passed},
    filter::{CHUNK, Masks, Span},
    hash,
    kernel::{self, Form},
    layer::Layer,
    literals::Literals,
    takeover::Takeover,
};
use crate::{MpmStats, PatternId};

/// Where occurrences go.
pub(super) trait Sink {
    /// Whether an occurrence of the pattern would be used.
    fn wants(&self, id: PatternId) -> bool;
    /// Takes an occurrence; returns whether to go on.
    fn found(&mut self, id: PatternId, end: usize, length: usize) -> bool;
}

/// Candidates of one chunk.
#[derive(Debug)]
pub(crate) struct Queue {
    masks: Masks,
    /// Offsets from the chunk's begin. Writing groups of four may go beyond those in use.
    at: [u16; CHUNK + 64],
    passed: [Passed; CHUNK + 64],
}

/// One scan.
pub(super) struct Run<'a, S> {
    pub(super) form: Form,
    pub(super) literals: &'a Literals,
    pub(super) layers: &'a [Layer],
    pub(super) haystack: &'a [u8],
    pub(super) from: usize,
    /// Comparisons that may still be made.
    pub(super) left: u64,
    pub(super) stats: &'a mut MpmStats,
    pub(super) takeover: &'a Takeover,
    pub(super) sink: &'a mut S,
}

/// How a layer left a chunk.
pub(super) enum Outcome {
    Done,
    /// The caller has had enough.
    Stopped,
    /// The allowance is used up; this position and those behind it are not looked at.
    Exhausted(usize),
}

impl<S: Sink> Run<'_, S> {
    /// Reports every occurrence that ends behind `from`.
    pub(super) fn all(&mut self, queue: &mut Queue) {
        kernel::with_bit_instructions(self.form, || self.every_chunk(queue));
    }

    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each set of instructions"
    )]
    #[inline(always)]
    fn every_chunk(&mut self, queue: &mut Queue) {
        let begin = self.layers.iter().map(|layer| self.begin(layer)).min();
        let Some(begin) = begin else { return };
        for chunk in (begin..self.haystack.len()).step_by(CHUNK) {
            for (index, layer) in self.layers.iter().enumerate() {
                match self.chunk(layer, chunk, queue) {
                    Outcome::Done => {}
                    Outcome::Stopped => return,
                    Outcome::Exhausted(at) => {
                        let stops = self.layers.iter().enumerate().map(|(other, _)| {
                            match other.cmp(&index) {
                                std::cmp::Ordering::Less => chunk + CHUNK,
                                std::cmp::Ordering::Equal => at,
                                std::cmp::Ordering::Greater => chunk,
                            }
                        });
                        let stops: Vec<usize> = stops.collect();
                        return self.take_over(&stops);
                    }
                }
            }
        }
    }

    /// The first position at which the first window of a wanted occurrence may begin,
    /// rounded down to a multiple of every stride.
    fn begin(&self, layer: &Layer) -> usize {
        self.from.saturating_add(1).saturating_sub(layer.lead) & !3
    }

    /// One layer over the positions of one chunk.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn chunk(&mut self, layer: &Layer, chunk: usize, queue: &mut Queue) -> Outcome {
        // No window begins where fewer bytes are left than the shortest one has.
        let end = (self.haystack.len() + 1).saturating_sub(layer.need);
        let span = Span {
            begin: chunk.max(self.begin(layer)),
            end: end.min(chunk + CHUNK),
        };
        if span.begin >= span.end {
            return Outcome::Done;
        }
        let words = layer
            .filter
            .fill(self.form, self.haystack, span, &mut queue.masks);
        let candidates = queue.flatten(words, layer.stride);
        self.stats.candidates += candidates as u64;
        let survivors = queue.sift(candidates, layer, self.haystack, span.begin);
        self.stats.survivors += survivors as u64;
        let kept = queue.at.iter().zip(&queue.passed).take(survivors);
        for (offset, passed) in kept {
            let at = span.begin + usize::from(*offset);
            match self.candidate(layer, at, *passed) {
                Outcome::Done => {}
                outcome => return outcome,
            }
        }
        Outcome::Done
    }

    /// Compares the literals that may have a window at `at`.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn candidate(&mut self, layer: &Layer, at: usize, passed: Passed) -> Outcome {
        if self.left == 0 && self.takeover.is_possible(self.literals) {
            return Outcome::Exhausted(at);
        }
        let word = hash::to_lower(hash::word_at(self.haystack, at));
        let go_on = layer
            .buckets
            .look_up(word, passed, &mut |entry| self.entry(entry, at));
        if go_on {
            Outcome::Done
        } else {
            Outcome::Stopped
        }
    }

    /// Compares one literal and reports it; false when the caller has had enough.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn entry(&mut self, entry: Entry, at: usize) -> bool {
        self.left = self.left.saturating_sub(1);
        self.stats.comparisons += 1;
        let start = at.wrapping_sub(usize::from(entry.offset));
        let end = start.wrapping_add(usize::from(entry.length));
        // Where an occurrence would begin before the haystack, `start` is huge.
        match self.haystack.get(start..end) {
            Some(window) if end > self.from && hash::tail(window) == entry.tail => {
                self.occurrence(entry, window, end)
            }
            _ => true,
        }
    }

    /// As `entry`, for a literal whose window and last bytes are here.
    fn occurrence(&mut self, entry: Entry, window: &[u8], end: usize) -> bool {
        let Some(literal) = self.literals.get(entry.literal) else {
            return true;
        };
        let ids = self.literals.ids(literal);
        if !ids.iter().any(|id| self.sink.wants(*id)) {
            return true;
        }
        let (equal, steps) = self.literals.compare(literal, window);
        self.left = self.left.saturating_sub(steps);
        self.stats.comparisons += steps;
        let length = literal.len();
        !equal || ids.iter().all(|id| self.sink.found(*id, end, length))
    }
}

impl Queue {
    /// Turns the bits of the masks into offsets; returns how many.
    ///
    /// Four are written whether or not there are so many: a branch on each bit would be
    /// mispredicted more often than not.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn flatten(&mut self, words: usize, stride: usize) -> usize {
        let mut count = 0;
        for (word, mask) in self.masks.iter().enumerate().take(words) {
            let mut mask = *mask;
            let bits = mask.count_ones() as usize;
            // There is room: the masks have at most `CHUNK` bits.
            let Some(slots) = self
                .at
                .get_mut(count..)
                .and_then(<[u16]>::first_chunk_mut::<64>)
            else {
                break;
            };
            let (first, others) = slots.split_at_mut(4);
            for slot in first {
                *slot = offset(word, mask, stride);
                mask &= mask.wrapping_sub(1);
            }
            for slot in others.iter_mut().take(bits.saturating_sub(4)) {
                *slot = offset(word, mask, stride);
                mask &= mask.wrapping_sub(1);
            }
            count += bits;
        }
        count
    }

    /// Keeps the candidates whose bytes a bucket may hold; returns how many.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn sift(&mut self, count: usize, layer: &Layer, haystack: &[u8], begin: usize) -> usize {
        let mut kept = 0;
        for index in 0..count {
            let Some(offset) = self.at.get(index).copied() else {
                break;
            };
            let word = hash::to_lower(hash::word_at(haystack, begin + usize::from(offset)));
            let passed = layer.buckets.passes(word);
            if let (Some(at), Some(of)) = (self.at.get_mut(kept), self.passed.get_mut(kept)) {
                *at = offset;
                *of = passed;
            }
            kept += usize::from(passed.any());
        }
        kept
    }
}

/// Offset of the lowest bit of a mask. Of an empty one it is not used.
#[inline]
fn offset(word: usize, mask: u64, stride: usize) -> u16 {
    let place = (word * 64 + mask.trailing_zeros() as usize) * stride;
    u16::try_from(place).unwrap_or(0)
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            masks: [0; CHUNK / 64],
            at: [0; CHUNK + 64],
            passed: [Passed::default(); CHUNK + 64],
        }
    }
}
