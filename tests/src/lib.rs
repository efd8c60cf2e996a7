//! Tests that cross crates: kernel, namespaces, data, fidelity

pub mod capture_file;
mod checksum;
pub mod cluster;
pub mod conversation;
pub mod fidelity;
pub mod kernel_fixture;
pub mod kernel_frames;
pub mod kube;
pub mod lab;
pub mod mock_node;
pub mod netns;
pub mod oracle;
pub mod random;
pub mod readme;
pub mod recut;
pub mod tapped;
