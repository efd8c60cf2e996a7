//! How soon a request is tried again.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// Waiting times that double with each failure, half of each at random, so that the agents
/// of a thousand nodes do not come back to a recovering API server at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// For watches and reports.
    pub const USUAL: Self = Self::new(Duration::from_millis(250), Duration::from_secs(30));

    /// The wait after the first failure is about `first`, no wait is above `max`.
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self {
            first,
            max,
            failures: 0,
        }
    }

    /// The wait after one more failure.
    pub fn failed(&mut self) -> Duration {
        self.wait(random())
    }

    /// It works: the next wait is the first again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures since it last worked.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn wait(&mut self, random: u64) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        let whole = doubled.min(self.max);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX).max(1);
        half + Duration::from_nanos(random % nanos)
    }
}

/// Unpredictable enough to spread agents: std seeds its own hash maps so.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_spread() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for whole in [100, 200, 400, 800, 1000, 1000] {
            let mut low = backoff;
            assert_eq!(low.wait(0), Duration::from_millis(whole / 2));
            let wait = backoff.wait(u64::MAX).as_millis();
            assert!(
                (u128::from(whole / 2)..u128::from(whole)).contains(&wait),
                "{wait}"
            );
        }
        backoff.succeeded();
        assert_eq!(backoff.failures(), 0);
        assert_eq!(backoff.wait(0), Duration::from_millis(50));
    }

    #[test]
    fn failures_without_end_do_not_overflow() {
        let mut backoff = Backoff::USUAL;
        backoff.failures = u32::MAX;
        assert!(backoff.failed() <= Duration::from_secs(30));
    }
}
