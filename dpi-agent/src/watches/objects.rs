//! Everything the watches have told, and the snapshot that follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dpi_api::{inspection::DeepPacketInspection, selector::Selector};
use k8s_openapi::{
    api::core::v1::{self, Namespace, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use serde::{Deserialize, Serialize};

use super::store::{Key, Store};
use crate::{
    apiserver::Update,
    snapshot::{Annotations, Builder, Labels, Missing, Pod, Snapshot},
};

/// An inspection as far as it matters here: its status is not kept, so that its updates
/// are no changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) uid: Option<String>,
    pub(super) generation: Option<i64>,
    pub(super) selector: Option<String>,
}

/// Whose labels the selectors name, beyond the pods' own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `pcns.` labels.
    pub namespaces: bool,
    /// `pcsa.` labels.
    pub service_accounts: bool,
}

/// What the watches have told, cut down to what matters.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub(super) inspections: Store<Asked>,
    pub(super) pods: Store<Arc<Pod>>,
    pub(super) namespaces: Store<Labels>,
    pub(super) service_accounts: Store<Labels>,
    /// Objects that cannot be taken, and why.
    pub(super) refused: BTreeMap<(&'static str, Key), String>,
}

impl Objects {
    /// Takes what the watch of inspections tells. An object that is not what its kind has
    /// selects nothing and is told.
    pub fn inspection(&mut self, update: Update<DeserializeGuard<DeepPacketInspection>>) -> bool {
        let kind = "DeepPacketInspection";
        let update = self.sort_out(kind, update, |DeserializeGuard(object)| match object {
            Ok(object) => {
                let asked = Asked {
                    uid: object.metadata.uid.clone(),
                    generation: object.metadata.generation,
                    selector: object.spec.selector,
                };
                (key(&object.metadata), Ok(asked))
            }
            Err(invalid) => {
                let reason = format!("selects nothing: {}; correct it", invalid.error);
                (key(&invalid.metadata), Err(reason))
            }
        });
        self.inspections.update(update)
    }

    /// Takes what the watch of this node's pods tells.
    pub fn pod(&mut self, update: Update<v1::Pod>) -> bool {
        let update = self.sort_out("Pod", update, |object| {
            let pod = Pod::from_object(&object, Annotations::Ignore);
            let pod = pod.map_err(|error| format!("is not inspected: {error}"));
            (key(&object.metadata), pod.map(Arc::new))
        });
        self.pods.update(update)
    }

    /// What is left of an update when objects that cannot be taken are set aside, with why.
    fn sort_out<K, V>(
        &mut self,
        kind: &'static str,
        update: Update<K>,
        read: impl Fn(K) -> (Key, Result<V, String>),
    ) -> Update<(Key, Option<V>)> {
        if matches!(update, Update::Listing) {
            self.refused.retain(|(of, _), _| *of != kind);
        }
        let deleted = matches!(update, Update::Deleted(_));
        update.map(|object| {
            let (key, read) = read(object);
            let place = (kind, key.clone());
            match read {
                Err(reason) if !deleted => {
                    let text = format!("{kind} {}/{} {reason}", key.0, key.1);
                    self.refused.insert(place, text);
                    (key, None)
                }
                read => {
                    self.refused.remove(&place);
                    (key, read.ok())
                }
            }
        })
    }

    /// Takes what the watch of namespaces tells.
    pub fn namespace(&mut self, update: Update<PartialObjectMeta<Namespace>>) -> bool {
        self.namespaces.update(update.map(labels))
    }

    /// Takes what the watch of service accounts tells.
    pub fn service_account(&mut self, update: Update<PartialObjectMeta<ServiceAccount>>) -> bool {
        self.service_accounts.update(update.map(labels))
    }

    /// Whose labels the selectors name.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for (_, asked) in self.inspections.iter() {
            needs.add(needs_of(asked));
        }
        needs
    }

    /// What cannot be taken, and why.
    pub fn problems(&self) -> impl Iterator<Item = &String> {
        self.refused.values()
    }

    /// The snapshot for the node called `node`.
    pub fn snapshot(&self, node: &str) -> Snapshot {
        let mut builder = Builder::new(Some(node.to_owned()));
        for ((namespace, name), asked) in self.inspections.iter() {
            let mut object = DeepPacketInspection::default();
            object.metadata.namespace = Some(namespace.clone());
            object.metadata.name = Some(name.clone());
            object.metadata.uid.clone_from(&asked.uid);
            object.metadata.generation = asked.generation;
            object.spec.selector.clone_from(&asked.selector);
            // Names come from an API server; a bad selector is told with the inspection.
            let _ = builder.inspection_lacking(&object, self.missing(asked));
        }
        let mut namespaces = BTreeSet::new();
        for (_, pod) in self.pods.iter() {
            namespaces.insert(&pod.namespace);
            builder.known_pod(Arc::clone(pod));
        }
        // Those of other namespaces concern no pod of this node.
        for ((_, name), labels) in self.namespaces.iter() {
            if namespaces.contains(name) {
                builder.namespace_labels(name.clone(), labels.clone());
            }
        }
        for (key, labels) in self.service_accounts.iter() {
            if namespaces.contains(&key.0) {
                builder.service_account_labels(key.clone(), labels.clone());
            }
        }
        builder.build()
    }

    /// Labels that the selector names and that are not known: `!=` and `not in` would
    /// select what they should not.
    fn missing(&self, asked: &Asked) -> Option<Missing> {
        let needs = needs_of(asked);
        if needs.namespaces && !self.namespaces.synced() {
            Some(Missing::NamespaceLabels)
        } else if needs.service_accounts && !self.service_accounts.synced() {
            Some(Missing::ServiceAccountLabels)
        } else {
            None
        }
    }
}

impl Needs {
    fn add(&mut self, other: Self) {
        self.namespaces |= other.namespaces;
        self.service_accounts |= other.service_accounts;
    }
}

fn needs_of(asked: &Asked) -> Needs {
    let mut needs = Needs::default();
    // The names themselves are known from the pod.
    let named = |label: &str, prefix| {
        label
            .strip_prefix(prefix)
            .is_some_and(|rest| rest != "projectcalico.org/name")
    };
    if let Ok(selector) = Selector::parse(asked.selector.as_deref().unwrap_or_default()) {
        selector.visit_labels(|label| {
            needs.namespaces |= named(label, "pcns.");
            needs.service_accounts |= named(label, "pcsa.");
        });
    }
    needs
}

fn key(metadata: &ObjectMeta) -> Key {
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

fn labels<K>(object: PartialObjectMeta<K>) -> (Key, Option<Labels>) {
    let key = key(&object.metadata);
    (key, Some(object.metadata.labels.unwrap_or_default()))
}
