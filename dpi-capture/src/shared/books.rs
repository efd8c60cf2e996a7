//! What was delivered, what was processed, and what a dead worker left.

use super::cursor::Progress;
use crate::ring::RingStatistics;

/// What became of a ring's packets. At any update
/// `seen = inspected + dropped_ring_full + dropped_worker_restart + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingBooks {
    /// Packets that the sink gave to the ring's socket.
    pub seen: u64,
    /// Finished by a worker.
    pub inspected: u64,
    /// Refused by the kernel because the ring was full.
    pub dropped_ring_full: u64,
    /// Lost with a worker: skipped under its cursor, or left in a ring that was closed.
    pub dropped_worker_restart: u64,
    /// In the ring, not yet finished.
    pub waiting: u64,
    skipped: u64,
}

impl RingBooks {
    /// Takes in the kernel's figures and the worker's position. A position beyond what
    /// was delivered is not believed.
    ///
    /// Read the position before the statistics, so that it cannot be ahead of them.
    pub fn update(&mut self, progress: &Progress, kernel: RingStatistics) {
        let delivered = kernel.delivered();
        let processed = progress.processed.min(delivered);
        self.seen = kernel.seen;
        self.dropped_ring_full = kernel.dropped;
        self.dropped_worker_restart = self.skipped.min(processed);
        self.inspected = processed - self.dropped_worker_restart;
        self.waiting = delivered - processed;
    }

    /// A worker died and [`RingCursor::skip_in_progress`](super::RingCursor::skip_in_progress)
    /// said whether a packet went with it. The packets behind wait for the next worker.
    /// Takes effect with the next [`RingBooks::update`].
    pub fn worker_died(&mut self, skipped: bool) {
        self.skipped += u64::from(skipped);
    }

    /// The ring is closed: what no worker finished is lost.
    pub fn close(&mut self) {
        self.dropped_worker_restart += self.waiting;
        self.waiting = 0;
    }

    /// Whether each packet is in exactly one place.
    pub fn balanced(&self) -> bool {
        let parts = [
            self.inspected,
            self.dropped_ring_full,
            self.dropped_worker_restart,
        ];
        parts
            .iter()
            .fold(self.waiting, |sum, part| sum.saturating_add(*part))
            == self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(processed: u64) -> Progress {
        Progress {
            block: 0,
            packet: 0,
            processed,
            in_progress: None,
        }
    }

    #[test]
    fn every_packet_is_booked_once() {
        let kernel = RingStatistics {
            seen: 100,
            dropped: 30,
            freezes: 1,
        };
        // deaths with a packet in processing, position, expected (inspected, restart, waiting)
        let table = [
            (0, 0, (0, 0, 70)),
            (0, 20, (20, 0, 50)),
            (1, 20, (19, 1, 50)),
            (3, 70, (67, 3, 0)),
            // A worker that lies gains nothing.
            (1, 5000, (69, 1, 0)),
            (9, 2, (0, 2, 68)),
        ];
        for (deaths, processed, expected) in table {
            let mut books = RingBooks::default();
            for _ in 0..deaths {
                books.worker_died(true);
            }
            books.worker_died(false);
            books.update(&at(processed), kernel);
            let found = (books.inspected, books.dropped_worker_restart, books.waiting);
            assert_eq!(found, expected, "{deaths} deaths at {processed}");
            assert!(books.balanced());
            books.close();
            assert!(books.balanced());
            assert_eq!(books.waiting, 0);
        }
    }
}
