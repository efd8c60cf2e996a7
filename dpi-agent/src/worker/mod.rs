//! The worker: the process that parses payload.
//!
//! It is started by the supervisor ([`crate::node`]) with one socket as its standard
//! input, gets rings and shared memory over it, and knows neither maps nor Kubernetes.
//! `control` compiles rules and answers the supervisor; `packets` is one thread a ring,
//! each with an engine of its own; nothing is shared between them but the rules.

mod control;
mod counters;
mod packets;
mod report;
pub mod rules;

pub use control::{WorkerError, run};
pub use counters::{RingCounter, ThreadCounter};
