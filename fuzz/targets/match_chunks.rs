//! Literals in a stream cut into chunks: each occurrence once.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_match::fuzz::chunks(data));
