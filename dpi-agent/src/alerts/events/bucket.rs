//! A rate limit with a burst.

use std::time::Duration;

/// Tokens that come back with time. `now` is monotonic and does not fall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Time for one token to come back.
    every: Duration,
    burst: u32,
    /// Moment from which the bucket counts as having been full.
    full_at: Duration,
}

impl Bucket {
    /// `burst` tokens at first, then one each `every`.
    pub(super) const fn new(every: Duration, burst: u32) -> Self {
        Self {
            every,
            burst,
            full_at: Duration::ZERO,
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        let free = self.wait(now).is_zero();
        if free {
            self.full_at = self.full_at.max(now) + self.every;
        }
        free
    }

    /// Time until there is a token.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        // With n tokens out the bucket is full again in n * every.
        let most = self.every.saturating_mul(self.burst.saturating_sub(1));
        self.full_at.saturating_sub(now).saturating_sub(most)
    }

    /// Every token is there.
    pub(super) fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let second = Duration::from_secs(1);
        let mut bucket = Bucket::new(second, 3);
        for (millis, given) in [
            (10_000, true),
            (10_000, true),
            (10_000, true),
            (10_000, false),
            (10_999, false),
            (11_000, true),
            (11_000, false),
            (13_000, true),
            (13_000, true),
            (13_000, false),
            (60_000, true),
            (60_000, true),
            (60_000, true),
            (60_000, false),
        ] {
            assert_eq!(
                bucket.take(Duration::from_millis(millis)),
                given,
                "{millis}"
            );
        }
        assert_eq!(
            bucket.wait(Duration::from_millis(60_400)),
            Duration::from_millis(600)
        );
        assert!(!bucket.is_full(Duration::from_millis(62_999)));
        assert!(bucket.is_full(Duration::from_secs(63)));
    }
}
