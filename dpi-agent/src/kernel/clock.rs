//! The programs' clock, and a seed.

use std::hash::{BuildHasher, Hasher, RandomState};

use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds: the clock of `bpf_ktime_get_coarse_ns`, which reads
/// its last tick.
pub(super) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds * 1_000_000_000 + nanoseconds
}

/// A number that no sender can foresee; never 0, which stands for "not yet set".
pub(super) fn random_seed() -> u32 {
    // std keys its hasher from the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
    let seed = random as u32;
    seed.max(1)
}
