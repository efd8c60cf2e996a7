//! The last objects on disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    objects::{Asked, Objects},
    store::{Key, Store},
};
use crate::{
    apiserver::Update,
    node::replace_file,
    snapshot::{Labels, Pod},
};

/// What is written. A file that is lost or of another version costs only the start
/// without an API server.
#[derive(Serialize, Deserialize)]
struct Kept {
    node: String,
    inspections: Vec<(Key, Asked)>,
    pods: Vec<(Key, Pod)>,
    namespaces: Vec<(Key, Labels)>,
    service_accounts: Vec<(Key, Labels)>,
}

/// Keeps `objects` of `node` in `directory`.
pub(super) fn keep(directory: &Path, node: &str, objects: &Objects) -> io::Result<()> {
    let kept = Kept {
        node: node.to_owned(),
        inspections: all(&objects.inspections),
        pods: objects
            .pods
            .iter()
            .map(|(key, pod)| (key.clone(), Pod::clone(pod)))
            .collect(),
        namespaces: all(&objects.namespaces),
        service_accounts: all(&objects.service_accounts),
    };
    replace_file(&path(directory), &serde_json::to_vec(&kept)?)
}

/// What was kept for `node`, none of it in sync. Labels of namespaces and service accounts
/// count as whole if there are any: they were when they were kept.
pub(super) fn kept(directory: &Path, node: &str) -> Option<Objects> {
    let bytes = std::fs::read(path(directory)).ok()?;
    let kept: Kept = match serde_json::from_slice(&bytes) {
        Ok(kept) => kept,
        Err(error) => {
            let path = path(directory);
            tracing::warn!(%error, "{} is unreadable and not used", path.display());
            return None;
        }
    };
    if kept.node != node {
        return None;
    }
    Some(Objects {
        inspections: known(kept.inspections),
        pods: known(
            kept.pods
                .into_iter()
                .map(|(k, pod)| (k, Arc::new(pod)))
                .collect(),
        ),
        namespaces: whole(kept.namespaces),
        service_accounts: whole(kept.service_accounts),
        ..Objects::default()
    })
}

fn all<V: Clone + PartialEq>(store: &Store<V>) -> Vec<(Key, V)> {
    let each = store.iter();
    each.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn known<V: PartialEq>(items: Vec<(Key, V)>) -> Store<V> {
    Store::known(items.into_iter().collect())
}

/// A store in sync, if there is anything.
fn whole<V: PartialEq>(items: Vec<(Key, V)>) -> Store<V> {
    let mut store = Store::default();
    if !items.is_empty() {
        store.update(Update::Listing);
        let items = items.into_iter().map(|(key, value)| (key, Some(value)));
        store.update(Update::Page(items.collect()));
        store.update(Update::Listed);
    }
    store
}

fn path(directory: &Path) -> PathBuf {
    directory.join("objects.json")
}
