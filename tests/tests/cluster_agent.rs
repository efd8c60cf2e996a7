//! The agent on both nodes of a real Kubernetes: an attack between two pods is told at
//! both ends. Objects reach the agents as files, read from the API server by the test.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use dpi_tests::{
    cluster::{Cluster, NODES, NodeAgent, Objects, PodSpec, TestCluster},
    kernel_fixture::skipped,
    lab::{self, wait_for},
};

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
    let manifests = directory.path().join("manifests");
    write_manifests(&cluster, &manifests)?;
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut agents = Vec::new();
    for node in NODES {
        let objects = Objects::Manifests(&manifests);
        let agent = NodeAgent::start(&cluster, node, objects, &rules, directory.path())?;
        agents.push(agent);
    }
    for agent in &agents {
        let what = "one pod inspected on each node";
        let ready = || Ok(agent.inspected()? == 1);
        wait_for(what, START, ready).with_context(|| agent.log())?;
        assert!(agent.pins() > 0);
    }
    let url = format!("http://{}{ATTACK}", pods[1].ip);
    // The file is not there; the request was made.
    let _ = cluster.exec(&pods[0], &["timeout", "5", "wget", "-q", "-O", "-", &url]);
    for agent in &agents {
        wait_for("an alert", ALERT, || Ok(agent.sids()?.contains(&SID)))
            .with_context(|| agent.log())?;
    }
    for agent in &agents {
        assert_eq!(agent.sids()?, [SID], "{}", agent.node());
    }
    drop(agents);
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
