//! Talking with the API server: the client, what its errors mean and what to do about
//! them, how long to wait after them, and list-and-watch.
//!
//! Watches are followed by own code rather than by kube's `watcher`, because three things
//! must be known that it does not tell: that a watch works again after an error, that a
//! connection is silent though bookmarks are due, and that a list was given page by page,
//! so that objects are cut down before the next page is read.
//!
//! What the objects mean is not said here.

mod backoff;
mod connect;
mod follow;
mod trouble;

pub use backoff::Backoff;
pub use connect::{ConnectError, connect};
pub use follow::{Follow, Health, Update};
pub use trouble::{Trouble, retry_after};

/// Longest wait for the answer to one request.
pub const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
pub(crate) mod mock;
#[cfg(test)]
mod tests;
