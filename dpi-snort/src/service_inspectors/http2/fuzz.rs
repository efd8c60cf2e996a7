//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Http2;

/// Feeds one connection as `fuzz_inspector` reads it. The preface is given, so that
/// inputs need not hold it.
pub fn fuzz_http2(input: &[u8]) {
    let config = Config {
        http_body_section: 256,
        http_max_headers: 4096,
        http2_max_streams: 4,
        http2_memory: 16 << 10,
        decompress_output: 1 << 16,
        ..Config::default()
    };
    let mut http2 = Http2::at_preface(super::frame::PREFACE.len());
    fuzz_inspector(&mut http2, input, &config);
}
