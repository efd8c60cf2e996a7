//! Start lines (RFC 9112 §3, §4), read as leniently as servers do.

use std::ops::Range;

use super::parser::Kind;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A start line with a version.
    Good,
    /// A request of HTTP/0.9: a method and a target, nothing more.
    Simple,
    /// No start line.
    Bad,
}

/// Parts of a request line, as ranges of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestLine {
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    /// Empty for HTTP/0.9.
    pub(super) version: Range<usize>,
}

/// Parts of a status line, as ranges of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub(super) version: Range<usize>,
    pub(super) code: Range<usize>,
    pub(super) message: Range<usize>,
}

/// Longest method that is taken for one.
const MAX_METHOD: usize = 256;

/// Whether a line can start a message of this kind.
pub(super) fn look(kind: Kind, line: &[u8]) -> Look {
    match kind {
        Kind::Response => {
            if line
                .get(..5)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
            {
                Look::Good
            } else {
                Look::Bad
            }
        }
        Kind::Request => {
            let parts = request_line(line);
            if parts.method.is_empty()
                || parts.method.len() > MAX_METHOD
                || parts.target.is_empty()
                || !line
                    .get(parts.method.clone())
                    .unwrap_or_default()
                    .iter()
                    .all(|byte| is_token(*byte))
            {
                Look::Bad
            } else if parts.version.is_empty() {
                // RFC 1945 §4.1: a simple request is a GET. Any two words are not one.
                let method = line.get(parts.method).unwrap_or_default();
                if method.eq_ignore_ascii_case(b"GET") {
                    Look::Simple
                } else {
                    Look::Bad
                }
            } else {
                Look::Good
            }
        }
    }
}

/// Whether an unfinished line is surely the beginning of one that can start a message.
pub(super) fn is_begun(kind: Kind, line: &[u8]) -> bool {
    match kind {
        Kind::Response => look(kind, line) == Look::Good,
        Kind::Request => {
            let parts = request_line(line);
            let method = line.get(parts.method).unwrap_or_default();
            !parts.target.is_empty()
                && (1..=MAX_METHOD).contains(&method.len())
                && method.iter().all(|byte| is_token(*byte))
        }
    }
}

/// Method, target and version. Blanks and tabs separate, any number of them; the
/// target may hold some of its own, as the version is looked for from the end.
pub(super) fn request_line(line: &[u8]) -> RequestLine {
    let line = without_line_end(line);
    let start = blanks(line, 0);
    let method = start..word(line, start);
    let target_start = blanks(line, method.end);
    let end = line.len()
        - line
            .iter()
            .rev()
            .take_while(|byte| is_blank(**byte))
            .count();
    let rest = line.get(target_start..end).unwrap_or_default();
    let version_length = rest
        .iter()
        .rev()
        .take_while(|byte| !is_blank(**byte))
        .count();
    let version_start = end.saturating_sub(version_length).max(target_start);
    let version = line.get(version_start..end).unwrap_or_default();
    let versioned = version_start > target_start
        && version
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP"));
    let (target_end, version) = if versioned {
        let target = line.get(target_start..version_start).unwrap_or_default();
        let trailing = target
            .iter()
            .rev()
            .take_while(|byte| is_blank(**byte))
            .count();
        (version_start - trailing, version_start..end)
    } else {
        (end, end..end)
    };
    RequestLine {
        method,
        target: target_start..target_end.max(target_start),
        version,
    }
}

/// Version, code and message.
pub(super) fn status_line(line: &[u8]) -> StatusLine {
    let line = without_line_end(line);
    let version = 0..word(line, 0);
    let code_start = blanks(line, version.end);
    let code = code_start..word(line, code_start);
    let message_start = blanks(line, code.end);
    StatusLine {
        version,
        code,
        message: message_start..line.len(),
    }
}

/// A line without its CR and LF.
pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Index of the first byte from `start` on that is no blank.
fn blanks(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| is_blank(**byte)).count()
}

/// Index of the first blank from `start` on, or the end.
fn word(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| !is_blank(**byte)).count()
}
