//! Entry for fuzzing.

use super::{Identification, Wizard, identify_datagram};
use crate::service_inspectors::{Announced, FtpControl};

/// Shows the wizard the first bytes of one direction at once, and as they come in pieces. The
/// first byte of the input is the direction (bit 0), the second the length of a piece less
/// one. The same bytes are also a datagram, and a dialogue of FTP.
///
/// # Panics
/// If what is found hangs on the cuts, but for one behind a method of HTTP.
pub fn fuzz_wizard(input: &[u8]) {
    let [direction, step, bytes @ ..] = input else {
        return;
    };
    let (to_server, step) = (direction & 1 != 0, usize::from(*step).saturating_add(1));
    let mut whole = Wizard::default();
    let expected = whole.identify(to_server, bytes);
    let mut wizard = Wizard::default();
    let mut found = Identification::Undecided;
    let mut end = 0;
    while end < bytes.len() && found == Identification::Undecided {
        end = end.saturating_add(step).min(bytes.len());
        found = wizard.identify(to_server, bytes.get(..end).unwrap_or_default());
    }
    let seen = bytes.get(..end).unwrap_or_default().trim_ascii_start();
    let is_method_alone =
        found == Identification::Service("http") && seen.iter().all(u8::is_ascii_graphic);
    if !is_method_alone {
        assert_eq!(found, expected, "in pieces of {step}, and at once");
    }
    if found == expected && found == Identification::Undecided && !bytes.is_empty() {
        let ruled_out = [&wizard, &whole].map(|wizard| wizard.is_ruled_out(to_server));
        assert_eq!(
            ruled_out[0], ruled_out[1],
            "in pieces of {step}, and at once"
        );
    }
    let _ = identify_datagram(bytes);
    let announced = announced(to_server, bytes.chunks(step));
    assert_eq!(announced, self::announced(to_server, [bytes]), "announced");
}

fn announced<'b>(to_server: bool, pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<Announced> {
    let (mut control, mut found) = (FtpControl::default(), Vec::new());
    for piece in pieces {
        control.feed(to_server, piece, &mut |announced| found.push(announced));
    }
    found
}
