//! Literals: every engine and a naive search find the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_match::fuzz::engines(data));
