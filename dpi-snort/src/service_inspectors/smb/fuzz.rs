//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Smb;

/// Feeds one connection as `fuzz_inspector` reads it.
pub fn fuzz_smb(input: &[u8]) {
    let config = Config {
        flush_size: 256,
        dce_max_contexts: 4,
        dce_max_calls: 4,
        dce_max_joined: 256,
        smb_max_trees: 2,
        smb_max_pipes: 2,
        smb_max_requests: 2,
        smb_memory: 2048,
        ..Config::default()
    };
    let mut smb = Smb::default();
    fuzz_inspector(&mut smb, input, &config);
}
