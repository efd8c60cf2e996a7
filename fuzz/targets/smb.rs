//! SMB connections: the inspector, its files and its pipes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::smb(data));
