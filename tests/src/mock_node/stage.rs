//! Node, API server and agent.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use aya::programs::{SchedClassifier, TcAttachType};
use serde_json::{Value, json};

use super::model::{Model, address};
use crate::{
    kernel_fixture::skipped,
    kube::{ApiServer, Kubectl, daemon::Daemon},
    lab::{self, wait_for},
    netns::Netns,
};

const BPFFS: &str = "/sys/fs/bpf";
/// Its name.
pub(super) const NODE: &str = "churn";
const INSTALLED: &str = "tigera-dpi";
const START: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(15);

/// All of it is gone on drop, the agent first.
pub(super) struct Stage {
    agent: Option<Daemon>,
    server: ApiServer,
    pins: PathBuf,
    files: tempfile::TempDir,
    interfaces: usize,
    /// The agent's kubeconfig.
    rights: PathBuf,
    rules: PathBuf,
    cgroup: Option<PathBuf>,
    node: Netns,
    _pods: Netns,
}

impl Stage {
    /// A node with so many interfaces; `None`, with the reason printed, where there can be
    /// none.
    pub(super) fn set(interfaces: usize) -> Result<Option<Stage>> {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
        Stage::set_with(interfaces, &rules, None)
    }

    /// The same with other rules, and the agent in a cgroup of which this is the file
    /// `cgroup.procs`.
    pub(super) fn set_with(
        interfaces: usize,
        rules: &Path,
        cgroup: Option<&Path>,
    ) -> Result<Option<Stage>> {
        if let Some(reason) = lab::unavailable() {
            skipped(&reason);
            return Ok(None);
        }
        let node = Netns::labelled("churn-node")?;
        let pods = Netns::labelled("churn-pods")?;
        wire(&node, &pods, interfaces)?;
        let Some(server) = node.run(ApiServer::start)? else {
            return Ok(None);
        };
        let pins = format!("dpi-churn-{}", std::process::id());
        let mut stage = Stage {
            agent: None,
            server,
            pins: Path::new(BPFFS).join(pins),
            files: tempfile::TempDir::with_prefix("dpi-churn-")?,
            interfaces,
            rights: PathBuf::new(),
            rules: rules.to_owned(),
            cgroup: cgroup.map(Path::to_owned),
            node,
            _pods: pods,
        };
        stage.rights = stage.within(|| stage.install())?;
        stage.start_agent()?;
        stage.wait_synced()?;
        Ok(Some(stage))
    }

    /// Ends the agent as the kernel would.
    pub(super) fn kill_agent(&mut self) -> Result<()> {
        match self.agent.take() {
            Some(agent) => agent.stop(Duration::ZERO),
            None => Ok(()),
        }
    }

    pub(super) fn stop_server(&mut self) -> Result<()> {
        self.server.stop()
    }

    pub(super) fn start_server(&mut self) -> Result<()> {
        let server = &mut self.server;
        self.node.run(|| server.start_again())
    }

    /// Waits until the agent has written down what it knows now.
    pub(super) fn wait_kept(&self, limit: Duration) -> Result<()> {
        let since = SystemTime::now();
        let file = self.files.path().join("state/objects.json");
        // It is written two seconds after a change at the latest.
        std::thread::sleep(Duration::from_millis(2500));
        wait_for("what the agent keeps", limit, || {
            let written = fs::metadata(&file).and_then(|file| file.modified());
            Ok(written.is_ok_and(|written| written + Duration::from_secs(5) > since))
        })
        .map(drop)
    }

    /// Runs on a thread on the node.
    pub(super) fn within<T: Send>(&self, run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        self.node.run(run)
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.server.kubeconfig()
    }

    pub(super) fn kubectl(&self) -> Kubectl {
        self.server.kubectl()
    }

