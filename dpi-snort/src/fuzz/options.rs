//! Any options as one rule, and any payload for it: rules × payloads.

use std::sync::Arc;

use super::{
    STOCK,
    stream::{deliver, script},
};
use crate::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, parse_files},
};

/// Bytes of the payload that are inspected.
const PAYLOAD: usize = 1024;

/// Takes the first line as the options of a rule and the rest as what both ends send. The rule
/// is tried as it is and behind a content that leads to it; gives the number of alerts.
///
/// # Panics
/// If the engine panics, loses a packet or memory, or alerts otherwise than one that tries
/// every rule.
pub fn options(data: &[u8]) -> usize {
    let (options, payload) = split(data);
    tried(options, payload)
}

/// The same of the argument of a `pcre` option: its flags, its delimiters, its expression.
///
/// # Panics
/// As [`options`].
pub fn pcre(data: &[u8]) -> usize {
    let (argument, payload) = split(data);
    tried(&[b"pcre:\"", argument, b"\""].concat(), payload)
}

/// The first line, and what stands behind it.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    let (line, rest) = data.split_at_checked(end).unwrap_or((data, &[]));
    let payload = rest.get(1..).unwrap_or_default();
    (line, payload.get(..PAYLOAD).unwrap_or(payload))
}

fn tried(options: &[u8], payload: &[u8]) -> usize {
    let mut text = Vec::new();
    for (lead, sid) in [(&b""[..], &b"1"[..]), (b"content:\"a\",nocase; ", b"2")] {
        let parts = [
            b"alert tcp any any <> any any (",
            lead,
            options,
            b"; sid:",
            sid,
            b";)\n",
        ];
        text.extend(parts.concat());
    }
    let ruleset = parse_files(
        [("fuzz.rules", text.as_slice())],
        &STOCK,
        &ClassificationConfig::default(),
        Arc::default(),
    );
    match Detection::compile(ruleset, &Config::default()) {
        Ok((detection, _)) if !detection.is_empty() => {
            deliver(&Arc::new(detection), &script(payload))
        }
        _ => 0,
    }
}
