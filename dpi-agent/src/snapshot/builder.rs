//! Objects in, snapshot out.

use std::{
    collections::{BTreeMap, HashMap},
    net::{AddrParseError, IpAddr},
    sync::Arc,
};

use dpi_api::{
    alert::InspectionRef,
    inspection::DeepPacketInspection,
    selector::{Selector, SelectorError},
};
use k8s_openapi::{
    api::core::v1::{self, Namespace, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{Annotations, HintError, Inspection, Labels, Missing, Pod, Snapshot};

/// Collects objects. An object that is refused leaves the others as they are.
#[derive(Debug)]
pub struct Builder {
    node: Option<String>,
    inspections: BTreeMap<InspectionRef, Inspection>,
    pods: BTreeMap<(String, String), Arc<Pod>>,
    namespaces: BTreeMap<String, Labels>,
    service_accounts: BTreeMap<(String, String), Labels>,
}

/// Why an object cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// It has no usable name.
    #[error(
        "metadata.{field} {text:?} is not a Kubernetes name; \
         write small letters, digits, `-` and `.`, at most {max}"
    )]
    Name {
        /// `name` or `namespace`.
        field: &'static str,
        /// What is there.
        text: String,
        /// Longest name allowed.
        max: usize,
    },
    /// Another object of its kind has its name.
    #[error("{kind} {name} is there already; the first one counts, take one away")]
    Duplicate {
        /// Kind of the object.
        kind: &'static str,
        /// Namespace and name.
        name: String,
    },
    /// An address that is none.
    #[error("status: {text:?} is not an IP address; correct or remove it")]
    Address {
        /// What is there.
        text: String,
        /// Why it is none.
        source: AddrParseError,
    },
    /// An annotation that cannot be meant.
    #[error(transparent)]
    Hint(#[from] HintError),
}

impl Builder {
    /// A builder for the node called `node`; pods bound to another node name peers only.
    /// `None`: every pod counts as this node's.
    pub fn new(node: Option<String>) -> Self {
        Self {
            node,
            inspections: BTreeMap::new(),
            pods: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
        }
    }

    /// Takes an inspection. A selector that cannot be read is no error of the object:
    /// the result says what is wrong with it, and the inspection selects nothing.
    pub fn inspection(
        &mut self,
        object: &DeepPacketInspection,
    ) -> Result<Result<(), SelectorError>, ObjectError> {
        self.inspection_lacking(object, None)
    }

    /// The same for an inspection whose selector names labels that are not known.
    pub fn inspection_lacking(
        &mut self,
        object: &DeepPacketInspection,
        missing: Option<Missing>,
    ) -> Result<Result<(), SelectorError>, ObjectError> {
        let (namespace, name) = namespaced(&object.metadata)?;
        let name = InspectionRef { namespace, name };
        if self.inspections.contains_key(&name) {
            return Err(duplicate("DeepPacketInspection", &name));
        }
        let selector = Selector::parse(object.spec.selector.as_deref().unwrap_or_default());
        let outcome = selector.as_ref().map(|_| ()).map_err(Clone::clone);
        let inspection = Inspection {
            name: name.clone(),
            uid: object.metadata.uid.clone(),
            generation: object.metadata.generation,
            selector,
            missing,
        };
        self.inspections.insert(name, inspection);
        Ok(outcome)
    }

    /// Takes a pod.
    pub fn pod(&mut self, object: &v1::Pod, annotations: Annotations) -> Result<(), ObjectError> {
        let key = namespaced(&object.metadata)?;
        if self.pods.contains_key(&key) {
            return Err(duplicate("Pod", &format_args!("{}/{}", key.0, key.1)));
        }
        let pod = Pod::from_object(object, annotations)?;
        self.pods.insert(key, Arc::new(pod));
        Ok(())
    }

    /// Takes a pod that was read already; it takes the place of one of its name.
    pub fn known_pod(&mut self, pod: Arc<Pod>) {
        let key = (pod.namespace.clone(), pod.name.clone());
        self.pods.insert(key, pod);
    }

    /// Takes the labels of the namespace called `name`.
    pub fn namespace_labels(&mut self, name: String, labels: Labels) {
        self.namespaces.insert(name, labels);
    }

    /// Takes the labels of a service account by its namespace and name.
    pub fn service_account_labels(&mut self, key: (String, String), labels: Labels) {
        self.service_accounts.insert(key, labels);
    }

    /// Takes a namespace's labels.
    pub fn namespace(&mut self, object: &Namespace) -> Result<(), ObjectError> {
        let name = checked("name", object.metadata.name.as_deref(), 63)?;
        if self.namespaces.contains_key(&name) {
            return Err(duplicate("Namespace", &name));
        }
        let labels = object.metadata.labels.clone().unwrap_or_default();
        self.namespaces.insert(name, labels);
        Ok(())
    }

    /// Takes a service account's labels.
    pub fn service_account(&mut self, object: &ServiceAccount) -> Result<(), ObjectError> {
        let key = namespaced(&object.metadata)?;
        if self.service_accounts.contains_key(&key) {
            return Err(duplicate(
                "ServiceAccount",
                &format_args!("{}/{}", key.0, key.1),
            ));
        }
        let labels = object.metadata.labels.clone().unwrap_or_default();
        self.service_accounts.insert(key, labels);
        Ok(())
    }

    /// The snapshot of all that was taken.
    pub fn build(self) -> Snapshot {
        let by_ip = index(self.pods.values());
        let here = |pod: &Arc<Pod>| match (&self.node, &pod.node) {
            (Some(own), Some(node)) => own == node,
            _ => true,
        };
        let (pods, elsewhere) = self.pods.into_values().partition(here);
        Snapshot {
            inspections: self.inspections.into_values().collect(),
            pods,
            elsewhere,
            namespaces: self.namespaces,
            service_accounts: self.service_accounts,
            by_ip,
        }
    }
}

/// Pods by address. Two pods with one address cannot both be right (one of them is
/// stale); the address then names neither, rather than the wrong one.
fn index<'a>(pods: impl Iterator<Item = &'a Arc<Pod>>) -> HashMap<IpAddr, Arc<Pod>> {
    let mut by_ip: HashMap<IpAddr, Option<Arc<Pod>>> = HashMap::new();
    for pod in pods {
        for ip in pod.own_ips() {
            by_ip
                .entry(*ip)
                .and_modify(|taken| *taken = None)
                .or_insert_with(|| Some(Arc::clone(pod)));
        }
    }
    by_ip
        .into_iter()
        .filter_map(|(ip, pod)| Some((ip, pod?)))
        .collect()
}

fn duplicate(kind: &'static str, name: &impl ToString) -> ObjectError {
    ObjectError::Duplicate {
        kind,
        name: name.to_string(),
    }
}

fn namespaced(metadata: &ObjectMeta) -> Result<(String, String), ObjectError> {
    Ok((
        checked("namespace", metadata.namespace.as_deref(), 63)?,
        checked("name", metadata.name.as_deref(), 253)?,
    ))
}

/// A name by RFC 1123, as Kubernetes asks for it: labels of small letters, digits and
/// inner `-`, joined by dots.
fn checked(field: &'static str, text: Option<&str>, max: usize) -> Result<String, ObjectError> {
    let text = text.unwrap_or_default();
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > max || !text.split('.').all(label) {
        return Err(ObjectError::Name {
            field,
            text: text.chars().take(max).collect(),
            max,
        });
    }
    Ok(text.to_owned())
}
