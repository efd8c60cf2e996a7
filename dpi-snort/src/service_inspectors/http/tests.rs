use proptest::prelude::*;

use super::*;
use crate::buffers::{BufferId, BufferPart, BufferSelector, UriPart};

/// What one unit shows: its direction, plain buffer, and fresh buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    to_server: bool,
    payload: Vec<u8>,
    fresh: Vec<(BufferId, Vec<u8>)>,
    answers: Vec<Option<Vec<u8>>>,
}

/// Feeds a conversation of `>>>` and `<<<` blocks; each is cut in two at `cut`.
fn run(
    conversation: &[(bool, Vec<u8>)],
    cut: usize,
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    let mut seen = Vec::new();
    let mut http = Http::default();
    let mut emit = |pdu: &Pdu<'_>| {
        let mut fresh = Vec::new();
        pdu.buffers
            .fresh(&mut |id, bytes| fresh.push((id, bytes.to_vec())));
        seen.push(Seen {
            to_server: pdu.to_server,
            payload: pdu.payload.to_vec(),
            fresh,
            answers: questions
                .iter()
                .map(|question| pdu.buffers.buffer(question).map(<[u8]>::to_vec))
                .collect(),
        });
    };
    let mut verdict = Verdict::Continue;
    let mut after = Vec::new();
    for (to_server, bytes) in conversation {
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        for data in [first, second].into_iter().filter(|data| !data.is_empty()) {
            let feed = Feed {
                to_server: *to_server,
                data,
                config,
            };
            if verdict == Verdict::Continue {
                verdict = http.feed(&feed, &mut emit);
            } else {
                after.push((*to_server, data.to_vec()));
            }
        }
    }
    if verdict == Verdict::Continue {
        http.finish(true, &mut emit);
        http.finish(false, &mut emit);
    }
    // What comes after the inspector gave up is a plain stream.
    seen.extend(after.into_iter().map(|(to_server, payload)| Seen {
        to_server,
        payload,
        fresh: Vec::new(),
        answers: Vec::new(),
    }));
    (seen, verdict)
}

/// Blocks of `>>>` (client) and `<<<` (server); line ends become CR LF, `\` escapes of
/// Rust strings may stand for other bytes.
fn conversation(text: &str) -> Vec<(bool, Vec<u8>)> {
    let mut blocks: Vec<(bool, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            ">>>" => blocks.push((true, Vec::new())),
            "<<<" => blocks.push((false, Vec::new())),
            _ => {
                let (_, block) = blocks.last_mut().expect("a block");
                match line.strip_suffix('\n') {
                    Some(line) => {
                        block.extend_from_slice(line.as_bytes());
                        block.extend_from_slice(b"\r\n");
                    }
                    None => block.extend_from_slice(line.as_bytes()),
                }
            }
        }
    }
    blocks
}

fn whole(id: BufferId) -> BufferSelector {
    BufferSelector::whole(id)
}

fn field(id: BufferId, name: &str) -> BufferSelector {
    BufferSelector {
        id,
        part: BufferPart::Field(name.into()),
        request: false,
    }
}

fn uri_part(part: UriPart) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpUri,
        part: BufferPart::Uri(part),
        request: false,
    }
}

fn param(name: &str) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpParam,
        part: BufferPart::Param(name.into(), false),
        request: false,
    }
}

fn of_request(id: BufferId) -> BufferSelector {
    BufferSelector {
        request: true,
        ..whole(id)
    }
}

/// Every place where a conversation's blocks may be cut gives the same units.
fn same_at_every_cut(blocks: &[(bool, Vec<u8>)], config: &Config) -> (Vec<Seen>, Verdict) {
    let uncut = run(blocks, usize::MAX, &[], config);
    let longest = blocks
        .iter()
        .map(|(_, bytes)| bytes.len())
        .max()
        .unwrap_or(0);
    for cut in 0..longest {
        let cut_run = run(blocks, cut, &[], config);
        assert_eq!(joined(&cut_run.0), joined(&uncut.0), "cut at {cut}");
        assert_eq!(cut_run.1, uncut.1, "cut at {cut}");
    }
    uncut
}

