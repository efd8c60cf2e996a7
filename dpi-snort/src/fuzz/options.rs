//! Any options as one rule, and any payload for it: rules × payloads.

use std::sync::Arc;

use super::stream::{deliver, script};
use crate::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, Variables, parse_files},
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
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    let (options, rest) = data.split_at_checked(end).unwrap_or((data, &[]));
    let payload = rest.get(1..).unwrap_or_default();
    let payload = payload.get(..PAYLOAD).unwrap_or(payload);
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
        &Variables::stock(),
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
