//! An agent that is replaced by another, and that one by the first again, as a roll-out and
//! its way back do it: the pod's traffic notices nothing, and for how long nothing is
//! inspected is said.
#![expect(clippy::print_stdout, reason = "the figures are worth seeing")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{
        Agent, AgentOptions, Harm, HttpServer, Lab, http_request, inspection, unavailable, wait_for,
    },
};

const START: Duration = Duration::from_secs(30);
const ATTACK: &str = "/download?file=../../../../etc/passwd";
/// A busy machine loses and repeats by itself: harm is what each try shows.
const TRIES: u32 = 3;

#[test]
fn a_roll_out_and_its_way_back_cost_the_workload_nothing() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    for _ in 0..TRIES {
        let lab = Lab::red_and_blue(&[&rules])?;
        let server = HttpServer::start(lab.pod("red1"), 8080)?;
        lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
        let mut agent = Agent::start(&lab, &AgentOptions::default())?;
        inspecting(&lab, &agent)?;
        let without = Harm::of(&lab, || {
            attack(&lab, &agent, &server)?;
            std::thread::sleep(Duration::from_secs(12));
            Ok(())
        })?;
        let with = Harm::of(&lab, || {
            for way in ["there", "back"] {
                attack(&lab, &agent, &server)?;
                let blind = replace(&lab, &mut agent)?;
                println!("{way}: {:.2} s without inspection", blind.as_secs_f64());
            }
            attack(&lab, &agent, &server)
        })?;
        ensure!(agent.terminate()?.success());
        println!("without: {without:?}\nwith:    {with:?}");
        // Every byte of TCP arrived, or this would not be reached. Where processors are short,
        // as beside an agent that starts, TCP also repeats what is only late.
        if with.loses_no_more_than(&without) {
            return Ok(());
        }
    }
    bail!("the workload missed packets in each of {TRIES} tries");
}

/// As a `DaemonSet` replaces a pod: the one ends before the next begins, and what it kept in
/// its state directory goes with it. How long nothing was inspected, from the signal on.
fn replace(lab: &Lab, agent: &mut Agent) -> Result<Duration> {
    let begun = Instant::now();
    ensure!(agent.terminate()?.success(), "{}", agent.log());
    ensure!(lab.all_programs()? == 0, "it has left programs");
    fs::remove_dir_all(lab.path("state"))?;
    agent.start_again(lab)?;
    inspecting(lab, agent)?;
    Ok(begun.elapsed())
}

fn inspecting(lab: &Lab, agent: &Agent) -> Result<()> {
    agent.wait_status("a worker that reads its rings", START, |status| {
        status.text("/state") == "Inspecting" && status.worker().is_some()
    })?;
    // Those of both ends of both pods.
    wait_for("programs", START, || Ok(lab.all_programs()? == 4)).map(drop)
}

fn attack(lab: &Lab, agent: &Agent, server: &HttpServer) -> Result<()> {
    let port = http_request(lab.pod("blue2"), server.address(), ATTACK)?;
    let found = wait_for("the alert", Duration::from_secs(10), || {
        let alerts = agent.alerts()?;
        Ok(alerts
            .iter()
            .any(|alert| alert.pod == "red1" && alert.src_port == port))
    });
    found.map(drop).map_err(|error| error.context(agent.log()))
}
