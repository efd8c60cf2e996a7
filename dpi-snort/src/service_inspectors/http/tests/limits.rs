//! Limits end or cut the inspection, and are named.

use super::*;

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
fn brotli_is_bounded_in_what_it_makes_and_in_the_window_it_may_ask_for() {
    let text = vec![b'x'; 900_000];
    for (window, output, is_cut) in [
        (18, 8 << 20, false),
        (19, 8 << 20, false),
        (24, 8 << 20, true),
        (18, 100_000, true),
    ] {
        let config = Config {
            decompress_output: output,
            ..Config::default()
        };
        let blocks = response("Content-Encoding: br", &brotli(window, &text));
        let mut http = Http::default();
        let mut total = 0;
        let mut most = 0;
        for data in blocks[0].1.chunks(1448) {
            let feed = Feed {
                to_server: false,
                data,
                config: &config,
            };
            http.feed(&feed, &mut |pdu| total += pdu.payload.len());
            most = most.max(http.memory());
        }
        http.finish(false, &config, &mut |pdu| total += pdu.payload.len());
        assert!(most < config.reassembly_memory_per_flow, "{window}: {most}");
        // What is not decoded any more is searched as it came.
        assert!(total >= text.len(), "{window}: {total}");
        let mut labels = Vec::new();
        http.limits_hit(&mut |label| labels.push(label));
        let expected: &[&str] = if is_cut { &["http_decompress"] } else { &[] };
        assert_eq!(labels, expected, "{window}");
    }
}
