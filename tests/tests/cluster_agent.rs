//! The agent on both nodes of a real Kubernetes: an attack between two pods is told at
//! both ends. Objects reach the agents as files, read from the API server by the test.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use dpi_tests::{
    cluster::{Cluster, NODES, NodeAgent, PodSpec, TestCluster},
    kernel_fixture::skipped,
    lab::{self, wait_for},
};
use serde_json::Value;

const NAMESPACE: &str = "dpi-test-agent";
const ATTACK: &str = "/download?file=../../../secret";
/// "WEB-ATTACK path traversal, three levels up in the raw URI".
const SID: u64 = 9_000_009;
const START: Duration = Duration::from_secs(60);
const ALERT: Duration = Duration::from_secs(2);

#[test]
fn an_attack_between_nodes_is_told_at_both_ends() -> Result<()> {
    if let Some(reason) = lab::unavailable() {
        skipped(&reason);
        return Ok(());
    }
    let Some(cluster) = TestCluster::get()? else {
        return Ok(());
    };
    cluster.delete_namespace(NAMESPACE)?;
    let pods = cluster.run_pods(&[
        PodSpec::new(NAMESPACE, "red1", NODES[0]).label("app", "red"),
        PodSpec::new(NAMESPACE, "red2", NODES[1]).label("app", "red"),
        PodSpec::new(NAMESPACE, "blue", NODES[1]).label("app", "blue"),
    ])?;
    let directory = tempfile::tempdir()?;
    let mut agents = Vec::new();
    for node in NODES {
        let files = directory.path().join(node);
        write_manifests(&cluster, &files.join("manifests"))?;
        agents.push((start(&cluster, node, &files)?, files));
    }
    for (agent, files) in &agents {
        let what = "one pod inspected on each node";
        let ready = || {
            ensure!(agent.alive(), "the agent ended");
            Ok(inspected(files)? == 1)
        };
        wait_for(what, START, ready).with_context(|| agent.log())?;
        assert!(agent.pins() > 0);
    }
    let url = format!("http://{}{ATTACK}", pods[1].ip);
    // The file is not there; the request was made.
    let _ = cluster.exec(&pods[0], &["timeout", "5", "wget", "-q", "-O", "-", &url]);
    for (agent, files) in &agents {
        wait_for("an alert", ALERT, || Ok(alerts(files)?.contains(&SID)))
            .with_context(|| agent.log())?;
    }
    for (agent, files) in agents {
        drop(agent);
        assert_eq!(alerts(&files)?, [SID], "{}", files.display());
    }
    cluster.delete_namespace(NAMESPACE)
}

/// The pods as the API server has them, and an inspection of the red ones.
fn write_manifests(cluster: &Cluster, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    let pods = cluster.kubectl().json(&["get", "pods", "-n", NAMESPACE])?;
    fs::write(directory.join("pods.yaml"), pods.to_string())?;
    let inspection = format!(
        "apiVersion: projectcalico.org/v3\nkind: DeepPacketInspection\n\
         metadata: {{name: red, namespace: {NAMESPACE}}}\nspec: {{selector: app == 'red'}}\n"
    );
    Ok(fs::write(directory.join("red.yaml"), inspection)?)
}

fn start(cluster: &Cluster, node: &str, files: &Path) -> Result<NodeAgent> {
    let program = PathBuf::from(env::var_os("DPI_AGENT").context("DPI_AGENT")?);
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let path = |name: &str| files.join(name).display().to_string();
    let (manifests, state, status, output) = (
        path("manifests"),
        path("state"),
        path("status.json"),
        path("alerts.json"),
    );
    let arguments = [
        "--manifests",
        &manifests,
        "--rules",
        &rules.display().to_string(),
        "--state-dir",
        &state,
        "--status",
        &status,
        "--output",
        &output,
    ];
    NodeAgent::start(cluster, node, &program, None, files, &arguments)
}

/// How many pods are inspected.
fn inspected(files: &Path) -> Result<usize> {
    let Ok(status) = fs::read(files.join("status.json")) else {
        return Ok(0);
    };
    let status: Value = serde_json::from_slice(&status)?;
    let pods = status
        .pointer("/inspections/0/pods")
        .and_then(Value::as_array);
    let pods = pods.into_iter().flatten();
    Ok(pods.filter(|pod| pod["inspected"] == true).count())
}

/// The sids of all alerts.
fn alerts(files: &Path) -> Result<Vec<u64>> {
    let text = fs::read_to_string(files.join("alerts.json")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut sids = Vec::new();
    for line in whole.lines() {
        let alert: Value = serde_json::from_str(line)?;
        let sid = alert.pointer("/alert/signature_id").and_then(Value::as_u64);
        sids.push(sid.context("an alert without a sid")?);
    }
    Ok(sids)
}
