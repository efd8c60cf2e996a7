//! What the agent costs while it follows.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

use super::{figures::Figures, model::Model, stage::Stage};

/// Between two looks at the memory.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Watcher<'a> {
    stage: &'a Stage,
    /// Time and bytes.
    memory: Vec<(Duration, u64)>,
    writes: Writes,
}

/// Requests that changed something, as the API server counts them.
#[derive(Clone, Copy, Debug, Default)]
struct Writes {
    reports: u64,
    events: u64,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(stage: &'a Stage) -> Result<Self> {
        Ok(Self {
            stage,
            memory: Vec::new(),
            writes: writes(stage)?,
        })
    }

    /// Looks at the memory, if it is time.
    pub(super) fn sample(&mut self, now: Duration) -> Result<()> {
        let last = self.memory.last().map(|(at, _)| *at);
        if last.is_none_or(|last| now >= last + EVERY) {
            let each = self.stage.processes().into_iter().map(own_memory);
            self.memory.push((now, each.sum::<Result<u64>>()?));
        }
        Ok(())
    }

    pub(super) fn figures(
        self,
        stage: &Stage,
        model: &Model,
        changes: u64,
        time: Duration,
        settled: Duration,
    ) -> Result<Figures> {
        let after = writes(stage)?;
        let (pods, inspections) = model.len();
        Ok(Figures {
            changes,
            time,
            pods,
            inspections,
            inspected: model.inspected().len(),
            settled,
            report_writes: after.reports - self.writes.reports,
            event_writes: after.events - self.writes.events,
            memory: self.memory.into_iter().map(|(_, bytes)| bytes).collect(),
        })
    }
}

/// Memory of a process that is its own: not of files, and so not of rings. None if it has
/// ended.
fn own_memory(pid: u32) -> Result<u64> {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/status")) else {
        return Ok(0);
    };
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let Some(line) = line else { return Ok(0) };
    let number = line.trim().trim_end_matches(" kB").parse::<u64>();
    Ok(number.context("RssAnon")? << 10)
}

fn writes(stage: &Stage) -> Result<Writes> {
    let metrics = stage.kubectl().run(&["get", "--raw", "/metrics"])?;
    let mut writes = Writes::default();
    for line in metrics.lines() {
        let Some(rest) = line.strip_prefix("apiserver_request_total{") else {
            continue;
        };
        let label = |name: &str| {
            let (_, value) = rest.split_once(&format!("{name}=\""))?;
            value.split('"').next()
        };
        let verb = label("verb").unwrap_or_default();
        if matches!(verb, "GET" | "LIST" | "WATCH") {
            continue;
        }
        let count = rest
            .rsplit(' ')
            .next()
            .context("a metric without a value")?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count that is written as 1e+06 where it is large"
        )]
        let count = count.parse::<f64>()? as u64;
        match label("resource") {
            Some("nodeinspections") => writes.reports += count,
            Some("events") => writes.events += count,
            _ => {}
        }
    }
    Ok(writes)
}
