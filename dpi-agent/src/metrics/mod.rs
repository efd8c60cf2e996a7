//! `/metrics`, `/healthz` and `/readyz`.
//!
//! Every number comes from the [`Status`] that the supervisor publishes, so that metrics and
//! status file cannot differ. `names` lists every metric with its sentence.

mod names;
mod server;

pub use server::{MetricsError, bind, serve};

use crate::node::{State, Status};

/// Whether selected workloads are inspected, or none is selected.
fn is_ready(status: &Status) -> bool {
    match status.state {
        State::Inspecting => true,
        State::Idle => status.pid != 0,
        State::Starting | State::Stopped => false,
    }
}
