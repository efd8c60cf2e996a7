//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Sip;

/// Feeds one connection as `fuzz_inspector` reads it.
pub fn fuzz_sip(input: &[u8]) {
    let config = Config {
        flush_size: 256,
        ..Config::default()
    };
    let mut sip = Sip::default();
    fuzz_inspector(&mut sip, input, &config);
}
