//! Why the supervisor cannot begin or go on.

use std::{io, path::PathBuf};

use dpi_capture::BudgetError;

use super::super::source::ObjectsError;
use crate::{alerts::OutputError, interfaces::NetlinkError, kernel, metrics};

/// Why the supervisor ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The manifests or the API server.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// Another agent is here.
    #[error(
        "another agent{} runs with state directory {path}; there is one agent on a node: stop it, or \
         name another --state-dir, --pin-dir and --sink-name if both are meant",
        pid.as_ref().map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    AnotherAgent {
        /// The directory.
        path: PathBuf,
        /// The other one's process, where it is known.
        pid: Option<String>,
    },
    /// The rules directory.
    #[error(
        "rules directory {path}: {source}; name an existing directory with *.rules files by --rules"
    )]
    Rules {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The state directory.
    #[error(
        "state directory {path}: {source}; name a directory that the agent may write to by --state-dir"
    )]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The alert output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The memory limit.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// The node's interfaces.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// The metrics' address.
    #[error(transparent)]
    Metrics(#[from] metrics::MetricsError),
    /// Privileges or the eBPF object.
    #[error(transparent)]
    Kernel(#[from] Box<kernel::KernelError>),
    /// A system call failed.
    #[error("supervisor: {0}")]
    System(#[from] io::Error),
}
