//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::WebSocket;

/// Feeds one connection as `fuzz_inspector` reads it, behind a first byte: if it is odd,
/// messages may be compressed.
pub fn fuzz_websocket(input: &[u8]) {
    let [extensions, records @ ..] = input else {
        return;
    };
    let config = Config {
        http_body_section: 256,
        decompress_output: 1 << 16,
        ..Config::default()
    };
    let extensions: &[u8] = if extensions & 1 == 0 {
        b""
    } else {
        b"permessage-deflate"
    };
    fuzz_inspector(&mut WebSocket::new(extensions), records, &config);
}
