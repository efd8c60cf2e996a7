//! Messages and their buffers, wherever the bytes are cut.

use super::*;
use crate::{
    buffers::UriPart,
    service_inspectors::{
        http::Http,
        testing::{field, of_request, param, uri_part, whole},
    },
};

/// (buffer, its bytes at the request's head and body, the response's head, body, trailers)
type Row<'t> = (BufferSelector, [Option<&'t str>; 5]);

#[test]
fn every_buffer_of_a_request_and_its_response() {
    let request = headers(
        1,
        0,
        ":method: POST\n:scheme: http\n:path: /a//b/../c?q=%41\n:authority: a.example:80\n\
        user-agent:  one   two\ncookie: k=%41\ncookie: m=n\nx-forwarded-for: 9.8.7.6, 1.1.1.1\n\
        content-type: application/x-www-form-urlencoded",
    );
    let response = headers(1, 0, ":status: 404\nserver: srv\nset-cookie: s=1");
    let blocks = [
        client(&[request, data(1, END_STREAM, b"a=1&b=%32")]),
        server(&[
            response,
            data(1, 0, b"go"),
            data(1, 0, b"ne"),
            headers(1, END_STREAM, "grpc-status: 0"),
        ]),
    ];
    let header = "user-agent:  one   two\r\nx-forwarded-for: 9.8.7.6, 1.1.1.1\r\n\
        content-type: application/x-www-form-urlencoded";
    let answer = Some("server: srv");
    let table: &[Row<'_>] = &[
        (whole(BufferId::HttpMethod), [Some("POST"); 5]),
        (whole(BufferId::HttpUri), [Some("/a/c?q=A"); 5]),
        (
            whole(BufferId::HttpRawUri),
            [Some("http://a.example:80/a//b/../c?q=%41"); 5],
        ),
        (uri_part(UriPart::Host), [Some("a.example"); 5]),
        (uri_part(UriPart::Path), [Some("/a/c"); 5]),
        (whole(BufferId::HttpVersion), [Some("HTTP/2.0"); 5]),
        (of_request(BufferId::HttpHeader), [Some(header); 5]),
        (
            whole(BufferId::HttpHeader),
            [Some(header), Some(header), answer, answer, answer],
        ),
        (
            field(BufferId::HttpHeader, "user-agent"),
            [Some("one two"), Some("one two"), None, None, None],
        ),
        (
            whole(BufferId::HttpCookie),
            [
                Some("k=A; m=n"),
                Some("k=A; m=n"),
                Some("s=1"),
                Some("s=1"),
                Some("s=1"),
            ],
        ),
        (whole(BufferId::HttpTrueIp), [Some("1.1.1.1"); 5]),
        (param("q"), [Some("A"); 5]),
        (param("b"), [None, Some("2"), None, None, None]),
        (
            whole(BufferId::HttpClientBody),
            [None, Some("a=1&b=2"), None, None, None],
        ),
        (
            whole(BufferId::FileData),
            [None, Some("a=1&b=%32"), None, Some("gone"), None],
        ),
        (
            whole(BufferId::HttpStatCode),
            [None, None, Some("404"), Some("404"), Some("404")],
        ),
        (whole(BufferId::HttpStatMsg), [None; 5]),
        (
            whole(BufferId::HttpRawStatus),
            [
                None,
                None,
                Some("HTTP/2.0 404"),
                Some("HTTP/2.0 404"),
                Some("HTTP/2.0 404"),
            ],
        ),
        (
            field(BufferId::HttpTrailer, "grpc-status"),
            [None, None, None, None, Some("0")],
        ),
    ];
    let questions: Vec<_> = table.iter().map(|(question, _)| question.clone()).collect();
    let (seen, verdict) = same_at_every_cut(&blocks, &questions, &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(payloads(&seen), ["-", "a=1&b=%32", "-", "gone", "-"]);
    for (unit, seen) in seen.iter().enumerate() {
        for ((question, expected), answer) in table.iter().zip(&seen.answers) {
            let answer = answer.as_ref().map(|bytes| String::from_utf8_lossy(bytes));
            assert_eq!(
                answer.as_deref(),
                expected[unit],
                "unit {unit}: {question:?}"
            );
        }
    }
}

/// What a client sends and what a server answers; the plain buffer of each unit; the paths
/// that were found; the reason why the inspector gave up, if it did.
type Conversation = (
    Vec<Vec<u8>>,
    Vec<Vec<u8>>,
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
);

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn conversations_give_the_same_units_at_every_cut() {
    let post = |stream, flags| headers(stream, flags, ":method: POST\n:path: /p");
    let ok = |stream, flags| headers(stream, flags, ":status: 200");
    let fields = block(":method: GET\n:path: /cut");
    let table: Vec<Conversation> = vec![
        (vec![], vec![], &[], "", None),
        // Streams interleaved, each with its own body.
        (
            vec![
                post(1, 0),
                post(3, 0),
                data(1, 0, b"ab"),
                data(3, 0, b"xy"),
                data(1, END_STREAM, b"cd"),
                data(3, END_STREAM, b"z"),
            ],
            vec![ok(3, END_STREAM), ok(1, 0), data(1, END_STREAM, b"body")],
            &["-", "-", "abcd", "xyz", "-", "-", "body"],
            "/p/p",
            None,
        ),
        // Padding and priority.
        (
            vec![
                frame(
                    1,
                    END_HEADERS | PADDED | PRIORITY,
                    1,
                    &[&[3, 0, 0, 0, 0, 16], fields.as_slice(), &[0; 3]].concat(),
                ),
                data(1, PADDED, b"\x02ab\0\0"),
                data(1, PADDED, b"\0cd"),
                data(1, PADDED, b"\x04\0\0\0\0"),
                data(1, PADDED | END_STREAM, b"\x01\0"),
            ],
            vec![],
            &["-", "abcd"],
            "/cut",
            None,
        ),
        // A block in three frames, one of them empty; other frames between streams.
        (
            vec![
                frame(2, 0, 5, &[0; 5]),
                frame(1, END_STREAM, 1, &fields[..3]),
                frame(9, 0, 1, &[]),
                frame(9, END_HEADERS, 1, &fields[3..]),
                frame(6, 0, 0, b"12345678"),
                frame(8, 0, 0, &[0, 0, 1, 0]),
                frame(99, 0xFF, 7, b"unknown"),
            ],
            vec![],
            &["-"],
            "/cut",
            None,
        ),
        // An interim response, then the final one.
        (
            vec![post(1, END_STREAM)],
            vec![
                headers(1, 0, ":status: 103\nlink: </x>"),
                ok(1, 0),
                data(1, END_STREAM, b"b"),
            ],
            &["-", "-", "-", "b"],
            "/p",
            None,
        ),
        // A promised request and its response.
        (
            vec![post(1, END_STREAM)],
            vec![
                frame(
                    5,
                    END_HEADERS,
                    1,
                    &[&[0, 0, 0, 2], fields.as_slice()].concat(),
                ),
                ok(2, 0),
                data(2, END_STREAM, b"pushed"),
            ],
            &["-", "-", "-", "pushed"],
            "/p/cut",
            None,
        ),
        // A reset stream is judged as far as it came; what comes later is still searched.
        (
            vec![
                post(1, 0),
                data(1, 0, b"half"),
                frame(3, 0, 1, &[0, 0, 0, 8]),
                data(1, 0, b"late"),
            ],
            vec![],
            &["-", "half", "late"],
            "/p",
            None,
        ),
        // The end of the connection.
        (
            vec![post(1, 0), data(1, 0, b"half"), b"\0\0\x09\0".to_vec()],
            vec![],
            &["-", "half", "\0\0\t\0"],
            "/p",
            None,
        ),
        // Fields that no request begins with.
        (
            vec![headers(1, END_STREAM, "x: needle")],
            vec![],
            &["x: needle\r\n"],
            "",
            None,
        ),
        // Bad frames.
        (
            vec![post(1, 0), frame(9, 0, 1, b"x")],
            vec![],
            &["-", "\0\0\x01\t\0\0\0\0\x01x"],
            "/p",
            Some("http2_continuation"),
        ),
        (
            vec![frame(1, 0, 1, b""), frame(6, 0, 0, b"12345678")],
            vec![],
            &["\0\0\x08\x06\0\0\0\0\0", "12345678"],
            "",
            Some("http2_continuation_missing"),
        ),
        (
            vec![frame(1, END_HEADERS, 1, b"\x80rest")],
            vec![],
            &[],
            "",
            Some("http2_hpack"),
        ),
        (
            vec![data(1, PADDED, b"\x09ab")],
            vec![],
            &["ab"],
            "",
            Some("http2_padding"),
        ),
        (
            vec![frame(1, END_HEADERS | PADDED, 1, b"\x09ab")],
            vec![],
            &[],
            "",
            Some("http2_frame_length"),
        ),
    ];
    for (sent, answered, expected, uris, reason) in table {
        let mut blocks = vec![client(&sent)];
        if !answered.is_empty() {
            blocks.push(server(&answered));
        }
        let (seen, verdict) = same_at_every_cut(&blocks, &[], &Config::default());
        let found = payloads(&seen);
        if reason.is_some() {
            assert_eq!(found.concat(), expected.concat());
        } else {
            assert_eq!(found, expected);
        }
        let uri = fresh_bytes(&seen, BufferId::HttpUri);
        assert_eq!(String::from_utf8_lossy(&uri), uris);
        assert_eq!(
            verdict,
            reason.map_or(Verdict::Continue, Verdict::Abandon),
            "{expected:?}"
        );
    }
}

#[test]
fn what_begins_otherwise_is_given_up() {
    for (to_server, bytes, reason) in [
        (true, b"PRI * HTTP/2.1\r\n".to_vec(), "http2_no_preface"),
        (
            true,
            [frame::PREFACE, &get(1, "/")].concat(),
            "http2_no_settings",
        ),
        (
            false,
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            "http2_no_settings",
        ),
    ] {
        let (seen, verdict) = same_at_every_cut(&[(to_server, bytes)], &[], &Config::default());
        assert_eq!(verdict, Verdict::Abandon(reason));
        assert!(!seen.is_empty(), "{reason}");
    }
}

#[test]
fn bodies_are_decoded_as_in_http1() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"needle in hay").expect("into a vector");
    let packed = encoder.finish().expect("into a vector");
    let (first, second) = packed.split_at(9);
    let form = "--B\r\nContent-Transfer-Encoding: base64\r\n\r\nbmVlZGxl\r\n--B--";
    let blocks = [
        client(&[
            headers(
                1,
                0,
                ":method: POST\n:path: /\ncontent-type: multipart/form-data; boundary=B",
            ),
            data(1, END_STREAM, form.as_bytes()),
            get(3, "/"),
        ]),
        server(&[
            headers(3, 0, ":status: 200\ncontent-encoding: gzip"),
            data(3, 0, first),
            headers(1, END_STREAM, ":status: 204"),
            data(3, END_STREAM, second),
        ]),
    ];
    let (seen, _) = same_at_every_cut(&blocks, &[], &Config::default());
    let found = fresh_bytes(&seen, BufferId::FileData);
    assert_eq!(String::from_utf8_lossy(&found), "needleneedle in hay");
}

