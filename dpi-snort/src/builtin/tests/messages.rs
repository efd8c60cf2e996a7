//! Messages of HTTP/1 and HTTP/2.

use std::io::Write;

use super::{BuiltinEvent as Event, Case};
use crate::testing::wire::conversation;

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into()
}

fn with(lines: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n").into()
}

fn chunked(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into()
}

fn answer(start: &str, lines: &str, body: &[u8]) -> Vec<u8> {
    let mut answer: Vec<u8> = format!("HTTP/1.1 {start}\r\n{lines}\r\n").into();
    answer.extend(body);
    answer
}

fn gzip_of_zeros(len: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; len]).unwrap();
    encoder.finish().unwrap()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A connection of HTTP/2 with these frames behind the client's settings.
fn http2(frames: &[Vec<u8>]) -> Vec<u8> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    [preface, frame(4, 0, 0, b""), frames.concat()].concat()
}

fn requests() -> Vec<(Event, Vec<u8>)> {
    let version = |version: &str| format!("GET / {version}\r\nHost: h\r\n\r\n").into();
    vec![
        (Event::HttpUnreserved, get("/%41")),
        (Event::HttpDoubleEscape, get("/%2541")),
        (Event::HttpPercentU, get("/%u0041")),
        (Event::HttpUtf8, get("/%c3%a9")),
        (Event::HttpSlashes, get("/a//b")),
        (Event::HttpBackslash, get("/a\\b")),
        (Event::HttpDot, get("/a/./b")),
        (Event::HttpDotDot, get("/a/%2e%2e/b")),
        (
            Event::HttpTab,
            b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
        ),
        (
            Event::HttpBareLf,
            b"GET / HTTP/1.1\nHost: h\r\n\r\n".to_vec(),
        ),
        (
            Event::HttpLongSegment,
            get(&format!("/{}", "a".repeat(301))),
        ),
        (Event::HttpAboveRoot, get("/a/../../b")),
        (
            Event::HttpLongLine,
            with(&format!("A: {}\r\n", "a".repeat(4097))),
        ),
        (Event::HttpManyLines, with(&"A: b\r\n".repeat(201))),
        (
            Event::HttpLengths,
            with("Content-Length: 0\r\nContent-Length: 0\r\n"),
        ),
        (Event::HttpHosts, with("Host: other\r\n")),
        (
            Event::HttpNoLength,
            b"POST / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
        ),
        (Event::HttpSimple, b"GET /\r\n".to_vec()),
        (Event::HttpSpace, get("/a b")),
        (Event::HttpPipeline, get("/").repeat(110)),
        (
            Event::HttpNotHttp,
            [get("/"), b"\x01\x02\x03\r\n".to_vec()].concat(),
        ),
        (
            Event::HttpBlankBetween,
            [get("/"), b"\r\n".to_vec(), get("/")].concat(),
        ),
        (Event::HttpBlanks, get(" /")),
        (Event::HttpNoColon, with("no colon\r\n")),
        (Event::HttpChunkOptions, chunked("1;a=b\r\nx\r\n0\r\n\r\n")),
        (Event::HttpChunkBad, chunked("xyz\r\n")),
        (Event::HttpChunkBlank, chunked("1 \r\nx\r\n0\r\n\r\n")),
        (Event::HttpBlankInName, with("A : b\r\n")),
        (
            Event::HttpLengthAndCoding,
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_vec(),
        ),
        (
            Event::HttpCodingEnd,
            with("Transfer-Encoding: chunked, gzip\r\n"),
        ),
        (
            Event::HttpCodings,
            with("Transfer-Encoding: gzip, chunked\r\n"),
        ),
        (
            Event::HttpContentCodings,
            with("Content-Encoding: gzip, br\r\n"),
        ),
        (Event::HttpOddName, with("A\x01: b\r\n")),
        (Event::HttpBadLength, with("Content-Length: abc\r\n")),
        (Event::HttpFold, with("A: b\r\n c\r\n")),
        (Event::HttpChunkEnd, chunked("1\r\nxy\r\n0\r\n\r\n")),
        (Event::HttpChunkLf, chunked("1\nx\r\n0\r\n\r\n")),
        (
            Event::HttpOldChunks,
            b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        ),
        (Event::HttpVersionCase, version("http/1.1")),
        (Event::HttpScheme, get("abcdefghijkl://h/")),
        (Event::HttpMinor, version("HTTP/1.2")),
        (Event::HttpVersionZero, version("HTTP/0.9")),
        (Event::HttpVersionHigh, version("HTTP/3.0")),
    ]
}

fn requests_of_http2() -> Vec<(Event, Vec<u8>)> {
    vec![
        (
            Event::Http2ContinuationMissing,
            http2(&[frame(1, 0, 1, b""), frame(6, 0, 0, b"12345678")]),
        ),
        (
            Event::Http2ContinuationUnexpected,
            http2(&[frame(9, 0, 1, b"x")]),
        ),
        (Event::Http2Hpack, http2(&[frame(1, 4, 1, b"\x80")])),
        (
            Event::Http2Preface,
            [get("/"), b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec()].concat(),
        ),
        (
            Event::Http2FirstFrame,
            [
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
                frame(6, 0, 0, b"12345678"),
            ]
            .concat(),
        ),
        (Event::Http2Padding, http2(&[frame(0, 8, 1, b"\x09ab")])),
        (
            Event::Http2Streams,
            http2(
                &(0..300)
                    .map(|n| frame(1, 4, 2 * n + 1, b"\x82\x86\x84"))
                    .collect::<Vec<_>>(),
            ),
        ),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let connect = b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
    let zip = "Content-Encoding: gzip\r\n";
    let answers = [
        (Event::HttpStatus, get("/"), answer("abc no", "", b"")),
        (
            Event::HttpDecompressRatio,
            get("/"),
            answer("200 OK", zip, &gzip_of_zeros(8 << 20)),
        ),
        (
            Event::HttpDecompressFailed,
            get("/"),
            answer("200 OK", zip, b"no gzip at all"),
        ),
        (
            Event::HttpBodyImpossible,
            get("/"),
            answer("204 No", "Content-Length: 5\r\n", b""),
        ),
        (Event::HttpInterim, get("/"), answer("102 Wait", "", b"")),
        (
            Event::HttpConnectLength,
            connect.clone(),
            answer("200 OK", "Content-Length: 5\r\n", b""),
        ),
        (
            Event::HttpConnectCoding,
            connect,
            answer("200 OK", "Transfer-Encoding: chunked\r\n", b""),
        ),
    ];
    let requests = requests().into_iter().chain(requests_of_http2());
    let mut cases: Vec<Case> = requests
        .map(|(event, request)| (event, conversation(&request, b"")))
        .collect();
    cases.extend(
        answers
            .into_iter()
            .map(|(event, request, answer)| (event, conversation(&request, &answer))),
    );
    cases
}
