//! The layers over a haystack, chunk by chunk.

use std::{cmp::Ordering, ops::Range};

use super::{
    buckets::{Entry, GROUP},
    filter::{Batch, CHUNK, Masks, Offsets, Span},
    hash,
    kernel::{self, Form},
    layer::Layer,
    literals::{Literal, Literals},
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
    batch: Batch,
    /// Offsets from the chunk's begin.
    at: Offsets,
}

/// Candidates that are looked up in one go: of a short haystack, of a long one.
const FEW: usize = GROUP;
const MANY: usize = 8 * GROUP;

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
    /// The allowance is used up.
    Exhausted(Stop),
}

/// The first position at which a layer has not looked for its literals, by the width of their
/// keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    width: usize,
    wider: usize,
    at: usize,
    narrower: usize,
}

impl Stop {
    /// The same position for all literals.
    fn all(at: usize) -> Stop {
        Stop {
            width: 0,
            wider: at,
            at,
            narrower: at,
        }
    }

    /// For literals with keys of so many bytes.
    pub(super) fn of(&self, width: usize) -> usize {
        match width.cmp(&self.width) {
            Ordering::Less => self.narrower,
            Ordering::Equal => self.at,
            Ordering::Greater => self.wider,
        }
    }

    /// The first of all.
    pub(super) fn first(&self) -> usize {
        self.wider.min(self.at).min(self.narrower)
    }
}

/// All layers over the whole haystack.
struct Pass<'r, 'a, S> {
    run: &'r mut Run<'a, S>,
    queue: &'r mut Queue,
}

impl<S: Sink> kernel::Body for Pass<'_, '_, S> {
    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each set of instructions"
    )]
    #[inline(always)]
    fn run(self) {
        self.run.every_chunk(self.queue);
    }
}

