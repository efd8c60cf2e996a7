//! The agent on a node: a process in the node's network namespace, with the rights of a
//! service account; and the operator.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;

use super::running::Cluster;
use crate::{kube::daemon::Daemon, lab};

const BPFFS: &str = "/sys/fs/bpf";
/// It detaches everything before it ends.
const GRACE: Duration = Duration::from_secs(15);

/// Where an agent's objects come from.
#[derive(Clone, Copy, Debug)]
pub enum Objects<'a> {
    /// A directory of manifests.
    Manifests(&'a Path),
    /// The API server, by this kubeconfig.
    Api(&'a Path),
}

/// An agent. It is ended on drop, and so are its pins: both nodes share one kernel, and
/// so one BPF file system, where each has a directory of its own.
#[derive(Debug)]
pub struct NodeAgent {
    daemon: Daemon,
    node: String,
    pins: PathBuf,
    files: PathBuf,
}

impl NodeAgent {
    /// Starts one on a node, with these rules. Its files go to a folder of `directory`: what
    /// an agent of the node left there before is found again.
    pub fn start(
        cluster: &Cluster,
        node: &str,
        objects: Objects<'_>,
        rules: &Path,
        directory: &Path,
    ) -> Result<NodeAgent> {
        let program = lab::agent_path().context("DPI_AGENT names no dpi-agent binary")?;
        let pins = Path::new(BPFFS).join(format!("dpi-cluster-{node}"));
        let files = directory.join(node);
        fs::create_dir_all(&files)?;
        let mut command = cluster.on_node(node, &program)?;
        command.arg("node").args(["--node-name", node]);
        command.arg("--pin-dir").arg(&pins);
        command.arg("--rules").arg(rules);
        for (option, file) in [
            ("--state-dir", "state"),
            ("--status", "status.json"),
            ("--output", "alerts.json"),
        ] {
            command.arg(option).arg(files.join(file));
        }
        command.env_remove("KUBECONFIG");
        match objects {
            Objects::Manifests(path) => command.arg("--manifests").arg(path),
            Objects::Api(kubeconfig) => command.env("KUBECONFIG", kubeconfig),
        };
        let _ = fs::remove_file(files.join("status.json"));
        let log = files.join("agent.log");
        let daemon = Daemon::start(&format!("agent on {node}"), &mut command, &log)?;
        Ok(NodeAgent {
            daemon,
            node: node.to_owned(),
            pins,
            files,
        })
    }

    /// Its node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.daemon.pid
    }

    /// Whether it runs.
    pub fn alive(&self) -> bool {
        self.daemon.alive()
    }

    /// Sends a signal to it.
    pub fn signal(&self, signal: Signal) {
        self.daemon.signal(signal);
    }

    /// What it says of itself; null while that is not there, or being written.
    pub fn status(&self) -> Value {
        let text = fs::read(self.files.join("status.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The pods that it was asked to inspect, each as its status has it, once.
    pub fn pods(&self) -> Result<Vec<Value>> {
        ensure!(self.alive(), "the agent ended: {}", self.log());
        let status = self.status();
        let inspections = status["inspections"].as_array().into_iter().flatten();
        let each = inspections.filter_map(|inspection| inspection["pods"].as_array());
        let mut pods: Vec<Value> = each.flatten().cloned().collect();
        pods.dedup_by(|a, b| a["pod"] == b["pod"]);
        Ok(pods)
    }

    /// How many of them it inspects.
    pub fn inspected(&self) -> Result<usize> {
        let pods = self.pods()?;
        Ok(pods.iter().filter(|pod| pod["inspected"] == true).count())
    }

    /// Every alert so far.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.files.join("alerts.json")).unwrap_or_default();
        // A line that is being written is not there yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let alerts = whole.lines().map(serde_json::from_str);
        Ok(alerts.collect::<Result<_, _>>()?)
    }

    /// The ids of their rules.
    pub fn sids(&self) -> Result<Vec<u64>> {
        let sid = |alert: &Value| alert.pointer("/alert/signature_id").and_then(Value::as_u64);
        let alerts = self.alerts()?;
        let sids = alerts.iter().map(|alert| sid(alert).context("no sid"));
        sids.collect()
    }

    /// Links and maps that it has pinned.
    pub fn pins(&self) -> usize {
        fs::read_dir(&self.pins).map_or(0, Iterator::count)
    }

    /// Programs that a pinned link keeps attached.
    pub fn links(&self) -> usize {
        let versions = fs::read_dir(&self.pins).into_iter().flatten().flatten();
        let links = versions.filter_map(|version| fs::read_dir(version.path().join("links")).ok());
        links.map(Iterator::count).sum()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.files.join("agent.log")).unwrap_or_default()
    }
}

impl Drop for NodeAgent {
    fn drop(&mut self) {
        let _ = self.daemon.stop(GRACE);
        let _ = fs::remove_dir_all(&self.pins);
    }
}

/// The operator, as a process on a node. It is ended on drop.
#[derive(Debug)]
pub struct Operator {
    daemon: Daemon,
    log: PathBuf,
}

impl Operator {
    /// Starts `operator` with these rights, its lease in `namespace`. Its log goes to
    /// `directory`.
    pub fn start(
        cluster: &Cluster,
        node: &str,
        (namespace, kubeconfig): (&str, &Path),
        directory: &Path,
    ) -> Result<Operator> {
        let program = lab::agent_path().context("DPI_AGENT names no dpi-agent binary")?;
        let log = directory.join("operator.log");
        let mut command = cluster.on_node(node, &program)?;
        command
            .args(["operator", "--namespace", namespace])
            .env("KUBECONFIG", kubeconfig);
        let daemon = Daemon::start("operator", &mut command, &log)?;
        Ok(Operator { daemon, log })
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.daemon.stop(GRACE);
    }
}
