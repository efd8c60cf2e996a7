//! Alerts as Kubernetes Events, for whoever reads `kubectl describe pod`.
//!
//! There is one Event for each inspection, pod and rule; its name follows from them, so
//! that an agent that restarts goes on with the Event that is there. What happens again
//! is counted in its `series`. Events are a notice, not the record: the API server forgets
//! them after an hour, and what the rate limit holds back is only counted, in an Event
//! about the inspection.
//!
//! - `note` makes an Event of an alert, without a byte of payload;
//! - `ledger` says what is to be written when, a pure state machine;
//! - `bucket` is its rate limit;
//! - `writer` writes, and takes the API server's answers back to the ledger.

mod bucket;
mod ledger;
mod note;
mod sink;
mod writer;

pub use note::PeerDetail;
pub use sink::EventSink;

#[cfg(test)]
mod tests;
