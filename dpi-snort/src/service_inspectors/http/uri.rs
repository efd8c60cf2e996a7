//! The target of a request: its components and their normal form.
//!
//! Normalised are, as Snort does by default: percent escapes (once, and a second time
//! where `%25` made a new escape), escaped UTF-8 (to one byte), `\` to `/`, `+` to a
//! blank; in the path also `//`, `/./` and `/../`. `%u` escapes and bare bytes stay.

use std::ops::Range;

use crate::buffers::UriPart;

/// A request target.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Uri {
    raw: Vec<u8>,
    parts: Parts,
    normal: Vec<u8>,
    normal_parts: Parts,
}

/// Components as ranges; `None` where the URI has no such component.
#[derive(Debug, Default)]
struct Parts {
    scheme: Option<Range<usize>>,
    host: Option<Range<usize>>,
    port: Option<Range<usize>>,
    path: Option<Range<usize>>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

impl Uri {
    pub(super) fn new(raw: &[u8]) -> Uri {
        let parts = split(raw);
        let (normal, normal_parts) = normalise(raw, &parts);
        Uri {
            raw: raw.to_vec(),
            parts,
            normal,
            normal_parts,
        }
    }

    /// The target as sent.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Path, query and fragment in normal form; a target of another form as it is.
    pub(super) fn normal(&self) -> &[u8] {
        &self.normal
    }

    /// A component as sent.
    pub(super) fn raw_part(&self, part: UriPart) -> Option<&[u8]> {
        self.raw.get(self.parts.get(part)?)
    }

    /// A component in normal form. Scheme, host and port stand as they were sent.
    pub(super) fn part(&self, part: UriPart) -> Option<&[u8]> {
        match part {
            UriPart::Scheme | UriPart::Host | UriPart::Port => self.raw_part(part),
            UriPart::Path | UriPart::Query | UriPart::Fragment => {
                self.normal.get(self.normal_parts.get(part)?)
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.raw.capacity() + self.normal.capacity()
    }
}

impl Parts {
    fn get(&self, part: UriPart) -> Option<Range<usize>> {
        match part {
            UriPart::Scheme => self.scheme.clone(),
            UriPart::Host => self.host.clone(),
            UriPart::Port => self.port.clone(),
            UriPart::Path => self.path.clone(),
            UriPart::Query => self.query.clone(),
            UriPart::Fragment => self.fragment.clone(),
        }
    }
}

/// RFC 9112 §3.2: origin, absolute, authority and asterisk form.
fn split(raw: &[u8]) -> Parts {
    let mut parts = Parts::default();
    if raw.first() == Some(&b'/') {
        path_query_fragment(raw, 0, &mut parts);
    } else if let Some(colon) = scheme_end(raw) {
        parts.scheme = Some(0..colon);
        let start = colon + 3;
        let rest = raw.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .unwrap_or(rest.len());
        authority(raw, start..start + length, &mut parts);
        if start + length < raw.len() {
            path_query_fragment(raw, start + length, &mut parts);
        }
    } else if raw.contains(&b':') && !raw.contains(&b'/') {
        authority(raw, 0..raw.len(), &mut parts);
    }
    parts
}

/// Index of the colon of `scheme://`.
fn scheme_end(raw: &[u8]) -> Option<usize> {
    let colon = raw
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))?;
    raw.get(colon..)?.starts_with(b"://").then_some(colon)
}

/// Host and port, without a user name in front (RFC 3986 §3.2); an IPv6 address keeps
/// its brackets.
fn authority(raw: &[u8], range: Range<usize>, parts: &mut Parts) {
    let text = raw.get(range.clone()).unwrap_or_default();
    let user = text.iter().rposition(|byte| *byte == b'@');
    let start = range.start + user.map_or(0, |at| at + 1);
    let host = raw.get(start..range.end).unwrap_or_default();
    let bracket = host.iter().rposition(|byte| *byte == b']').unwrap_or(0);
    let tail = host.get(bracket..).unwrap_or_default();
    match tail.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let colon = start + bracket + colon;
            parts.host = Some(start..colon);
            parts.port = Some(colon + 1..range.end);
        }
        None => parts.host = Some(start..range.end),
    }
}

fn path_query_fragment(raw: &[u8], start: usize, parts: &mut Parts) {
    let rest = raw.get(start..).unwrap_or_default();
    let hash = rest.iter().position(|byte| *byte == b'#');
    let before = rest.get(..hash.unwrap_or(rest.len())).unwrap_or_default();
    let mark = before.iter().position(|byte| *byte == b'?');
    let path_end = start + mark.unwrap_or(before.len());
    if path_end > start {
        parts.path = Some(start..path_end);
    }
    if mark.is_some() {
        parts.query = Some(path_end + 1..start + before.len());
    }
    if let Some(hash) = hash {
        parts.fragment = Some(start + hash + 1..raw.len());
    }
}

