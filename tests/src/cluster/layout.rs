//! What is where: names, addresses and directories of the cluster.

use std::path::{Path, PathBuf};

/// Everything of the cluster that is no namespace and no cgroup. Gone after a reboot, as
/// those are.
pub const STATE_DIR: &str = "/run/dpi-cluster";
/// The nodes' names.
pub const NODES: [&str; 2] = ["node1", "node2"];

/// Host-wide names begin so.
pub(super) const PREFIX: &str = "dpi-cluster";
/// The machine that the control plane runs on.
pub(super) const CONTROL: &str = "control";
/// The namespace with the bridge that the machines are wired to.
pub(super) const SWITCH: &str = "switch";
pub(super) const CONTROL_ADDRESS: &str = "10.10.0.10";
pub(super) const API_PORT: u16 = 6443;
/// All pods' addresses.
pub(super) const POD_RANGE: &str = "10.244.0.0/16";
/// Images that the nodes have.
pub(super) const BUSYBOX: &str = "dpi-cluster.local/busybox:1";
pub(super) const PAUSE: &str = "dpi-cluster.local/pause:1";

/// One of the [`NODES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// From 1.
    pub(super) number: usize,
    pub(super) name: &'static str,
}

impl Node {
    pub(super) fn all() -> impl Iterator<Item = Node> {
        let numbered = (1..).zip(NODES);
        numbered.map(|(number, name)| Node { number, name })
    }

    pub(super) fn address(self) -> String {
        format!("10.10.0.{}", 10 + self.number)
    }

    /// Its pods' addresses.
    pub(super) fn pod_range(self) -> String {
        format!("10.244.{}.0/24", self.number)
    }

    pub(super) fn directory(self) -> PathBuf {
        Path::new(STATE_DIR).join(self.name)
    }

    /// Path below the root of every cgroup hierarchy; its pods are below it.
    pub(super) fn cgroup(self) -> String {
        format!("{PREFIX}-{}", self.name)
    }

    /// Where containerd listens.
    pub(super) fn socket(self) -> PathBuf {
        self.directory().join("containerd.sock")
    }
}

/// The network namespace of a machine.
pub(super) fn namespace(machine: &str) -> String {
    format!("{PREFIX}-{machine}")
}

/// Its file.
pub(super) fn namespace_path(machine: &str) -> PathBuf {
    Path::new("/run/netns").join(namespace(machine))
}

pub(super) fn control_directory() -> PathBuf {
    Path::new(STATE_DIR).join("control-plane")
}
