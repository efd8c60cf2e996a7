//! Label selectors.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_api::fuzz::fuzz_selector(data));