fn normalise(raw: &[u8], parts: &Parts) -> (Vec<u8>, Parts) {
    let mut normal = Vec::with_capacity(raw.len());
    let mut ranges = Parts::default();
    if parts.path.is_none() {
        // `*`, `host:port`, a relative path, a URI of a host without a path: nothing
        // to normalise.
        normal.extend_from_slice(raw);
        return (normal, ranges);
    }
    let bytes = |range: &Option<Range<usize>>| {
        range
            .clone()
            .and_then(|range| raw.get(range))
            .unwrap_or_default()
    };
    simplify_path(&decode(bytes(&parts.path), Substitute::Yes), &mut normal);
    ranges.path = Some(0..normal.len());
    if parts.query.is_some() {
        normal.push(b'?');
        let start = normal.len();
        normal.extend_from_slice(&decode(bytes(&parts.query), Substitute::Yes));
        ranges.query = Some(start..normal.len());
    }
    if parts.fragment.is_some() {
        normal.push(b'#');
        let start = normal.len();
        normal.extend_from_slice(&decode(bytes(&parts.fragment), Substitute::Yes));
        ranges.fragment = Some(start..normal.len());
    }
    (normal, ranges)
}

/// Whether `+` and `\` are replaced too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Substitute {
    Yes,
    No,
}

/// Undoes percent escapes, twice where the first made new ones of `%25`.
pub(super) fn decode(input: &[u8], substitute: Substitute) -> Vec<u8> {
    let plain = |byte: &u8| match byte {
        b'%' => false,
        b'+' | b'\\' => substitute == Substitute::No,
        _ => true,
    };
    if input.iter().all(plain) {
        return input.to_vec();
    }
    let (mut output, again) = decode_escapes(input, Pass::First);
    if again {
        output = decode_escapes(&output, Pass::Second).0;
    }
    if substitute == Substitute::Yes {
        for byte in &mut output {
            match *byte {
                b'\\' => *byte = b'/',
                b'+' => *byte = b' ',
                _ => {}
            }
        }
    }
    output
}

/// Which pass over the escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    /// Over escapes that the first pass made. Two percent signs in a row are none of them.
    Second,
}

/// One pass over the escapes, and whether one of them stood for a percent sign.
fn decode_escapes(input: &[u8], pass: Pass) -> (Vec<u8>, bool) {
    let mut output = Vec::with_capacity(input.len());
    let mut percent = false;
    let mut rest = input;
    while let Some((first, tail)) = rest.split_first() {
        if let Some((byte, length)) = utf8_escape(rest) {
            output.push(byte);
            rest = rest.get(length..).unwrap_or_default();
        } else if let Some(byte) = escape(rest) {
            percent |= byte == b'%';
            output.push(byte);
            rest = rest.get(3..).unwrap_or_default();
        } else if pass == Pass::First && rest.starts_with(b"%%") {
            // A percent sign escaped by another, as some servers read it.
            percent = true;
            output.push(b'%');
            rest = rest.get(2..).unwrap_or_default();
        } else {
            output.push(*first);
            rest = tail;
        }
    }
    (output, percent)
}

/// The byte of `%XX`.
pub(super) fn escape(input: &[u8]) -> Option<u8> {
    match *input {
        [b'%', high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(high)? << 4 | digit(low)?).ok()
        }
        _ => None,
    }
}

/// The one byte that an escaped UTF-8 sequence of two or three bytes stands for, and
/// the sequence's length in `input`. Overlong forms count; beyond U+00FF it is FF.
pub(super) fn utf8_escape(input: &[u8]) -> Option<(u8, usize)> {
    let first = u32::from(escape(input)?);
    let more = |at: usize| {
        let byte = u32::from(escape(input.get(at..)?)?);
        (byte & 0xC0 == 0x80).then_some(byte & 0x3F)
    };
    let (code, length) = match first {
        0xC0..=0xDF => ((first & 0x1F) << 6 | more(3)?, 6),
        0xE0..=0xEF => ((first & 0x0F) << 12 | more(3)? << 6 | more(6)?, 9),
        _ => return None,
    };
    Some((u8::try_from(code).unwrap_or(0xFF), length))
}

/// Appends a path without `//`, `/./` and `/../`; `..` above the root is dropped.
fn simplify_path(path: &[u8], output: &mut Vec<u8>) {
    if path.first() != Some(&b'/') {
        output.extend_from_slice(path);
        return;
    }
    let floor = output.len();
    let mut segments = path.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            b"" | b"." if last => output.push(b'/'),
            b"" | b"." => {}
            b".." => {
                let parent = output
                    .get(floor..)
                    .and_then(|kept| kept.iter().rposition(|byte| *byte == b'/'));
                output.truncate(floor + parent.unwrap_or(0));
                if last {
                    output.push(b'/');
                }
            }
            _ => {
                output.push(b'/');
                output.extend_from_slice(segment);
            }
        }
    }
    if output.len() == floor {
        output.push(b'/');
    }
}
