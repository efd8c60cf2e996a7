//! What came of it.

use std::{fmt, time::Duration};

/// What was played and what it cost.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Changes made.
    pub changes: u64,
    /// In this time.
    pub time: Duration,
    /// Pods at the end.
    pub pods: usize,
    /// Inspections at the end.
    pub inspections: usize,
    /// Pods inspected at the end.
    pub inspected: usize,
    /// From the last change until the kernel held what was desired.
    pub settled: Duration,
    /// Writes of the node's report.
    pub report_writes: u64,
    /// Writes of Events.
    pub event_writes: u64,
    /// The agent's own memory, both processes without rings, a sample a second.
    pub memory: Vec<u64>,
}

impl Figures {
    /// Writes that the node may make: a report a second while its state changes, and that it
    /// is made.
    pub fn budget(&self) -> u64 {
        self.time.as_secs() + self.settled.as_secs() + 3
    }

    /// Mean memory of a part of the time, such as the third of four.
    pub fn memory_of(&self, part: usize, parts: usize) -> u64 {
        let of = |n: usize| self.memory.len() * n / parts.max(1);
        let samples = self.memory.get(of(part)..of(part + 1)).unwrap_or_default();
        let sum: u64 = samples.iter().sum();
        sum.checked_div(samples.len() as u64).unwrap_or(0)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        writeln!(
            f,
            "{} changes in {seconds:.0} s; at the end {} pods and {} inspections",
            self.changes, self.pods, self.inspections
        )?;
        writeln!(
            f,
            "the kernel holds what is desired ({} pods inspected) {} ms after the last change",
            self.inspected,
            self.settled.as_millis()
        )?;
        writeln!(
            f,
            "writes of the node: {} of its report ({} allowed), {} of Events",
            self.report_writes,
            self.budget(),
            self.event_writes
        )?;
        let mib = |part| self.memory_of(part, 4) >> 20;
        write!(
            f,
            "own memory of agent and worker, mean of each quarter of the time: {} {} {} {} MiB",
            mib(0),
            mib(1),
            mib(2),
            mib(3)
        )
    }
}