impl<S: Sink> Run<'_, S> {
    /// Reports every occurrence that ends behind `from`.
    pub(super) fn all(&mut self, queue: &mut Queue) {
        kernel::with_bit_instructions(self.form, Pass { run: self, queue });
    }

    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn every_chunk(&mut self, queue: &mut Queue) {
        if self.haystack.len() <= 64 {
            return self.short(queue);
        }
        let begin = self.layers.iter().map(|layer| self.begin(layer)).min();
        let Some(begin) = begin else { return };
        for chunk in (begin..self.haystack.len()).step_by(CHUNK) {
            for (index, layer) in self.layers.iter().enumerate() {
                match self.chunk(layer, chunk, queue) {
                    Outcome::Done => {}
                    Outcome::Stopped => return,
                    Outcome::Exhausted(stop) => return self.exhausted(chunk, index, stop),
                }
            }
        }
    }

    /// A haystack of one mask: nothing is queued.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn short(&mut self, queue: &mut Queue) {
        let layers = self.layers;
        for (index, layer) in layers.iter().enumerate() {
            let Some(span) = self.span(layer, 0) else {
                continue;
            };
            let mut mask = layer.filter.first(
                self.form,
                self.haystack,
                span,
                &mut queue.masks,
                &mut queue.batch,
            );
            self.stats.candidates += u64::from(mask.count_ones());
            while mask != 0 {
                let mut at = [0; FEW];
                let count = FEW.min(mask.count_ones() as usize);
                for at in &mut at {
                    // Of an empty mask 64: there is nothing, and it is not counted.
                    *at = span.begin + mask.trailing_zeros() as usize * layer.stride;
                    mask &= mask.wrapping_sub(1);
                }
                match self.block(layer, &at, count) {
                    Outcome::Done => {}
                    Outcome::Stopped => return,
                    Outcome::Exhausted(stop) => return self.exhausted(0, index, stop),
                }
            }
        }
    }

    /// Leaves the rest to the automaton: the layers before this one have done the chunk, those
    /// behind it have not.
    #[cold]
    fn exhausted(&mut self, chunk: usize, index: usize, stop: Stop) {
        let stops = (0..self.layers.len()).map(|other| match other.cmp(&index) {
            Ordering::Less => Stop::all(chunk + CHUNK),
            Ordering::Equal => stop,
            Ordering::Greater => Stop::all(chunk),
        });
        let stops: Vec<Stop> = stops.collect();
        self.take_over(&stops);
    }

    /// The first position at which the first window of a wanted occurrence may begin,
    /// rounded down to a multiple of every stride.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn begin(&self, layer: &Layer) -> usize {
        self.from.saturating_add(1).saturating_sub(layer.lead) & !3
    }

    /// The positions of a chunk at which a layer has to look, if there are any.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn span(&self, layer: &Layer, chunk: usize) -> Option<Span> {
        // No window begins where fewer bytes are left than the shortest one has.
        let end = (self.haystack.len() + 1).saturating_sub(layer.need);
        let span = Span {
            begin: chunk.max(self.begin(layer)),
            end: end.min(chunk + CHUNK),
        };
        (span.begin < span.end).then_some(span)
    }

    /// One layer over the positions of one chunk.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn chunk(&mut self, layer: &Layer, chunk: usize, queue: &mut Queue) -> Outcome {
        let Some(span) = self.span(layer, chunk) else {
            return Outcome::Done;
        };
        let Queue { masks, batch, at } = queue;
        let words = layer
            .filter
            .fill(self.form, self.haystack, span, masks, batch);
        let candidates = kernel::flatten(self.form, masks, words, layer.stride, at);
        self.stats.candidates += candidates as u64;
        let mut left = candidates;
        for offsets in at.as_chunks::<MANY>().0 {
            if left == 0 {
                break;
            }
            let mut at = [0; MANY];
            let count = left.min(MANY);
            // Offsets behind those in use are of earlier scans, but no less offsets.
            let groups = offsets.as_chunks::<GROUP>().0;
            let groups = at.as_chunks_mut::<GROUP>().0.iter_mut().zip(groups);
            for (at, offsets) in groups.take(count.div_ceil(GROUP)) {
                for (at, offset) in at.iter_mut().zip(offsets) {
                    *at = span.begin + usize::from(*offset);
                }
            }
            match self.block(layer, &at, count) {
                Outcome::Done => {}
                outcome => return outcome,
            }
            left -= count;
        }
        Outcome::Done
    }

    /// Compares and reports the literals that have a window at the first `count` of some
    /// candidates.
    ///
    /// They are looked up in groups, whether or not there are so many, without branches, which
    /// would be mispredicted more often than not.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn block<const N: usize>(&mut self, layer: &Layer, all: &[usize; N], count: usize) -> Outcome {
        let mut words = [0; N];
        let groups = words.as_chunks_mut::<GROUP>().0.iter_mut();
        let groups = groups.zip(all.as_chunks::<GROUP>().0);
        for (words, all) in groups.take(count.div_ceil(GROUP)) {
            for (word, at) in words.iter_mut().zip(all) {
                *word = hash::fold_key(hash::word_at(self.haystack, *at));
            }
        }
        for pair in layer.buckets.pairs() {
            let mut left = pair.sift(&words, count);
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                let (Some(word), Some(at)) = (words.get(bit % N), all.get(bit % N)) else {
                    break;
                };
                if self.left == 0 && self.takeover.is_possible(self.literals) {
                    return Outcome::Exhausted(Stop {
                        width: pair.width(bit / N),
                        wider: all.get(count - 1).map_or(*at, |last| last + 1),
                        at: *at,
                        narrower: all.first().copied().unwrap_or(*at),
                    });
                }
                self.stats.survivors += 1;
                if !self.several(layer.buckets.entries(pair, bit / N, *word), *at) {
                    return Outcome::Stopped;
                }
            }
        }
        Outcome::Done
    }

    /// Compares and reports some literals; false when the caller has had enough.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn several(&mut self, entries: &[Entry], at: usize) -> bool {
        self.left = self.left.saturating_sub(entries.len() as u64);
        self.stats.comparisons += entries.len() as u64;
        for entry in entries {
            if entry.occurs(self.haystack, at, self.from) && !self.occurrence(entry, at) {
                return false;
            }
        }
        true
    }

    /// Reports a literal whose first and last bytes are here, if those between them are;
    /// false when the caller has had enough.
    #[expect(clippy::inline_always, reason = "as `Pass::run`")]
    #[inline(always)]
    fn occurrence(&mut self, entry: &Entry, at: usize) -> bool {
        let range = entry.range(at);
        match entry.only_id() {
            Some(id) => {
                let length = range.end - range.start;
                !self.sink.wants(id) || self.sink.found(id, range.end, length)
            }
            None => self.long_or_several(entry, range),
        }
    }

    fn long_or_several(&mut self, entry: &Entry, range: Range<usize>) -> bool {
        let Some(literal) = self.literals.get(entry.literal) else {
            return true;
        };
        let ids = self.literals.ids(literal);
        if !ids.iter().any(|id| self.sink.wants(*id)) {
            return true;
        }
        if entry.is_long() && !self.compare(literal, range.clone()) {
            return true;
        }
        let length = range.end - range.start;
        ids.iter().all(|id| self.sink.found(*id, range.end, length))
    }

    fn compare(&mut self, literal: &Literal, range: Range<usize>) -> bool {
        let window = self.haystack.get(range).unwrap_or_default();
        let (equal, steps) = self.literals.compare(literal, window);
        self.left = self.left.saturating_sub(steps);
        self.stats.comparisons += steps;
        equal
    }
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            masks: [0; CHUNK / 64],
            batch: Batch::default(),
            at: [0; CHUNK + 64],
        }
    }
}
