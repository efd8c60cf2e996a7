//! TLS connections: the inspector and its records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::ssl(data));
