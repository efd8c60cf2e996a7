//! What the agent knows of the cluster at one moment.
//!
//! A [`Snapshot`] is immutable: the inspections, the pods and the labels that
//! pods inherit. A [`Builder`] makes it from Kubernetes objects, wherever they came
//! from; [`crate::manifests`] reads them from files. What follows from a snapshot is
//! said in [`crate::desired`]. Nothing here does I/O.

mod builder;
mod inspection;
mod labels;
mod pod;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

pub use builder::{Builder, ObjectError};
pub use inspection::{Inspection, Missing};
pub use labels::PodLabels;
pub use pod::{
    Annotations, CGROUP_ANNOTATION, CgroupPath, HintError, INTERFACE_ANNOTATION, InterfaceName,
    Pod, PodUid,
};

/// Labels or annotations of an object.
pub type Labels = BTreeMap<String, String>;

/// Inspections, pods and inherited labels at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    inspections: Vec<Inspection>,
    pods: Vec<Arc<Pod>>,
    elsewhere: Vec<Arc<Pod>>,
    namespaces: BTreeMap<String, Labels>,
    service_accounts: BTreeMap<(String, String), Labels>,
    by_ip: HashMap<IpAddr, Arc<Pod>>,
}

impl Snapshot {
    /// All inspections, by namespace and name.
    pub fn inspections(&self) -> &[Inspection] {
        &self.inspections
    }

    /// Pods of this node, by namespace and name.
    pub fn pods(&self) -> &[Arc<Pod>] {
        &self.pods
    }

    /// Pods that are known to run on other nodes: they name peers, and are never inspected here.
    pub fn pods_elsewhere(&self) -> &[Arc<Pod>] {
        &self.elsewhere
    }

    /// The pod that has `ip` for itself. Finished pods and pods that share their
    /// node's address have none.
    pub fn pod_by_ip(&self, ip: IpAddr) -> Option<&Arc<Pod>> {
        self.by_ip.get(&ip)
    }

    /// The labels that `pod` presents to selectors.
    pub fn labels_of<'a>(&'a self, pod: &'a Pod) -> PodLabels<'a> {
        let account = pod.service_account.as_ref().and_then(|name| {
            self.service_accounts
                .get(&(pod.namespace.clone(), name.clone()))
        });
        PodLabels::new(pod, self.namespaces.get(&pod.namespace), account)
    }
}

#[cfg(test)]
mod tests;
