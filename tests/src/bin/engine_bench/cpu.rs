//! CPU time and memory of this process, as the kernel books them.

use std::fs;

use anyhow::{Context as _, Result};

/// Jiffies a second in `/proc/self/stat`: `USER_HZ`, 100 on every architecture of today.
const USER_HZ: f64 = 100.0;

/// Seconds spent in user mode.
pub(crate) fn user_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    // Behind the name, which may hold blanks, utime is the twelfth field.
    let (_, fields) = text
        .rsplit_once(')')
        .context("/proc/self/stat has no name")?;
    let ticks = fields.split_whitespace().nth(11);
    let ticks: f64 = ticks.context("/proc/self/stat is short")?.parse()?;
    Ok(ticks / USER_HZ)
}

/// Resident memory in MB.
pub(crate) fn resident_mb() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next());
    let kb: f64 = kb.context("/proc/self/status has no VmRSS")?.parse()?;
    Ok(kb / 1024.0)
}
