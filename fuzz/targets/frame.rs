//! Frames of any link type: decoding, fragments, flows, the starter rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dpi_snort::fuzz::frames(&dpi_fuzz::STARTER_RULES, data);
});
