//! Which changes of the directory are ripe to be read.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    time::{Duration, Instant},
};

/// Changes are read when none has come for this long.
const QUIET: Duration = Duration::from_millis(50);
/// Changes are read this long after the first of them, quiet or not.
const PATIENCE: Duration = Duration::from_millis(250);
/// A file that was written to and not closed is read after this long without a further
/// write. Half a manifest may be a valid one that selects too much, so closing is
/// awaited; but truncate(2) and a writer that idles never close.
const UNCLOSED: Duration = Duration::from_millis(500);

/// Changes seen and not yet read.
#[derive(Debug, Default)]
pub(super) struct Pending {
    names: BTreeSet<OsString>,
    all: bool,
    /// When the first and the last of them came.
    span: Option<(Instant, Instant)>,
    /// Files being written, with the time of the last write.
    writing: BTreeMap<OsString, Instant>,
}

/// What to read now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Files to be read even if they look the same.
    pub(super) names: BTreeSet<OsString>,
    /// Every file is to be read.
    pub(super) all: bool,
    /// Files not to be touched, because somebody is writing them.
    pub(super) held: BTreeSet<OsString>,
}

impl Pending {
    /// `name` was closed after writing, renamed, removed, or changed in its attributes.
    pub(super) fn settled(&mut self, name: &OsStr, now: Instant) {
        self.writing.remove(name);
        self.names.insert(name.to_owned());
        self.saw(now);
    }

    /// `name` was made or written to, and not closed yet.
    pub(super) fn writing(&mut self, name: &OsStr, now: Instant) {
        self.writing.insert(name.to_owned(), now);
    }

    /// Anything may have changed.
    pub(super) fn everything(&mut self, now: Instant) {
        self.all = true;
        self.saw(now);
    }

    fn saw(&mut self, now: Instant) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }

    /// When [`Pending::take`] will next have something.
    pub(super) fn due(&self) -> Option<Instant> {
        let quiet = self
            .span
            .map(|(first, last)| (first + PATIENCE).min(last + QUIET));
        let unclosed = self.writing.values().min().map(|last| *last + UNCLOSED);
        quiet.into_iter().chain(unclosed).min()
    }

    /// What is ripe at `now`, which is then no longer pending.
    pub(super) fn take(&mut self, now: Instant) -> Option<Changes> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        let is_ripe = |last: &Instant| now >= *last + UNCLOSED;
        let ripe = self.writing.iter().filter(|(_, last)| is_ripe(last));
        self.names.extend(ripe.map(|(name, _)| name.clone()));
        self.writing.retain(|_, last| !is_ripe(last));
        self.span = None;
        Some(Changes {
            names: std::mem::take(&mut self.names),
            all: std::mem::take(&mut self.all),
            held: self.held(),
        })
    }

    /// Files that somebody is writing.
    pub(super) fn held(&self) -> BTreeSet<OsString> {
        self.writing.keys().cloned().collect()
    }
}
