//! Rules change under traffic, a hundred times a second.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{Agent, AgentOptions, HttpServer, Lab, http_request, inspection, unavailable, wait_for},
};
use rustix::process::Signal;

const START: Duration = Duration::from_secs(30);
const LASTS: Duration = Duration::from_secs(8);
const RULES: &str = r#"alert tcp any any -> any any (msg:"one"; flow:to_server,established; content:"needle-in-hay"; sid:1;)
alert http (msg:"two"; http_uri; content:"/needle-in-hay"; sid:2;)
"#;

#[test]
fn a_hundred_swaps_a_second_lose_no_alert_and_no_memory() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("few.rules"), RULES)?;
    let lab = Lab::red_and_blue(&[folder.path()])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    agent.wait_status("inspection", START, |status| status.worker().is_some())?;
    wait_for("programs", START, || Ok(lab.all_programs()? == 4))?;
    let server = HttpServer::start(lab.pod("red2"), 8080)?;
    let first = swap(&lab, &agent, &server)?;
    let second = swap(&lab, &agent, &server)?;
    for round in [&first, &second] {
        println!("{round:?}: {} attacks, all found", round.attacks);
        ensure!(
            round.swaps >= 90 * round.seconds,
            "too few swaps took place to say anything: {round:?}"
        );
    }
    // Allocators keep what they have: growth between two equal rounds is what counts.
    let grown = second.memory.saturating_sub(first.memory);
    ensure!(grown < 4 << 20, "memory grew by {grown} bytes");
    assert_eq!(agent.settle()?.number("/worker/deaths"), 0);
    Ok(())
}

#[derive(Debug)]
struct Round {
    /// Attacks sent; each was found.
    attacks: usize,
    swaps: u64,
    seconds: u64,
    /// Resident memory of both processes at its end, bytes.
    memory: u64,
}

/// Signals the agent each ten milliseconds while attacks go on. Each gives two alerts at
/// the one inspected end.
fn swap(lab: &Lab, agent: &Agent, server: &HttpServer) -> Result<Round> {
    let swaps = |agent: &Agent| -> Result<u64> {
        let status = agent.settle()?;
        let rings = status.number("/capture/rings").max(1);
        Ok(status.number("/engine/thread.swaps") / rings)
    };
    let (before, alerts) = (swaps(agent)?, agent.alerts()?.len());
    let begun = Instant::now();
    let mut requests = 0;
    let mut signals = 0;
    while begun.elapsed() < LASTS {
        let due = begun.elapsed().as_millis() / 10;
        if signals < due {
            agent.signal(Signal::HUP)?;
            signals += 1;
        }
        if requests < begun.elapsed().as_millis() / 25 {
            http_request(lab.pod("blue1"), server.address(), "/needle-in-hay")?;
            requests += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let seconds = begun.elapsed().as_secs();
    let requests = usize::try_from(requests)?;
    let swaps = swaps(agent)? - before;
    let found = agent.alerts()?.len() - alerts;
    assert_eq!(found, 2 * requests, "alerts of {requests} attacks");
    Ok(Round {
        attacks: requests,
        swaps,
        seconds,
        memory: resident(agent.pid()?)? + resident(agent.status()?.worker().unwrap_or(0))?,
    })
}

fn resident(pid: u32) -> Result<u64> {
    let path = Path::new("/proc").join(pid.to_string()).join("status");
    let text = fs::read_to_string(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    let kib: u64 = kib.context("no VmRSS")?.parse()?;
    Ok(kib << 10)
}
