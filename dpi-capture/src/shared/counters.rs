//! Counters in memory that two processes share.

use std::{
    marker::PhantomData,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::words::{SharedError, Words};

/// An enum whose variants number the counters of a page.
pub trait Counter: Copy + 'static {
    /// Every variant, ordered by [`Counter::index`].
    const ALL: &'static [Self];
    /// Its place in [`Counter::ALL`].
    fn index(self) -> usize;
    /// Its name in metrics and in the status.
    fn label(self) -> &'static str;
}

/// One counter for each variant of `C`: the worker adds, the supervisor reads.
#[derive(Debug)]
pub struct CounterPage<C> {
    words: Words,
    counters: PhantomData<C>,
}

impl<C: Counter> CounterPage<C> {
    /// A new page, all 0.
    pub fn create() -> Result<CounterPage<C>, SharedError> {
        let words = Words::create("dpi-counters", C::ALL.len().max(1))?;
        Ok(CounterPage {
            words,
            counters: PhantomData,
        })
    }

    /// Maps a page that the supervisor made for the same `C`.
    pub fn open(fd: OwnedFd) -> Result<CounterPage<C>, SharedError> {
        let words = Words::open(fd, C::ALL.len().max(1))?;
        Ok(CounterPage {
            words,
            counters: PhantomData,
        })
    }

    /// Adds, wrapping.
    pub fn add(&self, counter: C, amount: u64) {
        if let Some(word) = self.word(counter) {
            word.fetch_add(amount, Relaxed);
        }
    }

    /// Replaces a counter that is kept elsewhere.
    pub fn set(&self, counter: C, value: u64) {
        if let Some(word) = self.word(counter) {
            word.store(value, Relaxed);
        }
    }

    /// The value now; to the supervisor it is the worker's claim.
    pub fn get(&self, counter: C) -> u64 {
        self.word(counter).map_or(0, |word| word.load(Relaxed))
    }

    /// Every counter with its label.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        C::ALL
            .iter()
            .map(|&counter| (counter.label(), self.get(counter)))
    }

    fn word(&self, counter: C) -> Option<&AtomicU64> {
        self.words.all().get(counter.index())
    }
}

impl<C> AsFd for CounterPage<C> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.words.as_fd()
    }
}
