//! The agent on a node: a process in the node's network namespace, with the rights of a
//! service account.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use rustix::process::Signal;

use super::running::Cluster;
use crate::kube::daemon::Daemon;

const BPFFS: &str = "/sys/fs/bpf";
/// It detaches everything before it ends.
const GRACE: Duration = Duration::from_secs(15);

/// An agent. It is ended on drop, and so are its pins: both nodes share one kernel, and
/// so one BPF file system, where each has a directory of its own.
#[derive(Debug)]
pub struct NodeAgent {
    daemon: Daemon,
    pins: PathBuf,
    log: PathBuf,
}

impl NodeAgent {
    /// Starts `program node --node-name NAME --pin-dir … ARGUMENTS` on a node. It finds
    /// the API server by `KUBECONFIG`, if it is to have one. Its log goes to `directory`.
    pub fn start(
        cluster: &Cluster,
        node: &str,
        program: &Path,
        kubeconfig: Option<&Path>,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<NodeAgent> {
        let pins = Path::new(BPFFS).join(format!("dpi-cluster-{node}"));
        let log = directory.join(format!("agent-{node}.log"));
        let mut command = cluster.on_node(node, program)?;
        command
            .arg("node")
            .args(["--node-name", node])
            .arg("--pin-dir")
            .arg(&pins)
            .args(arguments)
            .env_remove("KUBECONFIG");
        if let Some(kubeconfig) = kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        let daemon = Daemon::start(&format!("agent on {node}"), &mut command, &log)?;
        Ok(NodeAgent { daemon, pins, log })
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
        fs::read_to_string(&self.log).unwrap_or_default()
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
    /// Starts `program operator` with these rights, its lease in `namespace`. Its log goes
    /// to `directory`.
    pub fn start(
        cluster: &Cluster,
        node: &str,
        program: &Path,
        (namespace, kubeconfig): (&str, &Path),
        directory: &Path,
    ) -> Result<Operator> {
        let log = directory.join("operator.log");
        let mut command = cluster.on_node(node, program)?;
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
