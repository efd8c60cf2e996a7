//! Objects from a directory of files, in the place of an API server.
//!
//! Every `*.yaml`, `*.yml` and `*.json` directly in the directory is read, as
//! `kubectl apply -f DIR` would: `DeepPacketInspection`, `Pod`, `Namespace` and
//! `ServiceAccount`, many to a file, in lists or not. The directory is watched; a change
//! becomes a new [`Snapshot`](crate::snapshot::Snapshot) well within a second.
//!
//! - What cannot be read is a [`Problem`] with file, line and remedy, and the rest goes on.
//! - A file that turns bad does not silently stop an inspection: what it held before and
//!   does not say now is kept and reported as stale, until the file is whole again or gone.
//! - A missing `metadata.namespace` and `spec.serviceAccountName` are `default`, which is
//!   what an API server makes of them.
//!
//! What the objects mean is not said here.

mod directory;
mod document;
mod object;
mod pending;
mod problem;
mod source;
mod watch;

pub use problem::{Level, Problem, Reason};
pub use source::{DirectorySource, SourceError};

#[cfg(test)]
mod tests;
