//! What is odd about the head of a message (Snort's events of generator 119). Nothing here is
//! asked unless a rule wants to know.

use crate::{
    buffers::UriPart,
    builtin::{BuiltinEvent as Event, EventSet},
};

use super::{
    header::Headers,
    message::{Request, Response},
    uri::{self, Substitute, Uri},
};

/// Longer segments of a path are odd (`oversize_dir_length` of Snort).
const LONG_SEGMENT: usize = 300;
/// The same of a header line (`maximum_header_length`).
const LONG_LINE: usize = 4096;
/// More header lines are odd (`maximum_headers`).
const MANY_LINES: usize = 200;
/// The same of a scheme's length.
const LONG_SCHEME: usize = 10;

/// Of a request's head.
pub(super) fn of_request(request: &Request) -> EventSet {
    let mut events = EventSet::EMPTY;
    target(&request.uri, &mut events);
    headers(&request.headers, &mut events);
    if request.is_of_stream() {
        return events;
    }
    start_line(request.line(), &mut events);
    match request.version() {
        Some(stated) => version(stated, &mut events),
        None => events.insert(Event::HttpSimple),
    }
    codings(&request.headers, request.version(), &mut events);
    let needs_length = matches!(request.method(), b"POST" | b"PUT");
    let has = |name| request.headers.field(name).is_some();
    events.insert_if(
        Event::HttpNoLength,
        needs_length && !has("content-length") && !has("transfer-encoding"),
    );
    events
}

/// Of the head of a response to `request`, if that was seen.
pub(super) fn of_response(response: &Response, request: Option<&Request>) -> EventSet {
    let mut events = EventSet::EMPTY;
    headers(&response.headers, &mut events);
    if response.is_of_stream() {
        return events;
    }
    start_line(response.line(), &mut events);
    version(response.version(), &mut events);
    codings(&response.headers, Some(response.version()), &mut events);
    let code = response.code();
    let is_status = code.len() == 3
        && code.iter().all(u8::is_ascii_digit)
        && matches!(code.first(), Some(b'1'..=b'5'));
    events.insert_if(Event::HttpStatus, !is_status);
    let is_interim = is_status && code.starts_with(b"1");
    events.insert_if(
        Event::HttpInterim,
        is_interim && !matches!(code, b"100" | b"101"),
    );
    let has_coding = response.headers.field("transfer-encoding").is_some();
    let length = response.headers.field("content-length");
    let has_body = has_coding || length.is_some_and(|length| length != b"0");
    let is_bare = is_interim || matches!(code, b"204" | b"304");
    events.insert_if(Event::HttpBodyImpossible, is_bare && has_body);
    let is_tunnel = request.is_some_and(|request| request.method() == b"CONNECT");
    let agrees = is_tunnel && code.starts_with(b"2");
    events.insert_if(Event::HttpConnectLength, agrees && length.is_some());
    events.insert_if(Event::HttpConnectCoding, agrees && has_coding);
    events
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn start_line(line: &[u8], events: &mut EventSet) {
    events.insert_if(Event::HttpTab, line.contains(&b'\t'));
    let mut pairs = line.windows(2);
    let is_blank = |byte: &u8| is_blank(*byte);
    let at_an_end = [line.first(), line.last()]
        .into_iter()
        .flatten()
        .any(is_blank);
    let in_a_row = pairs.any(|pair| pair.iter().all(is_blank));
    // The reason of a status may be empty.
    let is_status = line
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"));
    events.insert_if(Event::HttpBlanks, in_a_row || (at_an_end && !is_status));
}

/// `HTTP/major.minor`.
fn version(stated: &[u8], events: &mut EventSet) {
    let (name, number) = stated.split_at_checked(5).unwrap_or((stated, &[]));
    events.insert_if(
        Event::HttpVersionCase,
        name != b"HTTP/" && name.eq_ignore_ascii_case(b"HTTP/"),
    );
    match number {
        [b'0', b'.', ..] => events.insert(Event::HttpVersionZero),
        [b'1', b'.', b'0' | b'1'] => {}
        [b'1', b'.', minor @ ..] if minor.iter().all(u8::is_ascii_digit) && !minor.is_empty() => {
            events.insert(Event::HttpMinor);
        }
        [b'2'..=b'9', b'.', ..] => events.insert(Event::HttpVersionHigh),
        _ => {}
    }
}

fn target(uri: &Uri, events: &mut EventSet) {
    let raw = uri.raw();
    events.insert_if(Event::HttpSpace, raw.iter().any(|byte| is_blank(*byte)));
    let scheme = uri.raw_part(UriPart::Scheme).unwrap_or_default();
    events.insert_if(Event::HttpScheme, scheme.len() > LONG_SCHEME);
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let behind = rest.get(at..).unwrap_or_default();
        escape(behind, events);
        rest = behind.get(1..).unwrap_or_default();
    }
    if let Some(raw) = uri.raw_part(UriPart::Path) {
        path(&uri::decode(raw, Substitute::No), events);
    }
}

