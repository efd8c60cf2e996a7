//! The heads of requests and responses, and what they say of their bodies.

use std::{ops::Range, sync::OnceLock};

use crate::service_inspectors::mime::{self, MimeReader};

use super::{
    body::{Charset, Coding},
    header::Headers,
    params::Params,
    parser::Framing,
    readings::Readings,
    start_line::{self, RequestLine, StatusLine},
    uri::Uri,
};

/// `http_version` of messages that have no start line of their own.
const STREAM_VERSION: &[u8] = b"HTTP/2.0";

/// A request's start line and headers.
#[derive(Debug)]
pub(in crate::service_inspectors) struct Request {
    line: Vec<u8>,
    parts: RequestLine,
    pub(in crate::service_inspectors) uri: Uri,
    pub(in crate::service_inspectors) headers: Headers,
    query: OnceLock<Params>,
    true_ip: Option<Vec<u8>>,
    is_of_stream: bool,
}

/// A response's start line and headers.
#[derive(Debug)]
pub(in crate::service_inspectors) struct Response {
    line: Vec<u8>,
    parts: StatusLine,
    pub(in crate::service_inspectors) headers: Headers,
    is_of_stream: bool,
}

impl Request {
    pub(in crate::service_inspectors) fn new(head: &[u8]) -> Request {
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
            is_of_stream: false,
        }
    }

    /// A request of HTTP/2, with header lines as HTTP/1 would have sent them.
    pub(in crate::service_inspectors) fn of_stream(
        method: &[u8],
        target: &[u8],
        lines: &[u8],
    ) -> Request {
        let headers = Headers::new(lines);
        let target_start = method.len() + 1;
        let version_start = target_start + target.len() + 1;
        let line = [method, b" ", target, b" ", STREAM_VERSION].concat();
        Request {
            parts: RequestLine {
                method: 0..method.len(),
                target: target_start..target_start + target.len(),
                version: version_start..line.len(),
            },
            line,
            uri: Uri::new(target),
            true_ip: true_ip(&headers),
            headers,
            query: OnceLock::new(),
            is_of_stream: true,
        }
    }

    /// Whether it is of HTTP/2: its start line was made up.
    pub(super) fn is_of_stream(&self) -> bool {
        self.is_of_stream
    }

    /// `http_raw_request`: the start line without its end.
    pub(in crate::service_inspectors) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(in crate::service_inspectors) fn method(&self) -> &[u8] {
        self.part(&self.parts.method)
    }

    /// `None` for HTTP/0.9.
    pub(in crate::service_inspectors) fn version(&self) -> Option<&[u8]> {
        Some(self.part(&self.parts.version)).filter(|version| !version.is_empty())
    }

    pub(in crate::service_inspectors) fn true_ip(&self) -> Option<&[u8]> {
        self.true_ip.as_deref()
    }

    /// Parameters of the query.
    pub(in crate::service_inspectors) fn query(&self) -> &Params {
        self.query.get_or_init(|| {
            Params::new(
                self.uri
                    .raw_part(crate::buffers::UriPart::Query)
                    .unwrap_or_default(),
            )
        })
    }

    /// Whether the body is a form of name-value pairs.
    pub(in crate::service_inspectors) fn is_form(&self) -> bool {
        media_type(&self.headers).eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    }

    /// Every way to find the body's end.
    pub(super) fn readings(&self) -> Readings {
        let taken = self.framing();
        let coding = self.headers.field("transfer-encoding").unwrap_or_default();
        let hints_at_chunks = contains(coding, b"chunked");
        let mut rivals = Vec::new();
        if self.version().is_some() && taken != Framing::Chunked && hints_at_chunks {
            rivals.push(Framing::Chunked);
        }
        if hints_at_chunks || lengths_differ(&self.headers, taken) {
            rivals.extend(lengths(&self.headers).map(Framing::Length));
        }
        rivals.dedup();
        rivals.retain(|framing| taken != *framing);
        Readings { taken, rivals }
    }

    /// RFC 9112 §6.3: without a length or chunks a request has no body.
    fn framing(&self) -> Framing {
        if self.version().is_none() {
            return Framing::None;
        }
        if is_chunked(&self.headers) {
            return Framing::Chunked;
        }
        content_length(&self.headers).map_or(Framing::None, Framing::Length)
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
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
    pub(in crate::service_inspectors) fn new(head: &[u8]) -> Response {
        let (line, headers) = split_head(head);
        Response {
            line: line.to_vec(),
            parts: start_line::status_line(line),
            headers: Headers::new(headers),
            is_of_stream: false,
        }
    }

    /// A response of HTTP/2, which has no reason phrase.
    pub(in crate::service_inspectors) fn of_stream(status: &[u8], lines: &[u8]) -> Response {
        let line = [STREAM_VERSION, b" ", status].concat();
        let code_start = STREAM_VERSION.len() + 1;
        Response {
            parts: StatusLine {
                version: 0..STREAM_VERSION.len(),
                code: code_start..line.len(),
                message: line.len()..line.len(),
            },
            line,
            headers: Headers::new(lines),
            is_of_stream: true,
        }
    }

    /// As of a request.
    pub(super) fn is_of_stream(&self) -> bool {
        self.is_of_stream
    }

    /// `http_raw_status`: the start line without its end.
    pub(in crate::service_inspectors) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(in crate::service_inspectors) fn version(&self) -> &[u8] {
        self.part(&self.parts.version)
    }

    pub(in crate::service_inspectors) fn code(&self) -> &[u8] {
        self.part(&self.parts.code)
    }

    pub(in crate::service_inspectors) fn message(&self) -> &[u8] {
        self.part(&self.parts.message)
    }

    /// Whether another response to the same request follows (RFC 9110 §15.2).
    pub(in crate::service_inspectors) fn is_interim(&self) -> bool {
        self.code().len() == 3 && self.code().first() == Some(&b'1') && self.code() != b"101"
    }

    /// RFC 9112 §6.3.
    pub(super) fn framing(&self, request: Option<&Request>) -> Framing {
        let to_head = request.is_some_and(|request| request.method() == b"HEAD");
        if to_head || self.is_interim() || matches!(self.code(), b"101" | b"204" | b"304") {
            return Framing::None;
        }
        if is_chunked(&self.headers) {
            return Framing::Chunked;
        }
        content_length(&self.headers).map_or(Framing::UntilClose, Framing::Length)
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        size_of::<Response>() + self.line.capacity() + self.headers.memory()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.line.get(range.clone()).unwrap_or_default()
    }
}

