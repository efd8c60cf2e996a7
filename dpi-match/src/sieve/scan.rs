//! The layers over a haystack, chunk by chunk.

use std::{cmp::Ordering, ops::Range};

use super::{
    buckets::{BLOCK, Entry, GROUP},
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
                    Outcome::Exhausted(stop) => {
                        let stops = self.layers.iter().enumerate().map(|(other, _)| {
                            match other.cmp(&index) {
                                Ordering::Less => Stop::all(chunk + CHUNK),
                                Ordering::Equal => stop,
                                Ordering::Greater => Stop::all(chunk),
                            }
                        });
                        let stops: Vec<Stop> = stops.collect();
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
        let words = layer.filter.fill(
            self.form,
            self.haystack,
            span,
            &mut queue.masks,
            &mut queue.batch,
        );
        let candidates =
            kernel::flatten(self.form, &queue.masks, words, layer.stride, &mut queue.at);
        self.stats.candidates += candidates as u64;
        for first in (0..candidates).step_by(BLOCK) {
            let block = queue.at.get(first..).and_then(<[u16]>::first_chunk);
            let count = BLOCK.min(candidates - first);
            match block.map(|block| self.block(layer, span.begin, block, count)) {
                None | Some(Outcome::Done) => {}
                Some(outcome) => return outcome,
            }
        }
        Outcome::Done
    }

    /// Compares and reports the literals that have a window at some candidates.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn block(
        &mut self,
        layer: &Layer,
        begin: usize,
        block: &[u16; BLOCK],
        count: usize,
    ) -> Outcome {
        let position =
            |candidate: usize| begin + usize::from(block.get(candidate).copied().unwrap_or(0));
        let mut words = [0; BLOCK];
        let groups = words.as_chunks_mut::<GROUP>().0.iter_mut();
        let groups = groups.zip(block.as_chunks::<GROUP>().0);
        for (words, offsets) in groups.take(count.div_ceil(GROUP)) {
            // Offsets behind those in use are of earlier scans, but no less offsets.
            for (word, offset) in words.iter_mut().zip(offsets) {
                let bytes = hash::word_at(self.haystack, begin + usize::from(*offset));
                *word = hash::to_lower(bytes);
            }
        }
        let mut exhausted = false;
        let end = layer.buckets.look_up(&words, count, |candidate, entries| {
            if self.left == 0 && self.takeover.is_possible(self.literals) {
                exhausted = true;
                return false;
            }
            self.stats.survivors += 1;
            self.several(entries, position(candidate))
        });
        match end {
            Ok(()) => Outcome::Done,
            Err(place) if exhausted => Outcome::Exhausted(Stop {
                width: place.width,
                wider: position(count - 1) + 1,
                at: position(place.candidate),
                narrower: position(0),
            }),
            Err(_) => Outcome::Stopped,
        }
    }

    /// Compares and reports some literals; false when the caller has had enough.
    #[expect(clippy::inline_always, reason = "as `every_chunk`")]
    #[inline(always)]
    fn several(&mut self, entries: &[Entry], at: usize) -> bool {
        entries.iter().all(|entry| {
            self.left = self.left.saturating_sub(1);
            self.stats.comparisons += 1;
            !entry.occurs(self.haystack, at, self.from) || self.occurrence(entry, at)
        })
    }

    /// Reports a literal whose first and last bytes are here, if those between them are;
    /// false when the caller has had enough.
    fn occurrence(&mut self, entry: &Entry, at: usize) -> bool {
        let Some(literal) = self.literals.get(entry.literal) else {
            return true;
        };
        let ids = self.literals.ids(literal);
        if !ids.iter().any(|id| self.sink.wants(*id)) {
            return true;
        }
        let range = entry.range(at);
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
