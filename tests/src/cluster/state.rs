//! What runs, written down so that another process can take it down.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::layout::STATE_DIR;
use crate::kube::daemon::Daemon;

/// How pods are wired to their node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cni {
    /// A routed veth for each pod, as Calico has it.
    #[default]
    Ptp,
    /// A bridge on each node, as Flannel has it.
    Bridge,
}

/// The record. It is written whenever something was started.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) cni: Cni,
    /// In the order in which they were started.
    pub(super) daemons: Vec<Daemon>,
    /// All was well once.
    pub(super) complete: bool,
}

impl State {
    /// What is written down; `None` if there is no cluster, not even a part of one.
    pub(super) fn read() -> Result<Option<State>> {
        if !Path::new(STATE_DIR).exists() {
            return Ok(None);
        }
        match fs::read(path()) {
            Ok(bytes) => {
                Ok(Some(serde_json::from_slice(&bytes).with_context(|| {
                    format!("{} is damaged", path().display())
                })?))
            }
            // It was cut short before anything ran.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Some(State::default()))
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path().display())),
        }
    }

    pub(super) fn write(&self) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self)?;
        fs::write(path(), bytes).with_context(|| format!("writing {}", path().display()))
    }

    /// Whether all that was started runs.
    pub(super) fn healthy(&self) -> bool {
        self.complete && self.daemons.iter().all(Daemon::alive)
    }
}

fn path() -> PathBuf {
    Path::new(STATE_DIR).join("state.json")
}
