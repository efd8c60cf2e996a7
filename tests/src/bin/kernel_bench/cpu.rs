//! CPU time of the whole machine.

use std::fs;

use anyhow::{Context as _, Result};

/// Jiffies a second in `/proc/stat`: `USER_HZ`, 100 on every architecture of today.
const USER_HZ: f64 = 100.0;

/// Seconds that all processors were busy since boot: user, nice, system, irq, softirq.
pub(crate) fn busy() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    // cpu user nice system idle iowait irq softirq …
    let busy = [0, 1, 2, 5, 6].map(|index| fields.get(index).copied().unwrap_or(0.0));
    Ok(busy.iter().sum::<f64>() / USER_HZ)
}
