//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Ssl;

/// Feeds one connection as `fuzz_inspector` reads it.
///
/// # Panics
///
/// If more is held than a flight may be long.
pub fn fuzz_ssl(input: &[u8]) {
    let config = Config {
        flush_size: 256,
        ..Config::default()
    };
    let mut ssl = Ssl::default();
    fuzz_inspector(&mut ssl, input, &config);
    let most = size_of::<Ssl>() + 4 * config.flush_size + 2 * MAX_PIECE;
    assert!(crate::service_inspectors::ServiceInspector::memory(&ssl) <= most);
}

/// Bytes that one record of the input can hold.
const MAX_PIECE: usize = 255;
