//! How soon a dead worker is followed by the next.

use std::time::Duration;

/// Waiting times between workers: none after a life of some length, then doubling.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A worker that lived so long died of something new.
    pub(super) const STABLE: Duration = Duration::from_secs(30);
    /// Longest wait.
    pub(super) const MAX: Duration = Duration::from_secs(10);
    const FIRST: Duration = Duration::from_millis(100);

    /// The wait before the next worker after one that lived for `lived`.
    pub(super) fn after(&mut self, lived: Duration) -> Duration {
        if lived >= Self::STABLE {
            self.failures = 0;
        }
        let wait = match self.failures {
            0 => Duration::ZERO,
            n => Self::FIRST
                .saturating_mul(1 << (n - 1).min(16))
                .min(Self::MAX),
        };
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_until_a_worker_lives() {
        let mut backoff = Backoff::default();
        let mut waits = Vec::new();
        for lived in [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 31, 0] {
            waits.push(backoff.after(Duration::from_secs(lived)).as_millis());
        }
        assert_eq!(
            waits,
            [
                0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 0, 100
            ]
        );
    }
}
