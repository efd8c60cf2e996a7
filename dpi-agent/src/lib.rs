//! The agent: everything that touches the world.
#![forbid(unsafe_code)]

pub mod alerts;
pub mod cli;
pub mod desired;
pub mod error_line;
pub mod interfaces;
pub mod kernel;
pub mod manifests;
pub mod metrics;
pub mod node;
pub mod pcap;
pub mod ruleset;
pub mod snapshot;
pub mod socket;
pub mod worker;
