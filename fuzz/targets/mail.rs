//! Connections of SMTP, POP3, IMAP and FTP: the inspectors, messages and their parts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dpi_snort::fuzz::mail(data));
