//! Which units a conversation makes, wherever it is cut or has gaps.

use super::*;

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
    http.feed(&feed(b"lo"), &mut emit);
    http.feed(&feed(b"st"), &mut emit);
    // What the server says next answers this.
    let request = Feed {
        to_server: true,
        ..feed(b"GET / HTTP/1.1\r\n\r\n")
    };
    http.feed(&request, &mut emit);
    http.feed(
        &feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"),
        &mut emit,
    );
    let expected: [&[u8]; 7] = [
        b"",
        b"abef",
        b"HTTP/1.1 200 OK\r\nServ",
        b"lost",
        b"",
        b"",
        b"z",
    ];
    assert_eq!(bodies, expected);
}
