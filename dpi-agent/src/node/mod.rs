//! The supervisor: it holds the programs, the maps, the rings and the worker.
//!
//! A [`crate::snapshot::Snapshot`] comes in, [`crate::desired`] says what follows from it,
//! `plan` says what the kernel should hold, and `supervisor` brings it about. Payload is
//! parsed in the worker alone ([`crate::worker`]); alerts come from it over a socket.
//!
//! `session` and `rings` exist only while something is selected; `account` and `state`
//! outlive them and the process, so that each packet is booked once.

mod account;
mod backoff;
mod options;
mod plan;
mod redirect_peer;
mod rings;
mod session;
mod slots;
mod source;
mod state;
mod status;
mod supervisor;
mod worker_process;

#[cfg(test)]
pub(crate) mod testing;

pub use account::{Account, Balance};
pub use options::{Objects, Options};
pub use redirect_peer::Mode as RedirectPeerMode;
pub use rings::CaptureError;
pub use session::SessionError;
pub use source::ObjectsError;
pub(crate) use state::replace as replace_file;
pub use status::{
    AlertStatus, CaptureStatus, InspectionStatus, PodStatus, RulesStatus, State, Status,
    WorkerStatus,
};
pub use supervisor::{NodeError, run};
