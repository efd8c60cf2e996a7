//! The agent on live traffic: which pods are inspected, and how soon that changes.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, ensure};
use dpi_tests::{
    kernel_fixture::skipped,
    lab::{
        Agent, AgentOptions, HttpServer, Lab, http_request, inspection, pod_manifest, unavailable,
        wait_for,
    },
};

/// A change of manifests takes effect within this time.
const SOON: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(30);
/// Found by the starter rule of this id.
const TRAVERSAL: &str = "/download?file=../../../../etc/passwd";

fn starter_rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules")
}

/// A lab with `red` inspected, or none where none is possible.
fn inspected() -> Result<Option<(Lab, Agent)>> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(None);
    }
    let lab = Lab::red_and_blue(&[&starter_rules()])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let agent = Agent::start(&lab, &AgentOptions::default())?;
    agent.wait_status("inspection", START, |status| {
        status.text("/state") == "Inspecting"
    })?;
    wait_for("programs", SOON, || Ok(lab.all_programs()? == 4))?;
    Ok(Some((lab, agent)))
}

/// Who alerted since `before`: pod, peer, whether the pod received; sorted, each once.
fn ends(agent: &Agent, before: usize) -> Result<Vec<(String, String, bool)>> {
    agent.settle()?;
    let alerts = agent.alerts()?;
    let mut ends: Vec<_> = alerts[before..]
        .iter()
        .map(|alert| (alert.pod.clone(), alert.peer.clone(), alert.to_pod))
        .collect();
    ends.sort();
    ends.dedup();
    Ok(ends)
}

/// Pod, peer, whether the pod received.
type Ends = &'static [(&'static str, &'static str, bool)];

#[test]
fn each_selected_end_of_an_attack_gives_an_alert() -> Result<()> {
    let Some((lab, agent)) = inspected()? else {
        return Ok(());
    };
    let mut servers = Vec::new();
    for name in ["red1", "red2", "blue1", "blue2"] {
        servers.push(HttpServer::start(lab.pod(name), 8080)?);
    }
    // client, server, expected ends
    let table: [(&str, &str, Ends); 5] = [
        (
            "red1",
            "red2",
            &[("red1", "red2", false), ("red2", "red1", true)],
        ),
        ("red1", "blue1", &[("red1", "blue1", false)]),
        ("blue1", "red1", &[("red1", "blue1", true)]),
        ("blue2", "red2", &[("red2", "blue2", true)]),
        ("blue1", "blue2", &[]),
    ];
    for (client, server, expected) in table {
        let before = agent.alerts()?.len();
        let address = (lab.pod(server).ip, 8080).into();
        http_request(lab.pod(client), address, "/index.html")?;
        ensure!(ends(&agent, before)?.is_empty(), "a page gave an alert");
        http_request(lab.pod(client), address, TRAVERSAL)?;
        let found = ends(&agent, before)?;
        let found: Vec<_> = found.iter().map(|(a, b, c)| (&**a, &**b, *c)).collect();
        assert_eq!(found, expected, "{client} -> {server}\n{}", agent.log());
    }
    Ok(())
}

#[test]
fn unselected_pods_have_no_program_and_no_packet_is_seen() -> Result<()> {
    let Some((lab, agent)) = inspected()? else {
        return Ok(());
    };
    let server = HttpServer::start(lab.pod("blue2"), 8080)?;
    let before = agent.settle()?;
    for _ in 0..20 {
        http_request(lab.pod("blue1"), server.address(), TRAVERSAL)?;
    }
    let after = agent.settle()?;
    assert_eq!(server.served(), 20);
    assert_eq!(
        before.json.pointer("/account/kernel"),
        after.json.pointer("/account/kernel")
    );
    for pod in ["blue1", "blue2"] {
        assert_eq!(lab.programs(&lab.pod(pod).interface)?, 0);
    }
    Ok(())
}