/// Units with plain rests of one direction put together, as where they are cut is no
/// part of their meaning.
fn joined(seen: &[Seen]) -> Vec<Seen> {
    let mut out: Vec<Seen> = Vec::new();
    for unit in seen {
        match out.last_mut() {
            Some(last)
                if last.fresh.is_empty()
                    && unit.fresh.is_empty()
                    && last.to_server == unit.to_server =>
            {
                last.payload.extend_from_slice(&unit.payload);
            }
            _ => out.push(unit.clone()),
        }
    }
    out
}

const LOGIN: &str = "\
>>>
POST /a//b/../c?q=%41&r=x+y#frag HTTP/1.1
Host: example.com
User-Agent:  one   two
Cookie: k=%41
Cookie: m=n
X-Forwarded-For: 9.8.7.6, 1.1.1.1
Content-Type: application/x-www-form-urlencoded
Content-Length: 14

a=1&b=%32&z=
<<<
HTTP/1.1 404 Not Here
Server: srv
Set-Cookie: s=1
Content-Length: 4

gone";

fn login() -> Vec<(bool, Vec<u8>)> {
    conversation(LOGIN)
}

/// (buffer, its bytes at the request's head, its body, the response's head, its body)
type Row = (BufferSelector, [Option<&'static str>; 4]);

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_buffer_of_a_request_and_its_response() {
    use BufferId::{
        FileData, HttpClientBody, HttpCookie, HttpHeader, HttpMethod, HttpRawBody, HttpRawCookie,
        HttpRawHeader, HttpRawRequest, HttpRawStatus, HttpRawUri, HttpStatCode, HttpStatMsg,
        HttpTrueIp, HttpUri, HttpVersion,
    };
    let header = "Host: example.com\r\nUser-Agent:  one   two\r\n\
        X-Forwarded-For: 9.8.7.6, 1.1.1.1\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14";
    let table: &[Row] = &[
        (whole(HttpMethod), [Some("POST"); 4]),
        (whole(HttpUri), [Some("/a/c?q=A&r=x y#frag"); 4]),
        (whole(HttpRawUri), [Some("/a//b/../c?q=%41&r=x+y#frag"); 4]),
        (uri_part(UriPart::Path), [Some("/a/c"); 4]),
        (uri_part(UriPart::Query), [Some("q=A&r=x y"); 4]),
        (uri_part(UriPart::Fragment), [Some("frag"); 4]),
        (uri_part(UriPart::Host), [None; 4]),
        (of_request(HttpHeader), [Some(header); 4]),
        (
            whole(HttpHeader),
            [
                Some(header),
                Some(header),
                Some("Server: srv\r\nContent-Length: 4"),
                Some("Server: srv\r\nContent-Length: 4"),
            ],
        ),
        (
            whole(HttpRawHeader),
            [
                Some(
                    "Host: example.com\r\nUser-Agent:  one   two\r\nCookie: k=%41\r\n\
                    Cookie: m=n\r\nX-Forwarded-For: 9.8.7.6, 1.1.1.1\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14",
                ),
                Some(
                    "Host: example.com\r\nUser-Agent:  one   two\r\nCookie: k=%41\r\n\
                    Cookie: m=n\r\nX-Forwarded-For: 9.8.7.6, 1.1.1.1\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14",
                ),
                Some("Server: srv\r\nSet-Cookie: s=1\r\nContent-Length: 4"),
                Some("Server: srv\r\nSet-Cookie: s=1\r\nContent-Length: 4"),
            ],
        ),
        (
            field(HttpHeader, "user-agent"),
            [Some("one two"), Some("one two"), None, None],
        ),
        (
            field(HttpRawHeader, "user-agent"),
            [Some("  one   two"), Some("  one   two"), None, None],
        ),
        (
            whole(HttpCookie),
            [Some("k=A,m=n"), Some("k=A,m=n"), Some("s=1"), Some("s=1")],
        ),
        (
            whole(HttpRawCookie),
            [
                Some("k=%41,m=n"),
                Some("k=%41,m=n"),
                Some("s=1"),
                Some("s=1"),
            ],
        ),
        (of_request(HttpCookie), [Some("k=A,m=n"); 4]),
        (whole(HttpVersion), [Some("HTTP/1.1"); 4]),
        (
            whole(HttpRawRequest),
            [Some("POST /a//b/../c?q=%41&r=x+y#frag HTTP/1.1"); 4],
        ),
        (whole(HttpTrueIp), [Some("1.1.1.1"); 4]),
        (param("q"), [Some("A"); 4]),
        (param("b"), [None, Some("2"), None, None]),
        (whole(HttpStatCode), [None, None, Some("404"), Some("404")]),
        (
            whole(HttpStatMsg),
            [None, None, Some("Not Here"), Some("Not Here")],
        ),
        (
            whole(HttpRawStatus),
            [
                None,
                None,
                Some("HTTP/1.1 404 Not Here"),
                Some("HTTP/1.1 404 Not Here"),
            ],
        ),
        (
            whole(HttpClientBody),
            [None, Some("a=1&b=2&z=\r\n"), None, None],
        ),
        (
            whole(FileData),
            [None, Some("a=1&b=%32&z=\r\n"), None, Some("gone")],
        ),
        (
            whole(HttpRawBody),
            [None, Some("a=1&b=%32&z=\r\n"), None, Some("gone")],
        ),
    ];
    let questions: Vec<_> = table.iter().map(|(question, _)| question.clone()).collect();
    let (seen, verdict) = run(&login(), usize::MAX, &questions, &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(seen.len(), 4);
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
    assert!(seen[0].payload.is_empty() && seen[2].payload.is_empty());
    assert_eq!(seen[3].payload, b"gone");
}

/// Conversation; the plain buffer of each unit (a head's is empty, shown as `-`); the
/// reason why the inspector gave up, if it did.
const CONVERSATIONS: &[(&str, &[&str], Option<&str>)] = &[
    (">>>\nGET / HTTP/1.1\nHost: a\n\n", &["-"], None),
    (">>>\n\n\nGET  /\tHTTP/1.1\nHost: a\n\n", &["-"], None),
    (
        ">>>\nGET /a HTTP/1.1\n\nGET /b HTTP/1.1\n\n",
        &["-", "-"],
        None,
    ),
    (
        ">>>\nPUT / HTTP/1.1\nContent-Length: 2\n\nabPUT / HTTP/1.1\n\n",
        &["-", "ab", "-"],
        None,
    ),
    (">>>\nPUT / HTTP/1.1\nContent-Length: -2\n\n", &["-"], None),
    (
        ">>>\nPUT / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 2\n\n\
        003;x=y\nabc\n1 \nd\n0\nVia: v\n\nGET / HTTP/1.1\n\n",
        &["-", "abcd", "-", "-"],
        None,
    ),
    (
        ">>>\nPUT / HTTP/1.1\nContent-Length: 2\nContent-Length: 3\n\nabc",
        &["-", "abc"],
        Some("http_content_lengths_differ"),
    ),
    (">>>\nGET /nine\n", &["-"], None),
    (
        ">>>\n\u{1}\u{2}\u{3}\n",
        &["\u{1}\u{2}\u{3}\r\n"],
        Some("http_not_a_start_line"),
    ),
    (">>>\nGET /cut HTTP/1.1\nHos", &["-"], None),
    (
        "<<<\nHTTP/1.0 200 OK\n\nuntil the end",
        &["-", "until the end"],
        None,
    ),
    (
        "<<<\nHTTP/1.1 204 No\n\nHTTP/1.1 304 No\nContent-Length: 5\n\n",
        &["-", "-"],
        None,
    ),
    (
        "<<<\nICY 200 OK\n\n",
        &["ICY 200 OK\r\n\r\n"],
        Some("http_not_a_start_line"),
    ),
    (
        ">>>\nHEAD / HTTP/1.1\n\n<<<\nHTTP/1.1 200 OK\nContent-Length: 5\n\n",
        &["-", "-"],
        None,
    ),
    (
        ">>>\nCONNECT a:1 HTTP/1.1\n\n<<<\nHTTP/1.1 200 OK\n\nrest",
        &["-", "-", "rest"],
        Some("http_connect"),
    ),
    (
        ">>>\nGET / HTTP/1.1\n\n<<<\nHTTP/1.1 101 Switch\n\nws",
        &["-", "-", "ws"],
        Some("http_upgrade"),
    ),
    (
        ">>>\nHEAD / HTTP/1.1\n\nGET / HTTP/1.1\n\n<<<\nHTTP/1.1 100 Go\n\n\
        HTTP/1.1 200 OK\nContent-Length: 9\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\nx",
        &["-", "-", "-", "-", "-", "x"],
        None,
    ),
    (
        "<<<\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nab\nzz\nrest",
        &["-", "abzz\r\nrest"],
        None,
    ),
    (
        "<<<\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok and more\n",
        &["-", "ok", " and more\r\n"],
        Some("http_not_a_start_line"),
    ),
    (
        "<<<\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok\n>>>\nhalf a body\nmore\nGET / HTTP/1.1\n\n",
        &["-", "ok", "half a body\r\nmore\r\nGET / HTTP/1.1\r\n\r\n"],
        None,
    ),
];

#[test]
fn conversations_give_the_same_units_at_every_cut() {
    for (text, expected, reason) in CONVERSATIONS {
        // A request picked up in mid-stream is found at the start of a segment only.
        let (seen, verdict) = if text.contains("half a body") {
            run(&conversation(text), usize::MAX, &[], &Config::default())
        } else {
            same_at_every_cut(&conversation(text), &Config::default())
        };
        let payloads: Vec<_> = seen
            .iter()
            .map(|unit| match unit.payload.as_slice() {
                b"" => "-".to_owned(),
                bytes => String::from_utf8_lossy(bytes).into_owned(),
            })
            .collect();
        assert_eq!(payloads, *expected, "{text}");
        assert_eq!(
            verdict,
            reason.map_or(Verdict::Continue, Verdict::Abandon),
            "{text}"
        );
    }
    same_at_every_cut(&login(), &Config::default());
}

#[test]
fn uris_have_one_normal_form() {
    for (raw, normal) in [
        ("/a//b", "/a/b"),
        ("/./a", "/a"),
        ("/a/.", "/a/"),
        ("/a/b/..", "/a/"),
        ("/..", "/"),
        ("/a/../b", "/b"),
        ("/a/../../../b", "/b"),
        ("/a/b/", "/a/b/"),
        ("/a/b//", "/a/b/"),
        ("/%61bc", "/abc"),
        ("/%2e%2e/etc", "/etc"),
        ("/a%5c..%5cb", "/b"),
        ("/a\\b?x=b\\c", "/a/b?x=b/c"),
        ("/%2561", "/a"),
        ("/%252561", "/%61"),
        ("/%u0061bc", "/%u0061bc"),
        ("/%4", "/%4"),
        ("/?%%41", "/?A"),
        ("/a%00b", "/a\0b"),
        ("/a?x=a/../b", "/a?x=a/../b"),
        ("/%c0%af", "/"),
        ("/a/%C0%AE%C0%AE/b", "/b"),
        ("http://h:8080/abs/../x?q=1#f", "/x?q=1#f"),
        ("http://h", "http://h"),
        ("http://h?x=1", "http://h?x=1"),
        ("*", "*"),
        ("h:443", "h:443"),
        ("relative/../path", "relative/../path"),
    ] {
        let uri = uri::Uri::new(raw.as_bytes());
        assert_eq!(String::from_utf8_lossy(uri.normal()), normal, "{raw}");
    }
    assert_eq!(uri::Uri::new(b"/caf%c3%a9").normal(), b"/caf\xE9");
}

fn compress(coding: &str, data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let level = flate2::Compression::default();
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
        "zlib" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
        _ => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
    }
}

fn response(fields: &str, body: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    vec![(false, [head.as_bytes(), body].concat())]
}

fn file_data(seen: &[Seen]) -> Vec<u8> {
    let fresh = seen.iter().flat_map(|unit| &unit.fresh);
    fresh
        .filter(|(id, _)| *id == BufferId::FileData)
        .flat_map(|(_, bytes)| bytes.clone())
        .collect()
}

#[test]
fn bodies_are_decoded() {
    let plain = b"<p>needle in hay</p>".as_slice();
    let wide: Vec<u8> = plain.iter().flat_map(|byte| [*byte, 0]).collect();
    let truncated = &compress("gzip", plain)[..30];
    for (fields, sent, expected) in [
        ("Content-Encoding: gzip", compress("gzip", plain), plain),
        (
            "Content-Encoding: x-gzip",
            [
                compress("gzip", b"<p>needle"),
                compress("gzip", b" in hay</p>"),
            ]
            .concat(),
            plain,
        ),
        ("Content-Encoding: deflate", compress("zlib", plain), plain),
        ("Content-Encoding: deflate", compress("raw", plain), plain),
        ("Content-Encoding: gzip", plain.to_vec(), plain),
        ("Content-Type: text/html; charset=UTF-16LE", wide, plain),
    ] {
        let (seen, _) = same_at_every_cut(&response(fields, &sent), &Config::default());
        assert_eq!(file_data(&seen), expected, "{fields}");
    }
    let (seen, _) = run(
        &response("Content-Encoding: gzip", truncated),
        usize::MAX,
        &[],
        &Config::default(),
    );
    assert!(plain.starts_with(&file_data(&seen)));
}

#[test]
fn a_decompression_bomb_is_cut_and_counted() {
    let config = Config {
        decompress_output: 100_000,
        ..Config::default()
    };
    let bomb = compress("gzip", &vec![0; 10 << 20]);
    let blocks = response("Content-Encoding: gzip", &bomb);
    let mut http = Http::default();
    let mut most = 0;
    let mut total = 0;
    let feed = Feed {
        to_server: false,
        data: &blocks[0].1,
        config: &config,
    };
    http.feed(&feed, &mut |pdu| {
        total += pdu.payload.len();
        most = most.max(pdu.payload.len());
    });
    let mut labels = Vec::new();
    http.limits_hit(&mut |label| labels.push(label));
    assert_eq!(labels, ["http_decompress"]);
    assert!(total < 2 << 20, "{total}");
    http.limits_hit(&mut |label| panic!("{label} is counted once"));
}

#[test]
fn limits_end_the_inspection_with_their_name() {
    let config = Config {
        http_max_start_line: 20,
        http_max_headers: 60,
        http_max_header_lines: 4,
        ..Config::default()
    };
    for (text, reason) in [
        (
            ">>>\nGET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "http_max_start_line",
        ),
        (
            ">>>\nGET / HTTP/1.1\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "http_max_headers",
        ),
        (
            ">>>\nGET / HTTP/1.1\nA:\nA:\nA:\nA:\nA:\n\n",
            "http_max_header_lines",
        ),
    ] {
        let (_, verdict) = run(&conversation(text), usize::MAX, &[], &config);
        assert_eq!(verdict, Verdict::Abandon(reason));
    }
}

#[test]
fn unanswered_requests_are_bounded_and_counted() {
    let config = Config {
        http_max_pipeline: 2,
        ..Config::default()
    };
    let mut http = Http::default();
    let feed = Feed {
        to_server: true,
        data: &b"GET / HTTP/1.1\r\n\r\n".repeat(5),
        config: &config,
    };
    http.feed(&feed, &mut |_| {});
    let mut hits = 0;
    http.limits_hit(&mut |label| {
        assert_eq!(label, "http_max_pipeline");
        hits += 1;
    });
    assert_eq!((hits, http.unanswered.len()), (3, 2));
}

#[test]
fn large_bodies_come_in_sections() {
    let config = Config {
        http_body_section: 10,
        ..Config::default()
    };
    let (seen, _) = same_at_every_cut(&response("A: b", b"0123456789abcdefghijXYZ"), &config);
    let bodies: Vec<_> = seen
        .iter()
        .skip(1)
        .map(|unit| unit.payload.as_slice())
        .collect();
    assert_eq!(bodies, [b"0123456789".as_slice(), b"abcdefghij", b"XYZ"]);
}

#[test]
fn a_gap_inside_a_body_is_skipped_and_one_in_a_head_resynchronises() {
    let config = Config::default();
    let mut bodies = Vec::new();
    let mut emit = |pdu: &Pdu<'_>| bodies.push(pdu.payload.to_vec());
    let mut http = Http::default();
    let feed = |data| Feed {
        to_server: false,
        data,
        config: &config,
    };
    http.feed(
        &feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"),
        &mut emit,
    );
    assert_eq!(http.gap(false, 2, &mut emit), Verdict::Continue);
    http.feed(&feed(b"efHTTP/1.1 200 OK\r\nServ"), &mut emit);
    assert_eq!(http.gap(false, 7, &mut emit), Verdict::Continue);
    http.feed(&feed(b"lost"), &mut emit);
    http.feed(
        &feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"),
        &mut emit,
    );
    let expected: [&[u8]; 6] = [b"", b"abef", b"HTTP/1.1 200 OK\r\nServ", b"lost", b"", b"z"];
    assert_eq!(bodies, expected);
}

#[test]
fn form_parts_are_given_one_by_one() {
    let body = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nfirst\r\npart\r\n\
        --B\r\nContent-Transfer-Encoding: base64\r\n\r\nbmVl\r\nZGxl\r\n\
        --B\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nca=66=\r\ne\r\n--B--\r\nepilogue";
    let head = format!(
        "POST /up HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=\"B\"\r\n\
        Content-Length: {}\r\n\r\n",
        body.len()
    );
    let blocks = vec![(true, [head.as_bytes(), body.as_bytes()].concat())];
    let (seen, _) = same_at_every_cut(&blocks, &Config::default());
    let parts: Vec<_> = seen
        .iter()
        .flat_map(|unit| &unit.fresh)
        .filter(|(id, _)| *id == BufferId::FileData)
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert_eq!(parts, ["first\r\npart", "needle", "cafe"]);
    assert_eq!(seen[1].payload, body.as_bytes());
    assert!(seen[2].payload.is_empty());
    // Sections of one byte: the parts in sum are the same.
    for size in 1..40 {
        let config = Config {
            http_body_section: size,
            ..Config::default()
        };
        let (seen, _) = run(&blocks, usize::MAX, &[], &config);
        assert_eq!(
            file_data(&seen),
            b"first\r\npartneedlecafe",
            "sections of {size}"
        );
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_http(&input);
    }

    #[test]
    fn near_http_never_panics(
        words in proptest::collection::vec((any::<u8>(), 0..WORDS.len()), 0..40)
    ) {
        let mut input = Vec::new();
        for (control, word) in words {
            let word = WORDS[word];
            input.extend([control & 0b1000_0111, u8::try_from(word.len()).unwrap_or(0)]);
            input.extend_from_slice(word);
        }
        fuzz_http(&input);
    }
}

const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST http://u@h:1/%c0%ae%c0%ae/?a=%2541#f HTTP/1.0\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 \r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: deflate\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Cookie: a=%\r\n\t b\r\n",
    b"\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"Content-Transfer-Encoding: base64\r\n\r\nQQ=",
    b"5\r\nhello\r\n",
    b"0\r\n",
    b"ffffffffff\r\n",
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
    b"\x78\x9c\x4b\x04",
];
