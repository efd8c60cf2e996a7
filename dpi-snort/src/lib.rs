//! The detection engine: frames and rules in, alerts out.
//!
//! The engine does no I/O, reads no clock, spawns nothing and knows neither a
//! kernel prefilter nor Kubernetes. The same bytes, times and seeds give the
//! same alerts. The folders stand in the order in which a packet meets them:
//! `codecs` → `flow` → `stream` → `service_inspectors` → `buffers` →
//! `detection` (with `ips_options`) → `filters` → [`Output`].
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod buffers;
pub mod builtin;
pub mod codecs;
pub mod config;
pub mod detection;
pub mod engine;
pub mod file_types;
pub mod filters;
pub mod flow;
pub mod frame;
pub mod fuzz;
pub mod ips_options;
pub mod output;
pub mod packet;
pub mod parser;
pub mod service_inspectors;
pub mod slots;
pub mod stats;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod time;
pub mod unit;

pub use config::Config;
pub use engine::Engine;
pub use frame::{ChecksumState, Direction, Frame, LinkType, Slot, Tag, VlanTag};
pub use output::{Action, Alert, BypassReason, FlowEndpoints, IcmpType, Output};
pub use slots::{Policy, PolicyId, SlotTable};
pub use stats::{Counter, Stats};
pub use time::{MonoTime, Now, WallTime};
