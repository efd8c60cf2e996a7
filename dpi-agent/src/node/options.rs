//! What the supervisor is told at its start.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use dpi_api::messages::RuleDialect;
use dpi_capture::sink::Preference;

use super::redirect_peer::Mode as RedirectPeerMode;
use crate::alerts::{Format, events::PeerDetail};

/// Everything `dpi-agent node` can be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the objects come from.
    pub objects: Objects,
    /// Directory of rule files.
    pub rules: PathBuf,
    /// How rule texts are read.
    pub dialect: RuleDialect,
    /// File that alerts are appended to; `None`: standard output.
    pub output: Option<PathBuf>,
    /// How alerts are written.
    pub format: Format,
    /// Name of this node; `None` takes every pod as its own.
    pub node_name: Option<String>,
    /// Directory for pins on a BPF file system.
    pub pin_dir: PathBuf,
    /// Directory for what must outlive the process.
    pub state_dir: PathBuf,
    /// Packet threads.
    pub workers: NonZeroU32,
    /// Bytes of each ring; `None`: by the memory limit.
    pub ring_memory: Option<u64>,
    /// Kind of the sink device.
    pub sink: Preference,
    /// Name of the sink device.
    pub sink_name: String,
    /// Address of `/metrics`, `/healthz` and `/readyz`; `None`: not served.
    pub metrics: Option<SocketAddr>,
    /// The status as JSON; `None`: not written.
    pub status: Option<PathBuf>,
    /// Level of the eBPF programs' log, 0 (off) to 5.
    pub ebpf_log: u8,
    /// Whether the node's network takes packets past the pods' interfaces.
    pub redirect_peer: RedirectPeerMode,
    /// What Events say of the other end; `None`: no Events are written.
    pub events: Option<PeerDetail>,
}

/// Where the objects come from.
#[derive(Clone, Debug)]
pub enum Objects {
    /// A directory of YAML manifests.
    Manifests(PathBuf),
    /// The API server.
    Api {
        /// How it is reached; `None`: by the pod's service account.
        kubeconfig: Option<PathBuf>,
    },
}
