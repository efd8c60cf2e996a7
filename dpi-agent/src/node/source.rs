//! Where the objects come from: a directory or the API server.

use std::{path::PathBuf, sync::Arc};

use kube::Client;
use tokio::sync::watch;

use super::options::Objects;
use crate::{
    apiserver::{ConnectError, connect},
    manifests::{DirectorySource, Problem, SourceError},
    snapshot::Snapshot,
    watches::{ApiSource, ApiStatus, View},
};

/// Objects, and how far they can be relied on.
#[derive(Debug)]
pub(super) enum Source {
    /// A directory of manifests.
    Directory {
        snapshots: watch::Receiver<Arc<Snapshot>>,
        problems: watch::Receiver<Arc<[Problem]>>,
        _source: DirectorySource,
    },
    /// The API server.
    Api {
        views: watch::Receiver<View>,
        _source: ApiSource,
    },
}

/// Why objects cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] SourceError),
    /// The API server.
    #[error(transparent)]
    Api(#[from] ConnectError),
    /// Which pods are this node's is not known.
    #[error("the name of this node is not known; give it by --node-name or NODE_NAME")]
    Nameless,
}

impl Source {
    /// Begins to follow; the client is there for an API server.
    pub(super) async fn start(
        objects: &Objects,
        node: Option<&str>,
        state_dir: PathBuf,
    ) -> Result<(Self, Option<Client>), ObjectsError> {
        match objects {
            Objects::Manifests(path) => {
                let source = DirectorySource::start(path.clone(), node.map(str::to_owned))?;
                let source = Self::Directory {
                    snapshots: source.snapshots(),
                    problems: source.problems(),
                    _source: source,
                };
                Ok((source, None))
            }
            Objects::Api { kubeconfig } => {
                let node = node.filter(|name| !name.is_empty());
                let node = node.ok_or(ObjectsError::Nameless)?.to_owned();
                let client = connect(kubeconfig.as_deref()).await?;
                let source = ApiSource::start(client.clone(), node, state_dir);
                let source = Self::Api {
                    views: source.views(),
                    _source: source,
                };
                Ok((source, Some(client)))
            }
        }
    }

    /// Waits for a change; `false` if there will be none any more.
    pub(super) async fn changed(&mut self) -> bool {
        match self {
            Self::Directory { snapshots, .. } => snapshots.changed().await.is_ok(),
            Self::Api { views, .. } => views.changed().await.is_ok(),
        }
    }

    /// The latest snapshot.
    pub(super) fn snapshot(&mut self) -> Arc<Snapshot> {
        match self {
            Self::Directory { snapshots, .. } => Arc::clone(&snapshots.borrow_and_update()),
            Self::Api { views, .. } => Arc::clone(&views.borrow_and_update().snapshot),
        }
    }

    /// What is absent from the snapshot is gone.
    pub(super) fn authoritative(&self) -> bool {
        match self {
            Self::Directory { .. } => true,
            Self::Api { views, .. } => views.borrow().authoritative,
        }
    }

    /// What is wrong with the manifests.
    pub(super) fn problems(&self) -> Vec<String> {
        match self {
            Self::Directory { problems, .. } => {
                problems.borrow().iter().map(ToString::to_string).collect()
            }
            Self::Api { .. } => Vec::new(),
        }
    }

    /// How the watches are.
    pub(super) fn api(&self) -> Option<ApiStatus> {
        match self {
            Self::Directory { .. } => None,
            Self::Api { views, .. } => Some(views.borrow().status.clone()),
        }
    }
}
