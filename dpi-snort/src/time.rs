//! The two clocks the engine is told about; it never reads one itself.

use std::time::Duration;

/// The time of a packet: `wall` goes into alerts, `monotonic` drives timeouts.
///
/// For a capture file both come from the packet's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time of day.
    pub wall: WallTime,
    /// Time that never goes back; its origin is the caller's choice.
    pub monotonic: MonoTime,
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(pub u64);

/// Nanoseconds since an origin of the caller's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonoTime(pub u64);

impl MonoTime {
    /// Time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: MonoTime) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Now {
    /// Both clocks from one capture timestamp, in nanoseconds since 1970.
    pub fn from_capture(nanos: u64) -> Now {
        Now {
            wall: WallTime(nanos),
            monotonic: MonoTime(nanos),
        }
    }
}
