//! Which buffer is searched: in Snort 2 a content names its own, in Snort 3 an option in
//! front of it does.

use crate::parser::lexer::RawOption;

/// Modifiers of a content that name a buffer, which is an option of the same name in Snort 3.
const MODIFIERS: [&str; 10] = [
    "http_client_body",
    "http_cookie",
    "http_header",
    "http_method",
    "http_raw_cookie",
    "http_raw_header",
    "http_raw_uri",
    "http_stat_code",
    "http_stat_msg",
    "http_uri",
];

/// Options that set the buffer for all behind them, in Snort 2 as in Snort 3.
const STICKY: [&str; 9] = [
    "base64_data",
    "dce_stub_data",
    "dnp3_data",
    "file_data",
    "modbus_data",
    "pkt_data",
    "sip_body",
    "sip_header",
    "raw_data",
];

/// Flags of `pcre` that name a buffer.
const FLAGS: [(u8, &str); 11] = [
    (b'B', "raw_data"),
    (b'C', "http_cookie"),
    (b'D', "http_raw_header"),
    (b'H', "http_header"),
    (b'I', "http_raw_uri"),
    (b'K', "http_raw_cookie"),
    (b'M', "http_method"),
    (b'P', "http_client_body"),
    (b'S', "http_stat_code"),
    (b'U', "http_uri"),
    (b'Y', "http_stat_msg"),
];

/// The buffer that a modifier behind a content names.
pub(super) fn of_modifier(name: &str) -> Option<&'static str> {
    if name == "rawbytes" {
        return Some("raw_data");
    }
    MODIFIERS.iter().copied().find(|known| *known == name)
}

/// The buffer that an option sets for all behind it.
pub(super) fn of_sticky(name: &str) -> Option<&'static str> {
    STICKY.iter().copied().find(|known| *known == name)
}

/// An expression without the flags that name buffers, and those buffers.
pub(super) fn of_pcre(raw: &RawOption<'_>) -> (Vec<u8>, Vec<&'static str>) {
    let text = raw.raw.unwrap_or_default();
    let split = flags_at(text).unwrap_or(text.len());
    let (head, flags) = text.split_at_checked(split).unwrap_or((text, &[]));
    let mut kept = head.to_vec();
    let mut buffers = Vec::new();
    for flag in flags {
        match FLAGS.iter().find(|(known, _)| known == flag) {
            Some((_, buffer)) => buffers.push(*buffer),
            None => kept.push(*flag),
        }
    }
    (kept, buffers)
}

/// Where the flags begin: behind the delimiter that ends the expression.
fn flags_at(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"!").unwrap_or(text).trim_ascii_start();
    let inside = inside.strip_prefix(b"\"").unwrap_or(inside);
    let delimiter = match inside.split_first()? {
        (b'm', rest) => *rest.first()?,
        (first, _) => *first,
    };
    let last = text.iter().rposition(|byte| *byte == delimiter)?;
    last.checked_add(1)
}
