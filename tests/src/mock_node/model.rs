//! What the API server should hold, and what follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use dpi_agent::{
    desired::desired,
    snapshot::{Annotations, Builder},
};
use serde_json::{Value, json};

use super::Options;
use crate::random::Random;

const NAMESPACES: u32 = 5;
const SELECTORS: [&str; 9] = [
    "all()",
    "app == 'a'",
    "app != 'a'",
    "app in {'a', 'b'} && tier == 'x'",
    "has(tier)",
    "!has(tier)",
    "app starts with 'b' || tier == 'y'",
    "pcns.projectcalico.org/name == 'churn2'",
    "app = 'broken'",
];

/// One thing to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A pod that runs.
    CreatePod(Value),
    /// Its labels are others.
    Relabel {
        namespace: String,
        name: String,
        labels: Value,
    },
    /// It ends by itself.
    Finish { namespace: String, name: String },
    /// It is deleted.
    DeletePod { namespace: String, name: String },
    /// An inspection.
    CreateInspection(Value),
    /// Its selector is another.
    Select {
        namespace: String,
        name: String,
        selector: String,
    },
    /// It is deleted.
    DeleteInspection { namespace: String, name: String },
}

/// What there should be.
pub(super) struct Model {
    node: String,
    limits: Options,
    random: Random,
    count: u64,
    pods: BTreeMap<String, (usize, Value)>,
    inspections: BTreeMap<String, Value>,
}

impl Model {
    pub(super) fn new(limits: Options, node: &str) -> Model {
        Model {
            node: node.to_owned(),
            limits,
            random: Random::new(limits.seed),
            count: 0,
            pods: BTreeMap::new(),
            inspections: BTreeMap::new(),
        }
    }

    /// The namespaces that objects are in.
    pub(super) fn namespaces() -> impl Iterator<Item = String> {
        (0..NAMESPACES).map(|n| format!("churn{n}"))
    }

    /// Pods and inspections that there are.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.pods.len(), self.inspections.len())
    }

    /// Changes something.
    pub(super) fn change(&mut self) -> Change {
        self.count += 1;
        // Pods rise to about nine tenths of the limit, and then come and go.
        let inspection = self.random.below(5) == 0;
        match (inspection, self.random.below(10)) {
            (true, 0..=3) if self.inspections.len() < self.limits.inspections => {
                self.create_inspection()
            }
            (true, 4..=6) if !self.inspections.is_empty() => self.select(),
            (true, 7..=9) if !self.inspections.is_empty() => self.delete_inspection(),
            (false, 7) if !self.pods.is_empty() => self.delete_pod(),
            (false, 8) if !self.pods.is_empty() => self.relabel(),
            (false, 9) if !self.pods.is_empty() => self.finish(),
            _ if self.pods.len() < self.limits.pods => self.create_pod(),
            _ => self.delete_pod(),
        }
    }

    fn create_pod(&mut self) -> Change {
        let used: BTreeSet<usize> = self.pods.values().map(|(number, _)| *number).collect();
        let free: Vec<usize> = (0..self.limits.pods)
            .filter(|n| !used.contains(n))
            .collect();
        let number = *self.random.one(&free);
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "namespace": self.namespace(),
                "name": format!("pod{}", self.count),
                "labels": self.labels(),
            },
            "spec": {
                "nodeName": self.node,
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "main", "image": "none"}],
            },
            "status": {"phase": "Running", "podIP": address(number).to_string()},
        });
        self.pods.insert(key(&pod), (number, pod.clone()));
        Change::CreatePod(pod)
    }

    fn create_inspection(&mut self) -> Change {
        let inspection = json!({
            "apiVersion": "projectcalico.org/v3",
            "kind": "DeepPacketInspection",
            "metadata": {
                "namespace": self.namespace(),
                "name": format!("dpi{}", self.count),
            },
            "spec": {"selector": self.random.one(&SELECTORS)},
        });
        self.inspections
            .insert(key(&inspection), inspection.clone());
        Change::CreateInspection(inspection)
    }

    fn select(&mut self) -> Change {
        let key = one_key(&mut self.random, &self.inspections);
        let selector = (*self.random.one(&SELECTORS)).to_owned();
        if let Some(inspection) = self.inspections.get_mut(&key) {
            inspection["spec"]["selector"] = selector.clone().into();
        }
        let (namespace, name) = split(&key);
        Change::Select {
            namespace,
            name,
            selector,
        }
    }

    fn relabel(&mut self) -> Change {
        let key = one_key(&mut self.random, &self.pods);
        let labels = self.labels();
        if let Some((_, pod)) = self.pods.get_mut(&key) {
            pod["metadata"]["labels"] = labels.clone();
        }
        let (namespace, name) = split(&key);
        Change::Relabel {
            namespace,
            name,
            labels,
        }
    }

    fn finish(&mut self) -> Change {
        let key = one_key(&mut self.random, &self.pods);
        if let Some((_, pod)) = self.pods.get_mut(&key) {
            pod["status"]["phase"] = "Succeeded".into();
        }
        let (namespace, name) = split(&key);
        Change::Finish { namespace, name }
    }

    fn delete_pod(&mut self) -> Change {
        let key = one_key(&mut self.random, &self.pods);
        self.pods.remove(&key);
        let (namespace, name) = split(&key);
        Change::DeletePod { namespace, name }
    }

    fn delete_inspection(&mut self) -> Change {
        let key = one_key(&mut self.random, &self.inspections);
        self.inspections.remove(&key);
        let (namespace, name) = split(&key);
        Change::DeleteInspection { namespace, name }
    }

    fn namespace(&mut self) -> String {
        format!("churn{}", self.random.below(NAMESPACES))
    }

    /// A label that is not there is null, so that a patch takes it away.
    fn labels(&mut self) -> Value {
        let app = *self.random.one(&["a", "b", "bb", "c"]);
        let tier = *self.random.one(&[Some("x"), Some("y"), None]);
        json!({"app": app, "tier": tier})
    }

    /// Numbers of the interfaces that are to carry programs.
    pub(super) fn inspected(&self) -> BTreeSet<usize> {
        let mut builder = Builder::new(Some(self.node.clone()));
        for object in self.inspections.values() {
            let object = serde_json::from_value(object.clone());
            // A selector that cannot be read is no error of the object.
            let _ = builder.inspection(&object.expect("an inspection of this file"));
        }
        for (_, object) in self.pods.values() {
            let mut object = object.clone();
            if let Some(labels) = object["metadata"]["labels"].as_object_mut() {
                labels.retain(|_, value| !value.is_null());
            }
            let object = serde_json::from_value(object).expect("a pod of this file");
            builder
                .pod(&object, Annotations::Ignore)
                .expect("a pod that can be taken");
        }
        let desired = desired(&builder.build());
        let pods = desired.endpoints.iter().map(|endpoint| {
            let pod = &endpoint.pod;
            self.pods[&format!("{}/{}", pod.namespace, pod.name)].0
        });
        pods.collect()
    }
}

/// The address that leads to an interface.
pub(super) fn address(number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 80, 0, 1)).wrapping_add(number))
}

fn key(object: &Value) -> String {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

fn split(key: &str) -> (String, String) {
    let (namespace, name) = key.split_once('/').unwrap_or_default();
    (namespace.to_owned(), name.to_owned())
}

/// One of the keys.
fn one_key<T>(random: &mut Random, of: &BTreeMap<String, T>) -> String {
    let keys: Vec<&String> = of.keys().collect();
    (*random.one(&keys)).clone()
}
