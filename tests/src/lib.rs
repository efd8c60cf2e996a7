//! Tests that cross crates: kernel, namespaces, data, fidelity

pub mod capture_file;
pub mod conversation;
