//! Why the supervisor cannot begin or go on.

use std::{io, path::PathBuf};

use dpi_capture::BudgetError;

use crate::{
    alerts::OutputError, interfaces::NetlinkError, kernel, manifests::SourceError, metrics,
};

/// Why the supervisor ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The manifests.
    #[error(transparent)]
    Source(#[from] SourceError),
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
