//! From a worker's alert to the sinks.
//!
//! `enrich` makes the record and names its ends, `dispatch` waits a moment for names that
//! only the cluster knows (`peers`), and hands the record to every [`Sink`]: `output`
//! (lines in the form that `format` gives them, written on a thread of its own) and
//! `events` (Kubernetes Events). Nothing here finds an alert.

mod dispatch;
mod enrich;
pub mod events;
mod format;
mod output;
mod peers;
mod sink;
#[cfg(test)]
mod tests;

pub use dispatch::Dispatch;
pub use enrich::record;
pub use format::Format;
pub use output::{AlertOutput, OutputError};
pub use peers::Peers;
pub use sink::Sink;
