//! What stands between a match and its alert.
//!
//! `detection_filter` belongs to a rule and counts its matches. State is keyed by gid:sid,
//! so it survives a change of rules.

mod detection_filter;

pub(crate) use detection_filter::FilterTable;
pub use detection_filter::{DetectionFilter, Track};
