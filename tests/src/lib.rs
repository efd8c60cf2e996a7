//! Tests that cross crates: kernel, namespaces, data, fidelity