/// Bytes that begin with a percent sign.
fn escape(bytes: &[u8], events: &mut EventSet) {
    let hex = |at: usize, count: usize| {
        let digits = bytes.get(at..at + count);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let is_long = matches!(bytes.get(1), Some(b'u' | b'U')) && hex(2, 4);
    events.insert_if(Event::HttpPercentU, is_long);
    let Some(byte) = uri::escape(bytes) else {
        return;
    };
    let needs_none = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    events.insert_if(Event::HttpUnreserved, needs_none);
    events.insert_if(Event::HttpDoubleEscape, byte == b'%' && hex(3, 2));
    events.insert_if(Event::HttpUtf8, uri::utf8_escape(bytes).is_some());
}

/// A path without its escapes.
fn path(path: &[u8], events: &mut EventSet) {
    events.insert_if(Event::HttpBackslash, path.contains(&b'\\'));
    let mut depth = 0_usize;
    let count = path.split(|byte| matches!(byte, b'/' | b'\\')).count();
    let segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
    for (at, segment) in segments.enumerate() {
        let is_end = at == 0 || at + 1 == count;
        events.insert_if(Event::HttpLongSegment, segment.len() > LONG_SEGMENT);
        match segment {
            b"" => events.insert_if(Event::HttpSlashes, !is_end),
            b"." => events.insert(Event::HttpDot),
            b".." => {
                events.insert(Event::HttpDotDot);
                events.insert_if(Event::HttpAboveRoot, depth == 0);
                depth = depth.saturating_sub(1);
            }
            _ => depth = depth.saturating_add(1),
        }
    }
}

fn headers(headers: &Headers, events: &mut EventSet) {
    events.insert_if(Event::HttpLongLine, headers.longest() > LONG_LINE);
    events.insert_if(Event::HttpManyLines, headers.count() > MANY_LINES);
    for line in headers.lines() {
        let colon = line.iter().position(|byte| *byte == b':');
        let Some((name, _)) = colon.and_then(|colon| line.split_at_checked(colon)) else {
            events.insert_if(Event::HttpNoColon, !line.is_empty());
            continue;
        };
        let is_odd = |byte: &u8| !byte.is_ascii_graphic() && !is_blank(*byte);
        events.insert_if(
            Event::HttpBlankInName,
            name.iter().any(|byte| is_blank(*byte)),
        );
        events.insert_if(Event::HttpOddName, name.iter().any(is_odd));
        events.insert_if(Event::HttpFold, line.contains(&b'\n'));
    }
    let mut hosts = headers.values("host");
    let first = hosts.next();
    let is_list = first.is_some_and(|host| host.contains(&b','));
    events.insert_if(Event::HttpHosts, is_list || hosts.next().is_some());
    lengths(headers, events);
    let codings = words(headers, "content-encoding").count();
    events.insert_if(Event::HttpContentCodings, codings > 1);
}

fn lengths(headers: &Headers, events: &mut EventSet) {
    let mut count = 0_usize;
    for length in words(headers, "content-length") {
        count = count.saturating_add(1);
        let is_number = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
        events.insert_if(Event::HttpBadLength, !is_number);
    }
    events.insert_if(Event::HttpLengths, count > 1);
}

fn codings(headers: &Headers, version: Option<&[u8]>, events: &mut EventSet) {
    let mut codings: Vec<Vec<u8>> = words(headers, "transfer-encoding").collect();
    if codings.is_empty() {
        return;
    }
    codings.retain(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let is_chunked = |coding: &Vec<u8>| coding.eq_ignore_ascii_case(b"chunked");
    let ends_well = codings.last().is_some_and(is_chunked);
    events.insert_if(Event::HttpCodingEnd, !ends_well);
    events.insert_if(Event::HttpCodings, ends_well && codings.len() > 1);
    let has_length = headers.field("content-length").is_some();
    events.insert_if(Event::HttpLengthAndCoding, has_length);
    events.insert_if(
        Event::HttpOldChunks,
        version.is_some_and(|version| version.ends_with(b"/1.0")),
    );
}

/// The values of a field that is a list.
fn words<'h>(headers: &'h Headers, name: &'h str) -> impl Iterator<Item = Vec<u8>> + 'h {
    headers.values(name).flat_map(|value| {
        let words = value.split(|byte| *byte == b',');
        let words: Vec<Vec<u8>> = words.map(|word| word.trim_ascii().to_vec()).collect();
        words
    })
}
