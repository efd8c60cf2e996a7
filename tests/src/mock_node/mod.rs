//! A node that is a network namespace with a veth for each pod that there may be, and the
//! real agent on it with a real API server.
//!
//! [`churn`] lets pods and inspections come, change and go at random and gives the
//! [`Figures`], [`outage`] takes the API server away, [`memory`] weighs the agent. `stage` is
//! node, API server and agent; `model` is what the API server should hold and what follows
//! from it, without any watch; `writer` tells the API server of it; `watcher` reads what the
//! agent costs. No kubelet runs: the pods are objects, and their addresses lead to interfaces
//! that are always there.

mod churn;
mod figures;
mod memory;
mod model;
mod outage;
mod stage;
mod watcher;
mod writer;

pub use churn::{Options, churn};
pub use figures::Figures;
pub use memory::{Weight, memory};
pub use outage::outage;

/// Told what is being done, line by line.
pub type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);
