//! Sink, rings and their books: the supervisor's side of the capture.

use std::{
    collections::BTreeMap,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use dpi_capture::{
    CounterPage, Geometry, Ring, RingBooks, RingCursor, RingError, RingOptions, SharedError, Sink,
    SinkError, sink::Preference,
};
use dpi_snort::stats;

use super::account::Account;
use crate::{
    kernel,
    worker::{RingCounter, ThreadCounter},
};

/// A block that is not full is given to its reader after so many milliseconds.
const RETIRE_MS: u32 = 10;
/// Time inside one packet after which a worker counts as dead.
const STUCK: Duration = Duration::from_secs(2);

/// Why there is nothing to capture with.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// No sink device.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// No ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// No shared memory.
    #[error(transparent)]
    Shared(#[from] SharedError),
}

/// What is captured with, and by how many readers.
#[derive(Clone, Debug)]
pub(super) struct CaptureOptions {
    pub(super) sink: Preference,
    pub(super) name: String,
    pub(super) geometry: Geometry,
    pub(super) readers: u32,
}

/// One sink with its rings.
#[derive(Debug)]
pub(super) struct Rings {
    sink: Sink,
    rings: Vec<BookedRing>,
}

#[derive(Debug)]
struct BookedRing {
    ring: Ring,
    cursor: RingCursor,
    counters: CounterPage<RingCounter>,
    books: RingBooks,
}

impl Rings {
    /// Makes the sink and binds the rings.
    pub(super) fn open(options: &CaptureOptions) -> Result<Self, CaptureError> {
        let sink = Sink::create(options.sink, &options.name)?;
        for attempt in sink.passed_over() {
            tracing::info!("sink {attempt}");
        }
        let rings = Ring::open_group(&RingOptions {
            ifindex: sink.ifindex(),
            geometry: options.geometry,
            readers: options.readers,
            retire_ms: RETIRE_MS,
            ignore_outgoing: sink.ignore_outgoing(),
        })?;
        let rings = rings.into_iter().map(BookedRing::new);
        Ok(Self {
            rings: rings.collect::<Result<_, _>>()?,
            sink,
        })
    }

    /// Where the programs send clones.
    pub(super) fn target(&self) -> kernel::Sink {
        let redirect = self.sink.redirect();
        kernel::Sink {
            ifindex: redirect.ifindex,
            flags: u32::try_from(redirect.flags).unwrap_or(0),
        }
    }

    /// The sink device.
    pub(super) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rings.len()
    }

    /// What the worker gets: packet socket, cursor and counters of each ring in turn.
    pub(super) fn fds(&self) -> Vec<BorrowedFd<'_>> {
        let mut fds = Vec::with_capacity(self.rings.len() * 3);
        for ring in &self.rings {
            fds.extend([
                ring.ring.as_fd(),
                ring.cursor.as_fd(),
                ring.counters.as_fd(),
            ]);
        }
        fds
    }

    /// Reads the kernel's figures and the cursors.
    pub(super) fn update(&mut self) -> Result<(), RingError> {
        for ring in &mut self.rings {
            let progress = ring.cursor.progress();
            let kernel = ring.ring.statistics()?;
            ring.books.update(&progress, kernel);
        }
        Ok(())
    }

    /// The worker is dead: the packet that it was in is lost, those behind it wait.
    pub(super) fn worker_died(&mut self) {
        for ring in &mut self.rings {
            let skipped = ring.cursor.skip_in_progress();
            ring.books.worker_died(skipped);
        }
    }

    /// Nothing will be read any more.
    pub(super) fn close(&mut self) {
        for ring in &mut self.rings {
            ring.books.close();
        }
    }

    /// Packets that wait for a worker, as of the last update.
    pub(super) fn waiting(&self) -> u64 {
        self.rings.iter().map(|ring| ring.books.waiting).sum()
    }

    /// Whether a packet has kept its thread for too long. `now` is `CLOCK_MONOTONIC`.
    pub(super) fn stuck(&self, now: Duration) -> bool {
        let mut cursors = self.rings.iter().map(|ring| ring.cursor.progress());
        cursors.any(|progress| progress.inside_for(now) >= STUCK)
    }

    /// Adds all that was counted to an account.
    pub(super) fn add_to(&self, account: &mut Account) {
        for ring in &self.rings {
            ring.add_to(account);
        }
    }

    /// Every counter of the packet threads and engines, summed over the rings.
    pub(super) fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut sums = BTreeMap::new();
        for (label, value) in self.rings.iter().flat_map(|ring| ring.counters.iter()) {
            *sums.entry(label).or_default() += value;
        }
        sums
    }

    /// Deletes the sink.
    pub(super) fn remove(self) {
        drop(self.rings);
        if let Err(error) = self.sink.remove() {
            tracing::warn!(%error, "the sink device stays");
        }
    }
}

impl BookedRing {
    fn new(ring: Ring) -> Result<Self, SharedError> {
        Ok(Self {
            cursor: RingCursor::create(ring.geometry())?,
            counters: CounterPage::create()?,
            books: RingBooks::default(),
            ring,
        })
    }

    /// What the cursor has passed was inspected, save what the worker says it was not.
    /// It is not believed beyond what there was.
    fn add_to(&self, account: &mut Account) {
        let of = |counter: ThreadCounter| self.counters.get(counter.into());
        let mut passed = self.books.inspected;
        let mut take = |n: u64| {
            let taken = n.min(passed);
            passed -= taken;
            taken
        };
        account.foreign += take(of(ThreadCounter::Foreign));
        let own = ("panic", of(ThreadCounter::DroppedPanic));
        let engine = stats::Counter::ALL.iter().filter_map(|counter| {
            let reason = counter.name().strip_prefix("dropped.")?;
            Some((reason, self.counters.get(RingCounter::Engine(*counter))))
        });
        for (reason, count) in std::iter::once(own).chain(engine) {
            let booked = match reason {
                // The flow is passed over on purpose, since it makes the engine panic.
                "quarantined" => account.engine_bypassed.entry("panic".to_owned()),
                other => account.engine_dropped.entry(other.to_owned()),
            };
            *booked.or_default() += take(count);
        }
        account.inspected += passed;
        account.ring_full += self.books.dropped_ring_full;
        account.worker_restart += self.books.dropped_worker_restart;
        account.alerts += of(ThreadCounter::Alerts);
        account.alerts_dropped += of(ThreadCounter::AlertsLost);
    }
}
