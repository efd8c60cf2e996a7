//! What a pod's traffic notices of crashes of the agent: nothing. And what is counted of
//! them: every packet.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::{path::Path, time::Duration};

use anyhow::{Result, bail, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{
        Agent, AgentOptions, Harm, HttpServer, Lab, http_request, inspection, unavailable, wait_for,
    },
};
use rustix::process::Signal;

const START: Duration = Duration::from_secs(30);
const ATTACK: &str = "/download?file=../../../../etc/passwd";

fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// A busy machine loses and repeats by itself: harm is what each try shows.
const TRIES: u32 = 3;

#[test]
fn crashes_cost_the_workload_nothing_and_every_packet_is_counted() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    for _ in 0..TRIES {
        // Of its own, with its account.
        let lab = Lab::red_and_blue(&[&rules])?;
        let server = HttpServer::start(lab.pod("red1"), 8080)?;
        let (without, with) = with_crashes_and_without(&lab, &server)?;
        if with.within(&without) {
            return Ok(());
        }
        println!("{with:?} with crashes, {without:?} without");
    }
    bail!("the workload was harmed in each of {TRIES} tries");
}

/// The same traffic without an agent, then with one that crashes; every packet is accounted
/// for after it.
fn with_crashes_and_without(lab: &Lab, server: &HttpServer) -> Result<(Harm, Harm)> {
    let without = Harm::of(lab, || {
        pause(8000);
        Ok(())
    })?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let mut agent = Agent::start(lab, &AgentOptions::default())?;
    running(&agent)?;
    let with = Harm::of(lab, || crash(lab, &mut agent, server))?;
    let status = agent.settle()?;
    println!("{without:?}\n{with:?}\n{}", status.balance());
    let crash_costs = status.number("/packets/dropped/agent_restart")
        + status.number("/packets/dropped/no_agent");
    ensure!(crash_costs > 0, "the crashes cost nothing: were they any?");
    assert!(agent.terminate()?.success());
    assert_eq!(lab.all_programs()?, 0);
    Ok((without, with))
}

fn running(agent: &Agent) -> Result<u32> {
    let status = agent.wait_status("a worker that reads its rings", START, |status| {
        status.text("/state") == "Inspecting" && status.worker().is_some()
    })?;
    Ok(status.worker().unwrap_or(0))
}

/// Kills the worker, then the supervisor, then stops the supervisor for longer than its
/// lease; an attack is found after each.
fn crash(lab: &Lab, agent: &mut Agent, server: &HttpServer) -> Result<()> {
    pause(500);
    attack(lab, agent, server)?;
    let worker = running(agent)?;
    agent.signal_worker(Signal::KILL)?;
    agent.wait_status("the next worker", START, |status| {
        status.worker().is_some_and(|pid| pid != worker)
    })?;
    attack(lab, agent, server)?;

    let worker = running(agent)?;
    agent.kill()?;
    wait_for("the orphan worker's end", Duration::from_secs(5), || {
        Ok(!Path::new(&format!("/proc/{worker}")).exists())
    })?;
    ensure!(
        lab.programs(&lab.pod("red1").interface)? == 2,
        "the programs went with the agent"
    );
    pause(1000);
    agent.start_again(lab)?;
    running(agent)?;
    attack(lab, agent, server)?;

    agent.signal(Signal::STOP)?;
    pause(6000);
    agent.signal(Signal::CONT)?;
    pause(1500);
    running(agent)?;
    attack(lab, agent, server)
}

/// Both pods that are attacked are behind `red1`'s interface: an alert for it must come.
fn attack(lab: &Lab, agent: &Agent, server: &HttpServer) -> Result<()> {
    let port = http_request(lab.pod("blue2"), server.address(), ATTACK)?;
    let found = wait_for("the alert", Duration::from_secs(10), || {
        let alerts = agent.alerts()?;
        Ok(alerts
            .iter()
            .any(|alert| alert.pod == "red1" && alert.src_port == port))
    });
    let balance = agent.status()?.balance();
    let took = found.map_err(|error| error.context(format!("{balance}\n{}", agent.log())))?;
    println!("alert after {} ms", took.as_millis());
    Ok(())
}
