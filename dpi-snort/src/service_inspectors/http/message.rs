//! The heads of requests and responses, and what they say of their bodies.

use std::{ops::Range, sync::OnceLock};

use super::{
    body::{Charset, Coding},
    header::Headers,
    multipart::Multipart,
    params::Params,
    parser::Framing,
    start_line::{self, RequestLine, StatusLine},
    uri::Uri,
};

/// Content-Length fields that contradict each other: where the message ends is
/// anyone's guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Content-Length values differ")]
pub(super) struct LengthsDiffer;

/// A request's start line and headers.
#[derive(Debug)]
pub(super) struct Request {
    line: Vec<u8>,
    parts: RequestLine,
    pub(super) uri: Uri,
    pub(super) headers: Headers,
    query: OnceLock<Params>,
    true_ip: Option<Vec<u8>>,
}

/// A response's start line and headers.
#[derive(Debug)]
pub(super) struct Response {
    line: Vec<u8>,
    parts: StatusLine,
    pub(super) headers: Headers,
}

impl Request {
    pub(super) fn new(head: &[u8]) -> Request {
        let (line, headers) = split_head(head);
        let parts = start_line::request_line(line);
        let headers = Headers::new(headers);
        let uri = Uri::new(line.get(parts.target.clone()).unwrap_or_default());
        Request {
            line: line.to_vec(),
            parts,
            uri,
            true_ip: true_ip(&headers),
            headers,
            query: OnceLock::new(),
        }
    }

    /// `http_raw_request`: the start line without its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn method(&self) -> &[u8] {
        self.part(&self.parts.method)
    }

    /// `None` for HTTP/0.9.
    pub(super) fn version(&self) -> Option<&[u8]> {
        Some(self.part(&self.parts.version)).filter(|version| !version.is_empty())
    }

    pub(super) fn true_ip(&self) -> Option<&[u8]> {
        self.true_ip.as_deref()
    }

    /// Parameters of the query.
    pub(super) fn query(&self) -> &Params {
        self.query.get_or_init(|| {
            Params::new(
                self.uri
                    .raw_part(crate::buffers::UriPart::Query)
                    .unwrap_or_default(),
            )
        })
    }

    /// Whether the body is a form of name-value pairs.
    pub(super) fn is_form(&self) -> bool {
        media_type(&self.headers).eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    }

    /// RFC 9112 §6.3: without a length or chunks a request has no body.
    pub(super) fn framing(&self) -> Result<Framing, LengthsDiffer> {
        if self.version().is_none() {
            return Ok(Framing::None);
        }
        if is_chunked(&self.headers) {
            return Ok(Framing::Chunked);
        }
        Ok(content_length(&self.headers)?.map_or(Framing::None, Framing::Length))
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Request>()
            + self.line.capacity()
            + self.uri.memory()
            + self.headers.memory()
            + self.query.get().map_or(0, Params::memory)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.line.get(range.clone()).unwrap_or_default()
    }
}

impl Response {
    pub(super) fn new(head: &[u8]) -> Response {
        let (line, headers) = split_head(head);
        Response {
            line: line.to_vec(),
            parts: start_line::status_line(line),
            headers: Headers::new(headers),
        }
    }

    /// `http_raw_status`: the start line without its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn version(&self) -> &[u8] {
        self.part(&self.parts.version)
    }

    pub(super) fn code(&self) -> &[u8] {
        self.part(&self.parts.code)
    }

    pub(super) fn message(&self) -> &[u8] {
        self.part(&self.parts.message)
    }

    /// Whether another response to the same request follows (RFC 9110 §15.2).
    pub(super) fn is_interim(&self) -> bool {
        self.code().len() == 3 && self.code().first() == Some(&b'1') && self.code() != b"101"
    }

    /// RFC 9112 §6.3.
    pub(super) fn framing(&self, request: Option<&Request>) -> Result<Framing, LengthsDiffer> {
        let to_head = request.is_some_and(|request| request.method() == b"HEAD");
        if to_head || self.is_interim() || matches!(self.code(), b"101" | b"204" | b"304") {
            return Ok(Framing::None);
        }
        if is_chunked(&self.headers) {
            return Ok(Framing::Chunked);
        }
        Ok(content_length(&self.headers)?.map_or(Framing::UntilClose, Framing::Length))
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Response>() + self.line.capacity() + self.headers.memory()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.line.get(range.clone()).unwrap_or_default()
    }
}

