//! First bytes of streams, cut and whole; datagrams; dialogues of FTP.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::wizard(data));
