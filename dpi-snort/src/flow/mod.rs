//! Flows: which packets belong together, who is the client, and what is remembered.
//!
//! `key` says when two packets are of one flow, `table` keeps the flows within a bound and
//! forgets them for a named reason, `record` is what is remembered of one. Time is an argument
//! everywhere. `expected` knows connections before they are made. What the bytes of a flow
//! mean is said in `stream` and `service_inspectors`.

mod expected;
mod key;
mod list;
mod record;
mod table;
#[cfg(test)]
mod tests;

pub use expected::{ExpectedFlow, ExpectedFlows};
pub use key::FlowKey;
pub use record::{Flow, Sides, Suspicion};
pub(crate) use table::Seeded;
pub use table::{EvictionReason, FlowClass, FlowHandle, FlowTable, FlowTimeouts};