#[test]
fn manifests_take_effect_within_a_second_and_leave_nothing() -> Result<()> {
    let Some((lab, mut agent)) = inspected()? else {
        return Ok(());
    };
    let on = |pod: &str| lab.programs(&lab.pod(pod).interface);
    lab.write_manifest("blue.yaml", &inspection("blue", "app == 'blue'"))?;
    wait_for("a second inspection", SOON, || Ok(on("blue1")? == 2))?;
    // A pod's labels change.
    let red1 = lab.pod("red1").ip;
    lab.write_manifest(
        "pod-red1.yaml",
        &pod_manifest("red1", red1, &[("app", "none")]),
    )?;
    wait_for("a pod without its label", SOON, || Ok(on("red1")? == 0))?;
    lab.write_manifest(
        "pod-red1.yaml",
        &pod_manifest("red1", red1, &[("app", "red")]),
    )?;
    wait_for("a pod with its label", SOON, || Ok(on("red1")? == 2))?;
    // A selector that is wrong selects nothing, says where, and stops no other.
    lab.write_manifest("blue.yaml", &inspection("blue", "app = 'blue'"))?;
    wait_for("a bad selector", SOON, || Ok(on("blue1")? == 0))?;
    assert_eq!(on("red1")?, 2);
    // The status is written once the programs are off.
    agent.wait_status("where the selector is wrong", SOON, |status| {
        let said = ["/inspections", "/manifestProblems"].map(|at| status.json.pointer(at));
        let mut said = said.into_iter().flatten().map(ToString::to_string);
        said.any(|text| text.contains("column"))
    })?;
    lab.remove_manifest("blue.yaml")?;
    lab.remove_manifest("red.yaml")?;
    wait_for("nothing", SOON, || Ok(lab.all_programs()? == 0))?;
    agent.wait_status("idleness", Duration::from_secs(5), |status| {
        status.text("/state") == "Idle" && status.number("/worker/pid") == 0
    })?;
    assert_eq!(agent.pins(), 0);
    assert!(lab.node.ip("link show dev dpi-sink").is_err());
    assert!(agent.terminate()?.success());
    Ok(())
}

/// What a `DaemonSet` gives: not root's rights, but four of its capabilities.
#[test]
fn four_capabilities_are_enough() -> Result<()> {
    if let Some(reason) = unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let lab = Lab::red_and_blue(&[&starter_rules()])?;
    lab.write_manifest("red.yaml", &inspection("red", "app == 'red'"))?;
    let four = "--bounding-set=-all,+bpf,+net_admin,+net_raw,+perfmon";
    let options = AgentOptions {
        prefix: vec!["setpriv".to_owned(), four.to_owned()],
        ..AgentOptions::default()
    };
    let mut agent = Agent::start(&lab, &options)?;
    wait_for("programs", START, || Ok(lab.all_programs()? == 4))?;
    let server = HttpServer::start(lab.pod("red2"), 8080)?;
    http_request(lab.pod("red1"), server.address(), TRAVERSAL)?;
    assert_eq!(ends(&agent, 0)?.len(), 2, "{}", agent.log());
    assert!(agent.terminate()?.success());
    assert_eq!(lab.all_programs()?, 0);
    assert_eq!(agent.pins(), 0);
    Ok(())
}

#[test]
fn an_interface_that_is_made_again_is_inspected_again() -> Result<()> {
    let Some((mut lab, agent)) = inspected()? else {
        return Ok(());
    };
    let ip = lab.pod("red2").ip;
    // Its namespace takes the veth with it.
    lab.pods.retain(|pod| pod.name != "red2");
    wait_for("the interface's end", Duration::from_secs(5), || {
        Ok(lab.node.ip("link show dev cali-red2").is_err())
    })?;
    lab.add_pod("red2", ip, &[("app", "red")])?;
    let interface = lab.pod("red2").interface.clone();
    wait_for("programs on the new interface", SOON, || {
        Ok(lab.programs(&interface)? == 2)
    })?;
    let server = HttpServer::start(lab.pod("red2"), 8080)?;
    http_request(lab.pod("blue1"), server.address(), TRAVERSAL)?;
    assert_eq!(
        ends(&agent, 0)?,
        [("red2".to_owned(), "blue1".to_owned(), true)]
    );
    assert_eq!(agent.settle()?.sum("/packets/dropped"), 0);
    Ok(())
}