/// How a body is compressed. Several codings at once are left alone, as Snort does.
pub(in crate::service_inspectors) fn coding(headers: &Headers) -> Coding {
    match headers.field("content-encoding") {
        Some(name) if any_of(name, &["gzip", "x-gzip"]) => Coding::Gzip,
        Some(name) if any_of(name, &["deflate"]) => Coding::Deflate,
        Some(name) if any_of(name, &["br"]) => Coding::Brotli,
        _ => Coding::Identity,
    }
}

/// The declared encoding of the text.
pub(in crate::service_inspectors) fn charset(headers: &Headers) -> Charset {
    match parameter(headers, b"charset") {
        Some(name) if any_of(name, &["utf-16le"]) => Charset::Utf16 { big: false },
        Some(name) if any_of(name, &["utf-16be", "utf-16"]) => Charset::Utf16 { big: true },
        Some(name) if any_of(name, &["utf-32le"]) => Charset::Utf32 { big: false },
        Some(name) if any_of(name, &["utf-32be", "utf-32"]) => Charset::Utf32 { big: true },
        _ => Charset::Bytes,
    }
}

/// The reader of the parts, if the body is a form of several (RFC 7578).
pub(in crate::service_inspectors) fn multipart(headers: &Headers) -> Option<MimeReader> {
    if !media_type(headers).eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    MimeReader::form(parameter(headers, b"boundary")?)
}

fn any_of(name: &[u8], names: &[&str]) -> bool {
    names
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
}

/// The media type of Content-Type, without its parameters.
fn media_type(headers: &Headers) -> &[u8] {
    mime::media_type(headers.field("content-type").unwrap_or_default())
}

/// A parameter of Content-Type, without quotes.
fn parameter<'a>(headers: &'a Headers, name: &[u8]) -> Option<&'a [u8]> {
    mime::parameter(headers.field("content-type")?, name)
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

/// The first declared length; `None` if there is none or one of them is no number.
fn content_length(headers: &Headers) -> Option<u64> {
    let mut length = None;
    for value in headers.values("content-length") {
        for item in value.split(|byte| *byte == b',') {
            let number = number(item.trim_ascii())?;
            length.get_or_insert(number);
        }
    }
    length
}

/// Whether a body is as long as its Content-Length fields say, but they contradict each
/// other, so that where the message ends is anyone's guess.
pub(super) fn lengths_differ(headers: &Headers, taken: Framing) -> bool {
    matches!(taken, Framing::Length(taken) if lengths(headers).any(|length| length != taken))
}

/// Every declared length.
fn lengths(headers: &Headers) -> impl Iterator<Item = u64> {
    let values: Vec<Vec<u8>> = headers.values("content-length").collect();
    values.into_iter().flat_map(|value| {
        let items = value.split(|byte| *byte == b',');
        let numbers: Vec<u64> = items.filter_map(|item| number(item.trim_ascii())).collect();
        numbers
    })
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
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
