//! Bringing the cluster up, step by step.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    Progress, cgroups, control_plane, image,
    layout::{NODES, Node, STATE_DIR, control_directory},
    network, node,
    running::Cluster,
    state::{Cni, State},
};
use crate::kube::{
    Programs,
    control_plane::{last_lines, wait_ready},
    daemon::Daemon,
};

/// How a cluster is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How pods are wired.
    pub cni: Cni,
}

const NEEDED: [&str; 14] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
    "containerd",
    "ctr",
    "runc",
    "iptables",
    "busybox",
    "nsenter",
    "ip",
];
/// A node is Ready in seconds; on a loaded machine in more.
const READY: Duration = Duration::from_secs(180);
const CONTAINERD: Duration = Duration::from_secs(60);

/// Brings the cluster up, or says that it is. What was started of a cluster that did not
/// come up stays to be looked at; [`down`](super::down) removes it.
pub fn up(options: Options, progress: Progress<'_>) -> Result<Cluster> {
    if let Some(state) = State::read()? {
        ensure!(
            state.healthy(),
            "part of a cluster is in {STATE_DIR}: run `cargo xtask cluster down` first"
        );
        ensure!(
            state.cni == options.cni,
            "a cluster with another pod network is up: run `cargo xtask cluster down` first"
        );
        progress("the cluster is up");
        return Cluster::running()?.context("the cluster went away");
    }
    let programs = requirements()?;
    fs::create_dir(STATE_DIR).with_context(|| format!("making {STATE_DIR}"))?;
    let mut starter = Starter {
        state: State {
            cni: options.cni,
            ..State::default()
        },
        programs,
        begun: Instant::now(),
        progress,
    };
    starter.run()?;
    Cluster::running()?.context("the cluster went away")
}

/// What is missing for a cluster on this machine, with the remedy.
pub(super) fn requirements() -> Result<Programs> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "namespaces and containers need root: run with sudo -E"
    );
    let programs = Programs::find(&NEEDED)?;
    ensure!(
        node::cni_plugins().is_some(),
        "no CNI plugins: run `cargo xtask setup`"
    );
    Ok(programs)
}

struct Starter<'a> {
    state: State,
    programs: Programs,
    begun: Instant,
    progress: Progress<'a>,
}

impl Starter<'_> {
    fn run(&mut self) -> Result<()> {
        self.state.write()?;
        self.tell("network: a namespace for each machine");
        network::make()?;
        self.tell("control plane: etcd, kube-apiserver");
        self.control_plane()?;
        self.write_kubectl()?;
        let images = image::write_all(Path::new(STATE_DIR))?;
        for each in Node::all() {
            self.tell(&format!(
                "{}: containerd, images, kubelet, kube-proxy",
                each.name
            ));
            self.node(each, &images)?;
        }
        self.tell("waiting for both nodes to be Ready");
        self.wait_nodes()?;
        self.wait_accounts()?;
        self.state.complete = true;
        self.state.write()?;
        self.tell("both nodes are Ready");
        Ok(())
    }

    fn tell(&mut self, what: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        (self.progress)(&format!("[{seconds:5.1} s] {what}"));
    }

    fn control_plane(&mut self) -> Result<()> {
        control_plane::write_identities()?;
        let logs = control_directory();
        for (name, mut command) in control_plane::first(&self.programs) {
            self.start(name, &mut command, &logs)?;
        }
        let kubectl = control_plane::kubectl(&self.programs);
        let daemons: Vec<&Daemon> = self.state.daemons.iter().collect();
        wait_ready(&kubectl, &daemons, &logs)?;
        for (name, mut command) in control_plane::second(&self.programs) {
            self.start(name, &mut command, &logs)?;
        }
        Ok(())
    }

    /// A program for people, which need not know about namespaces.
    fn write_kubectl(&self) -> Result<()> {
        let path = Path::new(STATE_DIR).join("kubectl");
        let line = control_plane::kubectl(&self.programs).line();
        let words: Vec<String> = line
            .iter()
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        fs::write(
            &path,
            format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")),
        )?;
        Ok(fs::set_permissions(
            &path,
            fs::Permissions::from_mode(0o755),
        )?)
    }

    fn node(&mut self, each: Node, images: &[std::path::PathBuf]) -> Result<()> {
        cgroups::make(each)?;
        node::write_configuration(each, self.state.cni)?;
        let logs = each.directory();
        self.start("containerd", &mut node::containerd_command(each)?, &logs)?;
        let begun = Instant::now();
        while !node::containerd_answers(each) {
            self.all_alive()?;
            ensure!(
                begun.elapsed() < CONTAINERD,
                "containerd of {} does not answer: {}",
                each.name,
                last_lines(&logs, "containerd")
            );
            thread::sleep(Duration::from_millis(50));
        }
        node::import(each, images)?;
        for (name, mut command) in node::later_commands(each, &self.programs)? {
            self.start(name, &mut command, &logs)?;
        }
        Ok(())
    }

    fn start(&mut self, name: &str, command: &mut Command, logs: &Path) -> Result<()> {
        let log = logs.join(format!("{name}.log"));
        self.state.daemons.push(Daemon::start(name, command, &log)?);
        self.state.write()
    }

    fn wait_nodes(&mut self) -> Result<()> {
        let kubectl = control_plane::kubectl(&self.programs);
        let mut ready = Vec::new();
        self.wait("the nodes are not Ready", || {
            let nodes = kubectl.json(&["get", "nodes"])?;
            ready = super::running::ready_nodes(&nodes);
            Ok(NODES.iter().all(|name| ready.iter().any(|r| r == name)))
        })
    }

    /// Pods are refused until the controllers have made the account that they run as.
    fn wait_accounts(&mut self) -> Result<()> {
        let kubectl = control_plane::kubectl(&self.programs);
        self.wait("the controllers made no service account", || {
            Ok(kubectl.run(&["get", "serviceaccount", "default"]).is_ok())
        })
    }

    fn wait(&self, what: &str, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !done()? {
            self.all_alive()?;
            if begun.elapsed() > READY {
                bail!(
                    "{what} after {} s: see the logs in {STATE_DIR}",
                    READY.as_secs()
                );
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn all_alive(&self) -> Result<()> {
        match self.state.daemons.iter().find(|daemon| !daemon.alive()) {
            Some(ended) => bail!("{} ended: see its log in {STATE_DIR}", ended.name),
            None => Ok(()),
        }
    }
}
