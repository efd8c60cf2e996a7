//! Objects from the API server: the inspections, this node's pods, and the labels of
//! namespaces and service accounts where a selector names them.
//!
//! Each resource is followed by a task of its own ([`crate::apiserver::Follow`]); `objects`
//! holds what they tell, cut down to what matters, and makes a
//! [`Snapshot`](crate::snapshot::Snapshot) of it; `source` publishes that, at most 50 ms
//! after a change. While the API server is away the last snapshot goes on counting;
//! `kept` has it on disk, for an agent that starts meanwhile.
//!
//! What the objects mean is not said here.

mod kept;
mod objects;
mod source;
mod store;

pub use objects::{Needs, Objects};
pub use source::{ApiSource, ApiStatus, View, WatchStatus};
pub use store::{Key, Store};

#[cfg(test)]
mod tests;
