//! [`Mpm`] by a sieve: the cost depends on how rare the chosen parts of the literals are in
//! the traffic, hardly on how many literals there are.
//!
//! Of each literal the rarest window of one to four bytes is chosen (`select`, `frequency`).
//! A filter looks at every position, or at every second or fourth (`filter`, `kernel`); what
//! it lets through is looked up by the eight bytes there (`buckets`) and compared
//! (`literals`). Up to four layers, each a filter with a part of the literals, are planned by
//! what they are expected to cost (`choose`). `scan` drives them over the haystack;
//! `takeover` bounds the work on haystacks that are made to be slow.
//!
//! It does not know what the literals are for, and gives no order among them.

mod buckets;
mod choose;
mod filter;
mod forms;
mod frequency;
mod hash;
mod kernel;
mod layer;
mod literals;
mod scan;
mod select;
mod takeover;
#[cfg(test)]
mod tests;

pub(crate) use forms::FORMS;
pub(crate) use scan::Queue;

use crate::{Engine, Mpm, MpmScratch, Pattern, PatternId, Plan, mpm::Seen};
use kernel::Form;
use layer::Layer;
use literals::Literals;
use scan::{Run, Sink};
use takeover::Takeover;

/// The matcher.
#[derive(Clone, Debug)]
pub(crate) struct Sieve {
    form: Form,
    literals: Literals,
    layers: Vec<Layer>,
    takeover: Takeover,
}

impl Sieve {
    /// `engine` is one of the sieve's and can be run by this processor.
    pub(crate) fn new(patterns: &[Pattern], engine: Engine) -> Sieve {
        let mut literals = Literals::new(patterns);
        let drafts = choose::choose(&literals, engine);
        Sieve::from_drafts(&mut literals, drafts, engine)
    }

    fn from_drafts(literals: &mut Literals, drafts: Vec<choose::Draft>, engine: Engine) -> Sieve {
        let layers = (0u8..)
            .zip(drafts)
            .map(|(index, draft)| Layer::new(index, draft, literals))
            .collect();
        Sieve {
            form: Form::new(engine),
            literals: std::mem::take(literals),
            layers,
            takeover: Takeover::default(),
        }
    }

    fn run(&self, haystack: &[u8], from: usize, scratch: &mut MpmScratch, sink: &mut impl Sink) {
        Run {
            form: self.form,
            literals: &self.literals,
            layers: &self.layers,
            haystack,
            from,
            left: takeover::allowance(haystack.len()),
            stats: &mut scratch.stats,
            takeover: &self.takeover,
            sink,
        }
        .all(&mut scratch.queue);
    }
}

impl Mpm for Sieve {
    fn scan(
        &self,
        haystack: &[u8],
        from: usize,
        scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    ) {
        self.run(haystack, from, scratch, &mut Each(on_match));
    }

    fn scan_first(
        &self,
        haystack: &[u8],
        from: usize,
        scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    ) {
        let mut first = First(std::mem::take(&mut scratch.seen));
        first.0.begin();
        self.run(haystack, from, scratch, &mut first);
        first.0.report(on_match);
        scratch.seen = first.0;
    }

    fn length_of(&self, id: PatternId) -> usize {
        self.literals.of(id).map_or(0, literals::Literal::len)
    }

    fn reach(&self) -> usize {
        self.literals.reach()
    }

    fn memory(&self) -> usize {
        size_of::<Sieve>()
            + self.literals.memory()
            + self.takeover.memory()
            + self.layers.iter().map(Layer::memory).sum::<usize>()
    }

    fn plan(&self) -> Plan {
        Plan {
            engine: self.form.engine(),
            layers: self.layers.iter().map(Layer::plan).collect(),
        }
    }
}

/// Every occurrence goes to the caller.
struct Each<'a>(&'a mut dyn FnMut(PatternId, usize) -> bool);

/// The first occurrence of each pattern is kept.
struct First(Seen);

impl Sink for Each<'_> {
    fn wants(&self, _id: PatternId) -> bool {
        true
    }

    fn found(&mut self, id: PatternId, end: usize, _length: usize) -> bool {
        (self.0)(id, end)
    }
}

impl Sink for First {
    fn wants(&self, id: PatternId) -> bool {
        !self.0.contains(id)
    }

    fn found(&mut self, id: PatternId, end: usize, length: usize) -> bool {
        if self.0.insert(id) {
            self.0.note(id, end, length);
        }
        true
    }
}
