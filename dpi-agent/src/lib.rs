//! The agent: everything that touches the world.
#![forbid(unsafe_code)]

pub mod desired;
pub mod manifests;
pub mod snapshot;
