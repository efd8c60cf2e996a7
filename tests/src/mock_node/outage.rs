//! The API server goes, and the agent dies: the next one goes on with what was kept.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    Options, Tell,
    model::Model,
    stage::{NODE, Stage},
    writer::Writer,
};
use crate::lab::wait_for;

const CHANGES: usize = 60;
const SETTLED: Duration = Duration::from_secs(10);
/// Rules are compiled, programs loaded; and what was kept is used after three seconds.
const START: Duration = Duration::from_secs(60);

/// Plays it; `false`, with the reason printed, where that is not possible.
pub fn outage(tell: Tell<'_>) -> Result<bool> {
    let options = Options {
        time: Duration::ZERO,
        pods: 30,
        inspections: 10,
        seed: 2,
    };
    let Some(mut stage) = Stage::set(options.pods)? else {
        return Ok(false);
    };
    let played = play(&mut stage, options, tell);
    played.with_context(|| stage.agent_log()).map(|()| true)
}

fn play(stage: &mut Stage, options: Options, tell: Tell<'_>) -> Result<()> {
    let mut model = Model::new(options, NODE);
    stage.within(|| change(stage, &mut model, CHANGES))?;
    let inspected = model.inspected();
    ensure!(!inspected.is_empty(), "nothing is to be inspected");
    tell(&format!("{} pods are inspected", inspected.len()));
    stage.wait_kept(START)?;

    stage.stop_server()?;
    stage.kill_agent()?;
    // What was attached stays.
    stage.within(|| stage.wait_for_programs(&inspected, Duration::ZERO))?;
    let begun = Instant::now();
    stage.start_agent()?;
    wait_for("inspection without the API server", START, || {
        let status = stage.status();
        Ok(status["state"] == "Inspecting"
            && status.pointer("/api/stale") == Some(&Value::Bool(true))
            && pods(&status) == inspected.len())
    })?;
    stage.within(|| stage.wait_for_programs(&inspected, Duration::ZERO))?;
    tell(&format!(
        "without the API server the next agent inspects them after {} ms, and says stale",
        begun.elapsed().as_millis()
    ));

    stage.start_server()?;
    stage.within(|| change(stage, &mut model, CHANGES))?;
    wait_for("the end of staleness", START, || {
        Ok(stage.status().pointer("/api/stale") == Some(&Value::Bool(false)))
    })?;
    tell("the API server is back, and what changed is in force");
    Ok(())
}

/// Makes changes and waits for what follows.
fn change(stage: &Stage, model: &mut Model, changes: usize) -> Result<()> {
    let mut writer = Writer::new(&stage.kubeconfig())?;
    for _ in 0..changes {
        writer.write(&model.change())?;
    }
    // A watch that failed is tried again after some seconds.
    stage
        .wait_for_programs(&model.inspected(), SETTLED + START)
        .map(drop)
}

/// Pods that the status calls inspected, each once.
fn pods(status: &Value) -> usize {
    let inspections = status["inspections"].as_array().into_iter().flatten();
    let pods = inspections.filter_map(|inspection| inspection["pods"].as_array());
    let inspected = pods.flatten().filter(|pod| pod["inspected"] == true);
    let names: std::collections::BTreeSet<_> =
        inspected.filter_map(|pod| pod["pod"].as_str()).collect();
    names.len()
}
