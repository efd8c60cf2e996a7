//! Entry for fuzzing.

use crate::{config::Config, service_inspectors::fuzz::fuzz_inspector};

use super::Mail;

/// Feeds one connection as `fuzz_inspector` reads it; the first byte says of which service.
pub fn fuzz_mail(input: &[u8]) {
    let Some((first, input)) = input.split_first() else {
        return;
    };
    let service = match first & 3 {
        0 => "smtp",
        1 => "pop3",
        2 => "imap",
        _ => "ftp",
    };
    let config = Config {
        flush_size: 256,
        ..Config::default()
    };
    if let Some(mut mail) = Mail::of(service) {
        fuzz_inspector(&mut mail, input, &config);
    }
}
