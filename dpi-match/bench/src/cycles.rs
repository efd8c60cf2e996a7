//! How fast the core's clock runs, since counters of cycles are not to be had everywhere.

use std::{arch::asm, hint::black_box};

use crate::measure::{since, thread_time};

/// Cycles that a dependent 64-bit multiplication takes on every x86-64 core since 2008.
const LATENCY: f64 = 3.0;
const STEPS: u32 = 40_000_000;

/// Cycles a nanosecond: the fastest of some runs of a chain of multiplications.
#[cfg(target_arch = "x86_64")]
pub(crate) fn ghz() -> f64 {
    let best = (0..5)
        .map(|_| {
            let start = thread_time();
            let mut x = 1u64;
            for _ in 0..STEPS {
                // SAFETY: one multiplication of a register by itself; flags may change.
                unsafe { asm!("imul {x}, {x}", x = inout(reg) x, options(pure, nomem, nostack)) };
            }
            black_box(x);
            since(start).as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    f64::from(STEPS) * LATENCY / best / 1e9
}

/// Not known here: cycles are reported as nanoseconds.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn ghz() -> f64 {
    1.0
}
