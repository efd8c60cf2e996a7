//! What the agent tells the cluster of its node: the `NodeInspection` with the node's name.
//!
//! `compose` makes it of the [`Status`](crate::node::Status) that everything else is made
//! of too, `pace` says when it is worth a write, `writer` applies it. What the reports of
//! all nodes come to is the business of [`crate::operator`].

mod compose;
mod pace;
mod writer;

pub use pace::{Difference, Pace};
pub(crate) use writer::HEARTBEAT;
pub use writer::run;

/// Longest message of an error condition, in bytes.
pub(crate) const MAX_MESSAGE: usize = 512;

#[cfg(test)]
mod tests;
