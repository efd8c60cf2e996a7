//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::{Dce, facts_of_datagram};

/// Feeds one connection as `fuzz_inspector` reads it, and reads the input as a datagram.
pub fn fuzz_dce(input: &[u8]) {
    let config = Config {
        flush_size: 256,
        dce_max_contexts: 4,
        dce_max_calls: 4,
        dce_max_joined: 256,
        ..Config::default()
    };
    let _ = facts_of_datagram(input);
    let mut dce = Dce::default();
    fuzz_inspector(&mut dce, input, &config);
}
