//! HTTP/2 connections: the inspector and its buffers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::http2(data));
