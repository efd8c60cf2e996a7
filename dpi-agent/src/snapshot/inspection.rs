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
}
