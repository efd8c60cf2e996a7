//! DCE/RPC: connections through the inspector and its buffers, and datagrams.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::dce(data));
