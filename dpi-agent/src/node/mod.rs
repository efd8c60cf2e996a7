//! The supervisor: it holds the programs, the maps, the rings and the worker.
//!
//! A [`crate::snapshot::Snapshot`] comes in, [`crate::desired`] says what follows from it,
//! `plan` says what the kernel should hold, and `supervisor` brings it about. Payload is
//! parsed in the worker alone ([`crate::worker`]); alerts come from it over a socket.

mod account;
pub mod backoff;
pub mod plan;
pub mod slots;

#[cfg(test)]
mod testing;

pub use account::{Account, Balance};
