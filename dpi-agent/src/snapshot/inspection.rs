//! A `DeepPacketInspection` with its selector read.

use dpi_api::{
    alert::InspectionRef,
    selector::{Selector, SelectorError},
};

/// One inspection. Its selector is read once, when the snapshot is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Namespace and name.
    pub name: InspectionRef,
    /// The object's UID, where its source has one.
    pub uid: Option<String>,
    /// The object's generation, where its source has one.
    pub generation: Option<i64>,
    /// The selector, or why it cannot be read. Such an inspection selects nothing.
    pub selector: Result<Selector, SelectorError>,
    /// Labels that the selector names and that are not known. Such an inspection selects
    /// nothing: a label that is not known would be taken for one that is not there.
    pub missing: Option<Missing>,
}

/// Labels that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Those of namespaces.
    #[error(
        "the selector names labels of namespaces (pcns.), which the API server has not given yet; let          the agent list and watch namespaces"
    )]
    NamespaceLabels,
    /// Those of service accounts.
    #[error(
        "the selector names labels of service accounts (pcsa.), which the API server has not given          yet; let the agent list and watch serviceaccounts"
    )]
    ServiceAccountLabels,
}