/// How a body is compressed. Several codings at once are left alone, as Snort does.
pub(super) fn coding(headers: &Headers) -> Coding {
    match headers.field("content-encoding") {
        Some(name) if any_of(name, &["gzip", "x-gzip"]) => Coding::Gzip,
        Some(name) if any_of(name, &["deflate"]) => Coding::Deflate,
        _ => Coding::Identity,
    }
}

/// The declared encoding of the text.
pub(super) fn charset(headers: &Headers) -> Charset {
    match parameter(headers, b"charset") {
        Some(name) if any_of(name, &["utf-16le"]) => Charset::Utf16 { big: false },
        Some(name) if any_of(name, &["utf-16be", "utf-16"]) => Charset::Utf16 { big: true },
        Some(name) if any_of(name, &["utf-32le"]) => Charset::Utf32 { big: false },
        Some(name) if any_of(name, &["utf-32be", "utf-32"]) => Charset::Utf32 { big: true },
        _ => Charset::Bytes,
    }
}

/// The reader of the parts, if the body is a form of several (RFC 7578).
pub(super) fn multipart(headers: &Headers) -> Option<Multipart> {
    if !media_type(headers).eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    Multipart::new(parameter(headers, b"boundary")?)
}

fn any_of(name: &[u8], names: &[&str]) -> bool {
    names
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
}

/// The media type of Content-Type, without its parameters.
fn media_type(headers: &Headers) -> &[u8] {
    let value = headers.field("content-type").unwrap_or_default();
    value
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

/// A parameter of Content-Type, without quotes.
fn parameter<'a>(headers: &'a Headers, name: &[u8]) -> Option<&'a [u8]> {
    let value = headers.field("content-type")?;
    for parameter in value.split(|byte| *byte == b';').skip(1) {
        let parameter = parameter.trim_ascii();
        let equals = parameter.iter().position(|byte| *byte == b'=')?;
        let (own, value) = parameter.split_at_checked(equals)?;
        if own.trim_ascii_end().eq_ignore_ascii_case(name) {
            let value = value.get(1..)?.trim_ascii_start();
            let quoted = value
                .strip_prefix(b"\"")
                .and_then(|rest| rest.split(|b| *b == b'"').next());
            return Some(quoted.unwrap_or(value));
        }
    }
    None
}

/// Whether chunked is the only transfer coding. With another in front of it the
/// chunks are undone too, their content stays coded.
fn is_chunked(headers: &Headers) -> bool {
    headers.values("transfer-encoding").any(|value| {
        value
            .split(|byte| *byte == b',')
            .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
    })
}

/// The one declared length; `None` if there is none or it is no number.
fn content_length(headers: &Headers) -> Result<Option<u64>, LengthsDiffer> {
    let mut length = None;
    for value in headers.values("content-length") {
        for item in value.split(|byte| *byte == b',') {
            let Some(number) = number(item.trim_ascii()) else {
                return Ok(None);
            };
            if length.is_some_and(|other| other != number) {
                return Err(LengthsDiffer);
            }
            length = Some(number);
        }
    }
    Ok(length)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The last address of X-Forwarded-For, the one that the nearest proxy vouches for, else
/// True-Client-IP.
fn true_ip(headers: &Headers) -> Option<Vec<u8>> {
    let name = ["x-forwarded-for", "true-client-ip"];
    let value = name.iter().find_map(|name| headers.field(name))?;
    let last = value
        .rsplit(|byte| matches!(byte, b',' | b' '))
        .find(|word| !word.is_empty())?;
    Some(last.to_vec())
}

fn split_head(head: &[u8]) -> (&[u8], &[u8]) {
    let end = head
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(head.len(), |end| end + 1);
    let (line, headers) = head.split_at_checked(end).unwrap_or((head, &[]));
    (start_line::without_line_end(line), headers)
}