    /// CRDs, roles and namespaces; the agent's kubeconfig.
    fn install(&self) -> Result<PathBuf> {
        let kubectl = self.kubectl();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/cluster.yaml");
        kubectl.apply(&fs::read_to_string(deploy)?)?;
        let namespaces = Model::namespaces().map(|name| ("Namespace", name));
        let objects = namespaces.chain([("Node", NODE.to_owned())]);
        let objects = objects.map(
            |(kind, name)| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}),
        );
        let list = json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": objects.collect::<Vec<Value>>(),
        });
        kubectl.apply(&list.to_string())?;
        let crds = "deeppacketinspections.projectcalico.org";
        kubectl.run(&["wait", "--for=condition=Established", "crd", crds])?;
        self.server
            .service_account_on(INSTALLED, "dpi-agent", Some(NODE))
    }

    /// Starts it, at first or after its end, with the same files.
    pub(super) fn start_agent(&mut self) -> Result<()> {
        let program = lab::agent_path().context("DPI_AGENT names no dpi-agent binary")?;
        let file = |name: &str| self.files.path().join(name);
        let mut command = match &self.cgroup {
            Some(cgroup) => {
                let mut command = self.node.command("sh");
                command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]);
                command.arg(cgroup).arg(&program);
                command
            }
            None => self.node.command(&program.to_string_lossy()),
        };
        command.args(["node", "--node-name", NODE]);
        command.arg("--rules").arg(&self.rules);
        command.arg("--pin-dir").arg(&self.pins);
        command.arg("--state-dir").arg(file("state"));
        command.arg("--status").arg(file("status.json"));
        command.arg("--output").arg(file("alerts.json"));
        command.env("KUBECONFIG", &self.rights);
        let _ = fs::remove_file(file("status.json"));
        let agent = Daemon::start("agent", &mut command, &file("agent.log"))?;
        self.agent = Some(agent);
        Ok(())
    }

    fn wait_synced(&self) -> Result<()> {
        let waited = wait_for("the agent's watches", START, || {
            Ok(self.status().pointer("/api/synced") == Some(&Value::Bool(true)))
        });
        waited.map(drop).with_context(|| self.agent_log())
    }

    /// What the agent says of itself; null while that is not there.
    pub(super) fn status(&self) -> Value {
        let text = fs::read(self.files.path().join("status.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn agent_log(&self) -> String {
        let text = fs::read_to_string(self.files.path().join("agent.log")).unwrap_or_default();
        let last: Vec<&str> = text.lines().rev().take(20).collect();
        last.into_iter()
            .rev()
            .fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            })
    }

    /// The agent's process and its worker's, while there is one.
    pub(super) fn processes(&self) -> Vec<u32> {
        let worker = self.status();
        let worker = worker.pointer("/worker/pid").and_then(Value::as_u64);
        let worker = worker.and_then(|pid| u32::try_from(pid).ok());
        let agent = self.agent.iter().map(|agent| agent.pid);
        agent.chain(worker.filter(|pid| *pid != 0)).collect()
    }

    /// Waits until these interfaces carry two programs and no other carries any. To be called
    /// on the node.
    pub(super) fn wait_for_programs(
        &self,
        wanted: &BTreeSet<usize>,
        limit: Duration,
    ) -> Result<Duration> {
        let mut wrong = String::new();
        let waited = wait_for("the kernel's state", limit, || {
            wrong = self.difference(wanted)?;
            Ok(wrong.is_empty())
        });
        waited.with_context(|| wrong)
    }

    fn difference(&self, wanted: &BTreeSet<usize>) -> Result<String> {
        let mut text = String::new();
        for number in 0..self.interfaces {
            let mut count = 0;
            for side in [TcAttachType::Ingress, TcAttachType::Egress] {
                let (_, programs) = SchedClassifier::query_tcx(&name(number), side)?;
                count += programs.len();
            }
            let expected = if wanted.contains(&number) { 2 } else { 0 };
            if count != expected {
                write!(text, "{}: {count} programs, not {expected}; ", name(number))?;
            }
        }
        Ok(text)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(agent) = self.agent.take() {
            let _ = agent.stop(GRACE);
        }
        let _ = fs::remove_dir_all(&self.pins);
    }
}

fn name(number: usize) -> String {
    format!("v{number}")
}

/// A routed veth for each pod that there may be.
fn wire(node: &Netns, pods: &Netns, interfaces: usize) -> Result<()> {
    let mut batch = String::new();
    for number in 0..interfaces {
        let (name, peer) = (name(number), pods.name());
        writeln!(
            batch,
            "link add {name} type veth peer name p{number} netns {peer}"
        )?;
        writeln!(batch, "link set {name} up")?;
        writeln!(batch, "route add {}/32 dev {name}", address(number))?;
    }
    node.ip_batch(&batch)
}
