//! `/metrics`, `/healthz` and `/readyz`.
//!
//! Every number comes from the [`Status`](crate::node::Status) that the supervisor
//! publishes, so that metrics and status file cannot differ. `names` lists every metric with
//! its sentence, `ready` says when the agent is ready.

mod names;
mod ready;
mod server;

pub use server::{MetricsError, bind, serve};
