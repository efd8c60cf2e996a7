//! The argument of a `pcre` option and a payload for it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dpi_snort::fuzz::pcre(data);
});
