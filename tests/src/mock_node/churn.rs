//! Pods and inspections come, change and go.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Figures, Tell,
    model::Model,
    stage::{NODE, Stage},
    watcher::Watcher,
    writer::Writer,
};

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how long.
    pub time: Duration,
    /// Pods at most.
    pub pods: usize,
    /// Inspections at most.
    pub inspections: usize,
    /// The same seed gives the same changes.
    pub seed: u64,
}

/// Changes of one second.
const CHANGES: u32 = 40;
/// Within this after the last change the kernel holds what is desired.
const SETTLED: Duration = Duration::from_secs(10);

/// Plays it; `None`, with the reason printed, where that is not possible.
pub fn churn(options: Options, tell: Tell<'_>) -> Result<Option<Figures>> {
    let Some(stage) = Stage::set(options.pods)? else {
        return Ok(None);
    };
    tell("node, API server and agent are there");
    let result = stage.within(|| play(&stage, options, tell));
    result
        .map(Some)
        .map_err(|error| error.context(stage.agent_log()))
}

fn play(stage: &Stage, options: Options, tell: Tell<'_>) -> Result<Figures> {
    let mut model = Model::new(options, NODE);
    let mut writer = Writer::new(&stage.kubeconfig())?;
    let mut watcher = Watcher::new(stage)?;
    let begun = Instant::now();
    let mut changes = 0_u64;
    let mut told = Duration::ZERO;
    while begun.elapsed() < options.time {
        writer.write(&model.change())?;
        changes += 1;
        let due = Duration::from_secs(1) * u32::try_from(changes)? / CHANGES;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        watcher.sample(begun.elapsed())?;
        if begun.elapsed() >= told + Duration::from_secs(30) {
            told = begun.elapsed();
            tell(&format!("{} s, {changes} changes", told.as_secs()));
        }
    }
    let time = begun.elapsed();
    let settled = stage.wait_for_programs(&model.inspected(), SETTLED)?;
    watcher.figures(stage, &model, changes, time, settled)
}
