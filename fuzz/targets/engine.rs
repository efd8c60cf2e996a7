//! Streams: reassembly and the starter rules, by fast patterns and by trying every rule.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dpi_snort::fuzz::stream(&dpi_fuzz::STARTER_RULES, data);
});
