//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Http;

/// Feeds one connection as `fuzz_inspector` reads it.
pub fn fuzz_http(input: &[u8]) {
    let config = Config {
        http_body_section: 256,
        http_max_headers: 4096,
        http2_max_streams: 4,
        decompress_output: 1 << 16,
        ..Config::default()
    };
    fuzz_inspector(&mut Http::default(), input, &config);
}
