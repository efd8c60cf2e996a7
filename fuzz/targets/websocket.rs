//! WebSocket connections: the inspector and its buffers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::websocket(data));
