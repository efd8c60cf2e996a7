//! When a report is worth a write.

use std::time::Duration;

/// Two writes are never closer than this.
const COALESCE: Duration = Duration::from_secs(1);
/// Counters alone are written at most so often.
const COUNTERS: Duration = Duration::from_secs(60);

/// How a report differs from what was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    None,
    /// In its counters.
    Counters,
    /// In what it says.
    State,
}

/// Times of writes, monotonic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    written: Option<Duration>,
    /// A write without a difference, to show that the writer lives.
    heartbeat: Option<Duration>,
}

impl Pace {
    /// A pace that also writes when nothing has changed for so long.
    pub const fn with_heartbeat(every: Duration) -> Self {
        Self {
            written: None,
            heartbeat: Some(every),
        }
    }

    /// When a report with this difference is due; `None`: never. A first report is due at
    /// once.
    pub fn due(&self, difference: Difference) -> Option<Duration> {
        let Some(written) = self.written else {
            return Some(Duration::ZERO);
        };
        let after = match difference {
            Difference::State => COALESCE,
            Difference::Counters => COUNTERS,
            Difference::None => self.heartbeat?,
        };
        Some(written + after)
    }

    /// It was written, or tried, at `now`.
    pub fn written(&mut self, now: Duration) {
        self.written = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_goes_first() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::with_heartbeat(seconds(300));
        assert_eq!(pace.due(Difference::None), Some(seconds(0)));
        pace.written(seconds(10));
        for (difference, due) in [
            (Difference::State, 11),
            (Difference::Counters, 70),
            (Difference::None, 310),
        ] {
            assert_eq!(pace.due(difference), Some(seconds(due)), "{difference:?}");
        }
        let mut pace = Pace::default();
        pace.written(seconds(10));
        assert_eq!(pace.due(Difference::None), None);
    }
}
