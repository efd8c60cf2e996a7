//! Rule texts: the parser and what it makes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::rules(data));
