//! Kubernetes types, selector grammar, alert record, messages between supervisor and worker.
#![forbid(unsafe_code)]