#[test]
fn an_upgraded_connection_answers_the_request_of_http1() {
    let request = b"GET /up HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n".to_vec();
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n".to_vec();
    let (_, mut answer) = server(&[headers(1, 0, ":status: 200"), data(1, END_STREAM, b"body")]);
    answer.splice(0..0, switch);
    let blocks = [(true, request), (false, answer), client(&[get(3, "/next")])];
    let new = || -> Box<dyn ServiceInspector> { Box::new(Http::default()) };
    let questions = [whole(BufferId::HttpUri)];
    let (seen, verdict) = testing::same_at_every_cut(&new, &blocks, &questions, &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    let preface = String::from_utf8_lossy(frame::PREFACE);
    assert_eq!(payloads(&seen), ["-", "-", "-", "body", &*preface, "-"]);
    let uris: Vec<_> = seen
        .iter()
        .map(|unit| unit.answers[0].as_deref().map(String::from_utf8_lossy))
        .collect();
    let up = Some("/up".into());
    assert_eq!(uris[..4], [up.clone(), up.clone(), up.clone(), up]);
    assert_eq!(uris[5].as_deref(), Some("/next"));
}

#[test]
fn a_preface_where_a_request_was_due_switches_too() {
    let first = b"GET /up HTTP/1.1\r\nUpgrade: h2c\r\n\r\n".to_vec();
    let (_, rest) = client(&[get(3, "/next")]);
    let blocks = [
        (true, [first, rest].concat()),
        server(&[headers(1, END_STREAM, ":status: 200")]),
    ];
    let new = || -> Box<dyn ServiceInspector> { Box::new(Http::default()) };
    let (seen, verdict) = testing::same_at_every_cut(&new, &blocks, &[], &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(fresh_bytes(&seen, BufferId::HttpUri), b"/up/next");
    assert_eq!(fresh_bytes(&seen, BufferId::HttpStatCode), b"200");
}

#[test]
fn a_gap_costs_what_it_hit() {
    let config = Config::default();
    let mut seen = Vec::new();
    let mut paths = Vec::new();
    let mut emit = |pdu: &crate::service_inspectors::Pdu<'_>| {
        seen.push(pdu.payload.to_vec());
        if let Some(path) = pdu.buffers.buffer(&whole(BufferId::HttpUri)) {
            paths.push(path.to_vec());
        }
    };
    let mut http2 = Http2::default();
    let mut feed = |http2: &mut Http2, data: &[u8]| {
        let feed = Feed {
            to_server: true,
            data,
            config: &config,
        };
        assert_eq!(http2.feed(&feed, &mut emit), Verdict::Continue);
    };
    let post = headers(1, 0, ":method: POST\n:path: /p");
    let (_, opening) = client(&[post, data(1, 0, &[b'a'; 10])]);
    // Inside a body.
    feed(&mut http2, &opening[..opening.len() - 6]);
    let mut plain = Vec::new();
    let mut keep = |pdu: &crate::service_inspectors::Pdu<'_>| plain.push(pdu.payload.to_vec());
    assert_eq!(http2.gap(true, 4, &config, &mut keep), Verdict::Continue);
    feed(&mut http2, b"bb");
    // Inside a block: the next one is read again.
    let request = get(3, "/lost");
    feed(&mut http2, &request[..20]);
    assert_eq!(http2.gap(true, 10, &config, &mut keep), Verdict::Continue);
    feed(&mut http2, &request[30..]);
    feed(&mut http2, &get(5, "/found"));
    assert_eq!(
        http2.gap(true, 1, &config, &mut keep),
        Verdict::Abandon("http2_gap_in_framing")
    );
    assert_eq!(plain, [b"aaaa".as_slice(), b"bb"]);
    assert_eq!(seen, [b"".as_slice(), b""]);
    assert_eq!(paths, [b"/p".as_slice(), b"/found"]);
}
