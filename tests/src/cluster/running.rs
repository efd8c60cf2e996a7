//! A cluster that runs: what scenarios do with it.

use std::{
    fmt::Write as _,
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    control_plane,
    down::down,
    layout::{API_PORT, CONTROL_ADDRESS, NODES, Node, STATE_DIR, control_directory},
    network, node,
    state::{Cni, State},
    up::{self, Options},
};
use crate::{
    kernel_fixture::skipped,
    kube::{
        Kubectl, Programs,
        kubeconfig::{self, Credentials},
    },
};

/// The cluster of this machine.
#[derive(Clone, Debug)]
pub struct Cluster {
    programs: Programs,
    cni: Cni,
}

impl Cluster {
    /// The one that runs; `None` if none does.
    pub fn running() -> Result<Option<Cluster>> {
        let Some(state) = State::read()?.filter(State::healthy) else {
            return Ok(None);
        };
        let programs = Programs::find(&["kubectl", "nsenter"])?;
        Ok(Some(Cluster {
            programs,
            cni: state.cni,
        }))
    }

    /// How its pods are wired.
    pub fn cni(&self) -> Cni {
        self.cni
    }

    /// `kubectl` as administrator. It runs in the control plane's namespace, and sees the
    /// machine's own files.
    pub fn kubectl(&self) -> Kubectl {
        control_plane::kubectl(&self.programs)
    }

    /// A command in the network namespace of one of the [`NODES`], with all else of this
    /// machine.
    pub fn on_node(&self, name: &str, program: &Path) -> Result<Command> {
        ensure!(NODES.contains(&name), "no node {name}: there are {NODES:?}");
        Ok(network::command(name, program))
    }

    /// The file of the control plane's network namespace, where the API server listens.
    pub fn control_network(&self) -> PathBuf {
        super::layout::namespace_path(super::layout::CONTROL)
    }

    /// The file of a node's network namespace.
    pub fn node_network(&self, name: &str) -> Result<PathBuf> {
        ensure!(NODES.contains(&name), "no node {name}: there are {NODES:?}");
        Ok(super::layout::namespace_path(name))
    }

    /// Wires the pods that come to this node otherwise, until the value is dropped.
    pub fn rewire(&self, node: &str, cni: Cni) -> Result<Rewired> {
        let node = Node::all().find(|each| each.name == node);
        let node = node.with_context(|| format!("no such node: there are {NODES:?}"))?;
        node::write_pod_network(node, cni)?;
        // Containerd takes the notice within milliseconds.
        std::thread::sleep(Duration::from_millis(500));
        let usual = self.cni;
        Ok(Rewired { node, usual })
    }

    /// Gives every node the image of a `docker save` archive.
    pub fn load(&self, archive: &Path) -> Result<()> {
        Node::all().try_for_each(|each| node::import(each, &[archive]))
    }

    /// Gives an image of every node another name, too.
    pub fn tag(&self, name: &str, other: &str) -> Result<()> {
        Node::all().try_for_each(|each| node::tag(each, name, other))
    }

    /// Writes a kubeconfig with the rights of a service account, which must exist: good
    /// for an hour, within the namespaces of the cluster. With a node it is as if for a pod
    /// there.
    pub fn service_account(
        &self,
        namespace: &str,
        name: &str,
        node: Option<&str>,
    ) -> Result<PathBuf> {
        let token = self.kubectl().token(namespace, name, node, 3600)?;
        let directory = control_directory();
        let place = node.unwrap_or("anywhere");
        let path = directory.join(format!("{namespace}-{name}-{place}.kubeconfig"));
        let authority = std::fs::read_to_string(directory.join("ca.crt"))?;
        let server = format!("https://{CONTROL_ADDRESS}:{API_PORT}");
        kubeconfig::write(&path, &server, &authority, &Credentials::Token(&token))?;
        Ok(path)
    }

    /// What the cluster is and how to use it, for people.
    pub fn describe(&self) -> Result<String> {
        let ready = ready_nodes(&self.kubectl().json(&["get", "nodes"])?);
        let mut text = format!("nodes Ready: {}\n", ready.join(", "));
        let line: Vec<String> = self
            .kubectl()
            .line()
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        writeln!(text, "kubectl:     {STATE_DIR}/kubectl get pods -A")?;
        writeln!(text, "  which is   {}", line.join(" "))?;
        for name in NODES {
            writeln!(
                text,
                "{name}:       nsenter --net={}",
                self.node_network(name)?.display()
            )?;
        }
        writeln!(
            text,
            "pod image:   {} (imagePullPolicy: Never)",
            super::layout::BUSYBOX
        )?;
        writeln!(text, "logs:        {STATE_DIR}/*/*.log")?;
        write!(text, "end:         cargo xtask cluster down")?;
        Ok(text)
    }
}

/// A node whose pods are wired otherwise.
#[derive(Debug)]
pub struct Rewired {
    node: Node,
    usual: Cni,
}

impl Drop for Rewired {
    fn drop(&mut self) {
        let _ = node::write_pod_network(self.node, self.usual);
    }
}

/// Names of nodes whose condition Ready is True, of `kubectl get nodes`.
pub(super) fn ready_nodes(nodes: &Value) -> Vec<String> {
    let items = nodes["items"].as_array().map_or(&[][..], Vec::as_slice);
    let is_ready = |node: &&Value| {
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let ready = items.iter().filter(is_ready);
    let names = ready.filter_map(|node| node.pointer("/metadata/name")?.as_str());
    names.map(str::to_owned).collect()
}

/// A cluster for a test: the one that is up, else one of its own, which is taken down
/// when the value is dropped.
#[derive(Debug)]
pub struct TestCluster {
    cluster: Cluster,
    own: bool,
}

impl TestCluster {
    /// `None`, with the reason printed, where no cluster is possible and the test is to be
    /// skipped.
    pub fn get() -> Result<Option<TestCluster>> {
        if let Some(cluster) = Cluster::running()? {
            let own = false;
            return Ok(Some(TestCluster { cluster, own }));
        }
        if let Err(missing) = up::requirements() {
            skipped(&format!("{missing:#}"));
            return Ok(None);
        }
        if down(&mut |_| ()).context("removing what is left of a cluster")? {
            tell("what was left of a cluster whose test was killed is removed");
        }
        let cluster = up::up(Options::default(), &mut |line| tell(line));
        if cluster.is_err() {
            let _ = down(&mut |_| ());
        }
        let cluster = cluster.context("the cluster does not come up")?;
        Ok(Some(TestCluster { cluster, own: true }))
    }
}

/// Progress on the harness's standard error.
fn tell(line: &str) {
    #[expect(clippy::print_stderr, reason = "the test harness shows it")]
    {
        eprintln!("{line}");
    }
}

impl Deref for TestCluster {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        if self.own {
            let _ = down(&mut |_| ());
        }
    }
}

/// Looks every tenth of a second until `ready`; what it is waited for goes in the error.
pub(super) fn wait(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let begun = std::time::Instant::now();
    while !ready()? {
        ensure!(
            begun.elapsed() < limit,
            "{what}: not within {} s",
            limit.as_secs()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
