//! Which pods are to be inspected, and for whom: a pure function of the snapshot.
//!
//! A pod is selected by an inspection of its own namespace whose selector its labels
//! satisfy. Every packet of a selected pod counts, whichever end it is, so a packet
//! between two selected pods is inspected for each of them, and a packet between two
//! others for nobody.

use std::{collections::BTreeMap, sync::Arc};

use dpi_api::{alert::InspectionRef, selector::SelectorError};

use crate::snapshot::{Inspection, Missing, Pod, PodUid, Snapshot};

/// What is to be inspected. The same snapshot gives the same value, in the same order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Selected pods of this node, by namespace and name; finished ones are none.
    pub endpoints: Vec<Endpoint>,
    /// What became of each inspection, by namespace and name.
    pub inspections: Vec<InspectionReport>,
}

/// A selected pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The pod: its identity, addresses, and where its packets may be found.
    pub pod: Arc<Pod>,
    /// The inspections that select it, by name; never empty.
    pub inspections: Vec<InspectionRef>,
}

/// What became of one inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionReport {
    /// Namespace and name.
    pub inspection: InspectionRef,
    /// Whether its selector can be read; one that cannot selects nothing.
    pub accepted: Result<(), SelectorError>,
    /// Labels that its selector names and that are not known; it selects nothing then.
    pub missing: Option<Missing>,
    /// The object's UID, where its source has one.
    pub uid: Option<String>,
    /// The object's generation, where its source has one.
    pub generation: Option<i64>,
    /// Pods of this node that it selects.
    pub selected: Vec<PodUid>,
}

/// What `snapshot` asks for.
pub fn desired(snapshot: &Snapshot) -> Desired {
    let mut result = Desired::default();
    let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for inspection in snapshot.inspections() {
        by_namespace
            .entry(&inspection.name.namespace)
            .or_default()
            .push(result.inspections.len());
        result.inspections.push(report(inspection));
    }
    let live = snapshot.pods().iter().filter(|pod| !pod.finished);
    for pod in live {
        let candidates = by_namespace.get(pod.namespace.as_str());
        let mut inspections = Vec::new();
        for &index in candidates.into_iter().flatten() {
            let (Some(inspection), Some(report)) = (
                snapshot.inspections().get(index),
                result.inspections.get_mut(index),
            ) else {
                continue;
            };
            if selects(inspection, snapshot, pod) {
                inspections.push(inspection.name.clone());
                report.selected.push(pod.uid.clone());
            }
        }
        if !inspections.is_empty() {
            let pod = Arc::clone(pod);
            result.endpoints.push(Endpoint { pod, inspections });
        }
    }
    result
}

fn report(inspection: &Inspection) -> InspectionReport {
    InspectionReport {
        inspection: inspection.name.clone(),
        accepted: inspection
            .selector
            .as_ref()
            .map(|_| ())
            .map_err(Clone::clone),
        missing: inspection.missing,
        uid: inspection.uid.clone(),
        generation: inspection.generation,
        selected: Vec::new(),
    }
}

fn selects(inspection: &Inspection, snapshot: &Snapshot, pod: &Pod) -> bool {
    let labels = snapshot.labels_of(pod);
    inspection.missing.is_none()
        && inspection
            .selector
            .as_ref()
            .is_ok_and(|selector| selector.matches(&labels))
}

#[cfg(test)]
mod tests;
