//! Which units a conversation makes, wherever it is cut or has gaps.

use super::*;
use crate::service_inspectors::Pdu;

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
        &["-", "ab", "c"],
        None,
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
        ">>>\nCONNECT a:1 HTTP/1.1\n\n<<<\nHTTP/1.1 407 No\nContent-Length: 1\n\nx\n>>>\n\
        GET / HTTP/1.1\n\n",
        &["-", "-", "x", "-"],
        None,
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
    // What is no size is body.
    (
        "<<<\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nBRASIL and more",
        &["-", "BRASIL and more"],
        None,
    ),
    // An unfinished start line is judged as far as it came; a word alone is none.
    (">>>\nSEARCH /half", &["-"], None),
    ("<<<\nHTTP/1.1 20", &["-"], None),
    (">>>\nGET / HTTP/1.1\n\nSEARCH", &["-", "SEARCH"], None),
    // Of two lengths the first is that of the body; where the next message begins nobody knows.
    (
        "<<<\nHTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3\n\nabcd",
        &["-", "ab", "cd"],
        Some("http_content_lengths_differ"),
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
        let given = match verdict {
            Verdict::Continue | Verdict::Encrypted => None,
            Verdict::Abandon(reason) | Verdict::Restart { reason, .. } => Some(reason),
        };
        assert_eq!(given, *reason, "{text}");
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
    assert_eq!(http.gap(false, 2, &config, &mut emit), Verdict::Continue);
    http.feed(&feed(b"efHTTP/1.1 200 OK\r\nServ"), &mut emit);
    assert_eq!(http.gap(false, 7, &config, &mut emit), Verdict::Continue);
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
    let expected: [&[u8]; 8] = [
        b"",
        b"ab",
        b"ef",
        b"HTTP/1.1 200 OK\r\nServ",
        b"lost",
        b"",
        b"",
        b"z",
    ];
    assert_eq!(bodies, expected);
}

/// Requests with more than one reading: every request line and every body that some server
/// would find.
#[test]
fn disputed_requests_are_read_in_every_way() {
    let smuggled = "POST /b HTTP/1.1\nContent-Length: 3\n\nabc";
    let in_chunk = format!("2a\n{smuggled}\n0\n\n");
    for (fields, body, uris, bodies) in [
        // By chunks the body ends at once; by length it holds the next request.
        (
            "Transfer-Encoding: chunked\nContent-Length: 43",
            format!("0\n\n{smuggled}"),
            vec!["/a", "/b"],
            vec!["abc"],
        ),
        // By length the body ends inside the first chunk.
        (
            "Transfer-Encoding: chunked\nContent-Length: 4",
            in_chunk.clone(),
            vec!["/a", "/b"],
            vec!["abc", "POST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"],
        ),
        // Not every server takes this for chunks.
        (
            "Transfer-Encoding: xchunked\nContent-Length: 7",
            format!("0\n\nab{smuggled}"),
            vec!["/a", "/b"],
            vec!["0\r\n\r\nab", "abc"],
        ),
        (
            "Transfer-Encoding: x, \u{b}chunked",
            format!("3\nxyz\n0\n\n{smuggled}"),
            vec!["/a", "/b"],
            vec!["xyz", "abc"],
        ),
        (
            "Content-Length: 2\nContent-Length: 0",
            format!("xx{smuggled}"),
            vec!["/a", "/b"],
            vec!["abc"],
        ),
        (
            "Content-Length: 0\nContent-Length: 2",
            format!("xx{smuggled}"),
            vec!["/a", "/b"],
            vec!["abc"],
        ),
    ] {
        let text = format!(">>>\nPOST /a HTTP/1.1\n{fields}\n\n{body}");
        let mut expected = None;
        let blocks = conversation(&text);
        for cut in 0..=blocks[0].1.len() {
            let (seen, _) = run(&blocks, cut, &[], &Config::default());
            let all = |id| {
                let fresh = seen.iter().flat_map(|unit| &unit.fresh);
                let mut all: Vec<_> = fresh
                    .filter(|(other, _)| *other == id)
                    .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
                    .collect();
                all.sort();
                all
            };
            let found = (all(BufferId::HttpUri), all(BufferId::HttpRawBody));
            let mut sorted_bodies = bodies.clone();
            sorted_bodies.sort_unstable();
            for uri in &uris {
                assert!(found.0.contains(&(*uri).to_owned()), "{text}\n{found:?}");
            }
            for body in &sorted_bodies {
                assert!(found.1.contains(&(*body).to_owned()), "{text}\n{found:?}");
            }
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(&found, expected, "{text}\ncut at {cut}");
        }
    }
}

#[test]
fn readings_that_agree_end_without_a_second_alert() {
    let text = ">>>\nPOST /a HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 13\n\n\
        3\nabc\n0\n\nGET /b HTTP/1.1\n\nGET /c HTTP/1.1\n\n";
    let (seen, verdict) = same_at_every_cut(&conversation(text), &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(fresh_bytes(&seen, BufferId::HttpUri), b"/a/b/c");
    let mut http = Http::default();
    for (to_server, data) in conversation(text) {
        let feed = Feed {
            to_server,
            data: &data,
            config: &Config::default(),
        };
        http.feed(&feed, &mut |_| {});
    }
    assert!(http.rivals.is_empty());
}
