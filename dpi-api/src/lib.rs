//! Kubernetes types, the selector grammar, the alert record and the messages
//! between supervisor and worker.
//!
//! Nothing here does I/O: these are the words in which the parts of the agent,
//! the API server and the readers of alerts talk to each other.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod alert;
pub mod fuzz;
pub mod inspection;
pub mod intrusion_detection;
pub mod messages;
pub mod node_inspection;
pub mod selector;
