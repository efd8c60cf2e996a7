//! The agent: everything that touches the world.
#![forbid(unsafe_code)]

pub mod alerts;
pub mod apiserver;
pub mod cli;
pub mod confinement;
pub mod desired;
pub mod error_line;
pub mod install;
pub mod interfaces;
pub mod kernel;
pub mod log_level;
pub mod manifests;
pub mod metrics;
pub mod node;
pub mod operator;
pub mod pcap;
pub mod reports;
pub mod ruleset;
pub mod snapshot;
pub mod socket;
pub mod tar_command;
pub mod watches;
pub mod worker;
