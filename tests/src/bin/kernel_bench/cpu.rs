//! CPU time that the traffic costs.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

/// CPU time of this process, which has sender, receiver and readers as threads, and of the
/// kernel's softirq threads, which take over what is too much for them: seconds, as the
/// scheduler counts them, to the nanosecond.
///
/// The columns of `/proc/stat` are no measure: the timer tick meets them by chance, and where
/// a guest halts they count the hypervisor's work as well.
pub(crate) struct Meter {
    ksoftirqd: Vec<PathBuf>,
}

impl Meter {
    pub(crate) fn new() -> Result<Self> {
        let mut ksoftirqd = Vec::new();
        for process in fs::read_dir("/proc")? {
            let path = process?.path();
            // Whatever ends meanwhile, or is no process, has no such file.
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            if name.starts_with("ksoftirqd/") {
                ksoftirqd.push(path.join("schedstat"));
            }
        }
        Ok(Meter { ksoftirqd })
    }

    /// Spent so far.
    pub(crate) fn seconds(&self) -> Result<f64> {
        let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let mut seconds = own.tv_sec as f64 + own.tv_nsec as f64 / 1e9;
        for file in &self.ksoftirqd {
            let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            // Time on a processor, time waiting for one, times put on one: proc(5).
            let nanos = text.split_whitespace().next().unwrap_or_default();
            seconds += nanos.parse::<f64>().context("schedstat")? / 1e9;
        }
        Ok(seconds)
    }
}
