//! Every buffer of a request and its response; the normal form of URIs.

use super::*;

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
        ("/%25%25", "/%%"),
        ("/%25%2541", "/%A"),
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
