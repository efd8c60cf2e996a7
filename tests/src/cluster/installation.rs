//! The product on the cluster: its manifests applied, an agent on each node and the operator
//! as processes, with the rights of their service accounts.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    agent::{NodeAgent, Objects, Operator},
    layout::NODES,
    running::Cluster,
};
use crate::lab::wait_for;

/// Namespace that the manifests make.
const INSTALLED: &str = "tigera-dpi";

/// Everything is ended on drop. What was applied stays.
#[derive(Debug)]
pub struct Installation {
    /// One for each of the [`NODES`].
    pub agents: Vec<NodeAgent>,
    operator: Operator,
    _directory: TempDir,
}

impl Installation {
    /// Installs it with these rules.
    pub fn new(cluster: &Cluster, rules: &Path) -> Result<Installation> {
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/cluster.yaml");
        cluster.kubectl().apply(&fs::read_to_string(deploy)?)?;
        let directory = TempDir::with_prefix("dpi-installation-")?;
        let mut agents = Vec::new();
        for node in NODES {
            let rights = cluster.service_account(INSTALLED, "dpi-agent", Some(node))?;
            let objects = Objects::Api(&rights);
            let agent = NodeAgent::start(cluster, node, objects, rules, directory.path())?;
            agents.push(agent);
        }
        let rights = cluster.service_account(INSTALLED, "dpi-agent-operator", None)?;
        let rights = (INSTALLED, rights.as_path());
        let operator = Operator::start(cluster, NODES[0], rights, directory.path())?;
        Ok(Installation {
            agents,
            operator,
            _directory: directory,
        })
    }

    /// Waits until each node inspects so many pods, the first of [`NODES`] first.
    pub fn wait_inspected(&self, pods: [usize; 2], limit: Duration) -> Result<Duration> {
        let waited = wait_for(&format!("{pods:?} pods inspected"), limit, || {
            let each: Result<Vec<usize>> = self.agents.iter().map(NodeAgent::inspected).collect();
            Ok(each? == pods)
        });
        waited.with_context(|| self.logs())
    }

    /// Alerts of all nodes.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let each: Result<Vec<_>> = self.agents.iter().map(NodeAgent::alerts).collect();
        Ok(each?.concat())
    }

    /// How many alerts each node has.
    pub fn mark(&self) -> Result<Vec<usize>> {
        let each = self.agents.iter().map(|agent| Ok(agent.alerts()?.len()));
        each.collect()
    }

    /// Alerts of all nodes since then.
    pub fn alerts_since(&self, mark: &[usize]) -> Result<Vec<Value>> {
        let each = self.agents.iter().zip(mark);
        let each: Result<Vec<_>> = each
            .map(|(agent, before)| Ok(agent.alerts()?.split_off(*before)))
            .collect();
        Ok(each?.concat())
    }

    /// What all of them logged.
    pub fn logs(&self) -> String {
        let each = self.agents.iter().map(NodeAgent::log);
        each.chain([self.operator.log()]).collect()
    }
}
