//! What servers understand of an odd request, and what must be found in it.

use dpi_snort::Config;

use super::{
    frames::{frames, open},
    outcome, outcome_with,
    tcp::conversation,
};

fn found(rule: &str, client: &[u8], server: &[u8]) -> usize {
    let segments = conversation(&[(true, client), (false, server)]);
    outcome(rule, &frames(&segments, 80)).found()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn one_path_in_many_encodings() {
    let rule = r#"alert http (http_uri; content:"/etc/passwd"; sid:1;)"#;
    let mut forms: Vec<String> = [
        "/etc/passwd",
        "//etc//passwd",
        "/./etc/./passwd",
        "/a/../etc/passwd",
        "/a/b/../../etc/passwd",
        "/etc/x/../passwd",
        "/etc/passwd?x=1",
        "/etc/passwd;jsessionid=1",
        "/etc/passwd#f",
        "/%2e/etc/passwd",
        "/a/%2e%2e/etc/passwd",
        "/a%2f..%2fetc/passwd",
        "/etc%2fpasswd",
        "/etc%5cpasswd",
        // Encoded twice, as IIS decodes it.
        "/etc/%2570asswd",
        "/etc\\passwd",
        "http://host/etc/passwd",
        "http://user@host:80/etc/passwd",
    ]
    .map(str::to_owned)
    .to_vec();
    // Each byte of the path by itself in hexadecimal, in either case of the digits.
    for (at, byte) in "/etc/passwd".bytes().enumerate().skip(1) {
        for hex in [format!("%{byte:02x}"), format!("%{byte:02X}")] {
            forms.push(format!(
                "{}{hex}{}",
                &"/etc/passwd"[..at],
                &"/etc/passwd"[at + 1..]
            ));
        }
    }
    let all = "etc/passwd".bytes().map(|byte| format!("%{byte:02x}"));
    forms.push(format!("/{}", all.collect::<String>()));
    let missed: Vec<_> = forms
        .iter()
        .filter(|form| {
            let request = format!("GET {form} HTTP/1.1\r\nHost: a\r\n\r\n");
            found(rule, request.as_bytes(), OK) == 0
        })
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    // The other way around: what no server takes for that path.
    for form in ["/etc/passw", "/etc/%70%61sswx", "/e%74%63%passwd"] {
        let request = format!("GET {form} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(found(rule, request.as_bytes(), OK), 0, "{form}");
    }
}

#[test]
fn control_bytes_do_not_cut_a_buffer() {
    let rule = r#"alert http (http_uri; content:"needle"; sid:1;)"#;
    let field = r#"alert http (http_header; content:"needle"; sid:1;)"#;
    for byte in 0..=255_u8 {
        if b"\r\n ".contains(&byte) {
            continue;
        }
        let request = [
            &b"GET /a"[..],
            &[byte],
            b"needle HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
        .concat();
        let is_cut = b"?#;".contains(&byte);
        assert_eq!(found(rule, &request, OK), 1, "uri {byte:#x} {is_cut}");
        let request = [&b"GET / HTTP/1.1\r\nA: "[..], &[byte], b"needle\r\n\r\n"].concat();
        assert_eq!(found(field, &request, OK), 1, "header {byte:#x}");
    }
}

#[test]
fn chunks_of_every_odd_kind() {
    let rule = r#"alert http (file_data; content:"needle"; sid:1;)"#;
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "6\r\nneedle\r\n0\r\n\r\n",
        "3\r\nnee\r\n3\r\ndle\r\n0\r\n\r\n",
        "1\r\nn\r\n1\r\ne\r\n1\r\ne\r\n1\r\nd\r\n1\r\nl\r\n1\r\ne\r\n0\r\n\r\n",
        "6;name=value\r\nneedle\r\n0\r\n\r\n",
        "6;name=\"a;b\"\r\nneedle\r\n0\r\n\r\n",
        "000000000000006\r\nneedle\r\n0\r\n\r\n",
        "6  \r\nneedle\r\n0\r\n\r\n",
        "6\nneedle\n0\n\n",
        "6\r\nneedle\r\n0\r\nTrailer: x\r\n\r\n",
        "6\r\nneedle\r\n",
        "ffffffff\r\nneedle",
    ] {
        let answer = [head, body].concat();
        assert_eq!(
            found(rule, b"GET / HTTP/1.1\r\n\r\n", answer.as_bytes()),
            1,
            "{body:?}"
        );
    }
}

#[test]
fn old_odd_and_lower_case_requests_are_inspected() {
    let rule = r#"alert tcp any any -> any any (content:"needle"; sid:1;)"#;
    for request in [
        "GET /needle\r\n",
        "get /needle HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET /needle HTTP/1.1\r\n\r\n",
        "GET /needle HTTP/7.3\r\n\r\n",
        "GET /needle HTTP/1.1\n\n",
        "GET\t/needle\tHTTP/1.1\r\n\r\n",
        "GET  /needle  HTTP/1.1\r\n\r\n",
        "FOO /needle HTTP/1.1\r\n\r\n",
        "GET /needle HTTP/1.1\r\nHost : a\r\n\r\n",
    ] {
        assert!(found(rule, request.as_bytes(), OK) > 0, "{request:?}");
    }
}

#[test]
fn a_thousand_requests_at_once() {
    let rule = r#"alert http (http_uri; content:"needle"; sid:1;)"#;
    let one = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    let all = [&one[..], b"GET /needle HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let pieces: Vec<(bool, &[u8])> = all.chunks(1460).map(|piece| (true, piece)).collect();
    let result = outcome(rule, &open(&pieces, 80));
    assert_eq!(result.found(), 1, "{:?}", result.counters);
}

#[test]
fn a_header_section_of_a_megabyte() {
    let rules = r#"
        alert tcp any any -> any any (content:"needle"; sid:1;)
        alert http (http_header; content:"needle"; sid:2;)
    "#;
    let mut request = b"GET / HTTP/1.1\r\n".to_vec();
    for n in 0..20_000 {
        request.extend(format!("X-{n}: {}\r\n", "a".repeat(40)).bytes());
    }
    request.extend(b"A: needle\r\n\r\n");
    let pieces: Vec<(bool, &[u8])> = request.chunks(1460).map(|piece| (true, piece)).collect();
    let result = outcome(rules, &open(&pieces, 80));
    // Beyond the limit it is plain bytes, which are searched all the same.
    assert!(result.found() > 0, "{:?}", result.counters);
    let limits = ["http_max_headers", "http_max_header_lines"];
    assert!(
        limits.iter().any(|limit| result.count(limit) > 0),
        "{:?}",
        result.counters
    );
}

/// A body that is held for its section, on a flow that may hold less, is judged before it is
/// let go, and what comes behind it as well.
#[test]
fn a_body_that_is_held_beyond_the_limit_of_its_flow_is_judged() {
    let rules = r#"alert http (file_data; content:"signature"; sid:1;)
alert tcp any any -> any any (content:"afterwards"; flow:only_stream; sid:2;)"#;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsig";
    let body = [b"nature".as_slice(), &[b'.'; 12_000]].concat();
    let segments = conversation(&[
        (true, request),
        (false, head),
        (false, &body),
        (false, b"after"),
        (false, b"wards"),
    ]);
    let config = Config {
        reassembly_memory_per_flow: 8 << 10,
        ..Config::default()
    };
    let outcome = outcome_with(rules, &frames(&segments, 80), config);
    assert_eq!(outcome.count("service.reassembly_memory_per_flow"), 1);
    assert!(outcome.found() > 0, "held, and thrown away");
    assert_eq!(
        outcome.alerts.get(&2),
        Some(&1),
        "the rest is a plain stream"
    );
}
