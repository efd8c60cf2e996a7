//! What a packet thread counts, in memory that outlives the worker.

use dpi_capture::Counter;
use dpi_snort::stats;

/// One counter of a ring: the packet thread's own, or its engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingCounter {
    /// Counted by the packet thread.
    Thread(ThreadCounter),
    /// Counted by the engine, added up over all engines that read the ring.
    Engine(stats::Counter),
}

/// What the packet thread counts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadCounter {
    /// Packets on the sink that no program of ours handed over.
    Foreign,
    /// Packets at which the engine panicked where it does not catch it itself.
    DroppedPanic,
    /// Bytes of all packets, as on the wire.
    Bytes,
    /// Alerts found.
    Alerts,
    /// Alerts that found the socket full.
    AlertsLost,
    /// Bypasses found.
    Bypasses,
    /// Bypasses that found the socket full; their flows go on being handed over.
    BypassesLost,
    /// Rulesets that took over.
    Swaps,
}

impl ThreadCounter {
    const ALL: [Self; 8] = [
        Self::Foreign,
        Self::DroppedPanic,
        Self::Bytes,
        Self::Alerts,
        Self::AlertsLost,
        Self::Bypasses,
        Self::BypassesLost,
        Self::Swaps,
    ];
}

const OWN: usize = ThreadCounter::ALL.len();
const COUNT: usize = OWN + stats::Counter::ALL.len();

const ALL: [RingCounter; COUNT] = {
    let mut all = [RingCounter::Thread(ThreadCounter::Foreign); COUNT];
    let mut i = 0;
    while i < COUNT {
        all[i] = if i < OWN {
            RingCounter::Thread(ThreadCounter::ALL[i])
        } else {
            RingCounter::Engine(stats::Counter::ALL[i - OWN])
        };
        i += 1;
    }
    all
};

impl Counter for RingCounter {
    const ALL: &'static [Self] = &ALL;

    fn index(self) -> usize {
        match self {
            Self::Thread(counter) => counter as usize,
            Self::Engine(counter) => OWN + counter as usize,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Engine(counter) => counter.name(),
            Self::Thread(counter) => match counter {
                ThreadCounter::Foreign => "thread.foreign",
                ThreadCounter::DroppedPanic => "thread.dropped_panic",
                ThreadCounter::Bytes => "thread.bytes",
                ThreadCounter::Alerts => "thread.alerts",
                ThreadCounter::AlertsLost => "thread.alerts_lost",
                ThreadCounter::Bypasses => "thread.bypasses",
                ThreadCounter::BypassesLost => "thread.bypasses_lost",
                ThreadCounter::Swaps => "thread.swaps",
            },
        }
    }
}

impl From<ThreadCounter> for RingCounter {
    fn from(counter: ThreadCounter) -> Self {
        Self::Thread(counter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_counter_has_its_place_and_its_name() {
        let labels: BTreeSet<_> = ALL.iter().map(|counter| counter.label()).collect();
        assert_eq!(labels.len(), COUNT);
        for (index, counter) in ALL.iter().enumerate() {
            assert_eq!(counter.index(), index, "{counter:?}");
        }
    }
}
