//! Expressions: machine code and interpreter agree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_match::fuzz::pcre(data));
