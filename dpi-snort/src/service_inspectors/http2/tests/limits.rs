//! Limits cut or end the inspection, and are named; attacks on them stay small.

use super::*;

#[test]
fn streams_are_bounded_and_the_idle_one_is_forgotten() {
    let config = Config {
        http2_max_streams: 2,
        ..Config::default()
    };
    let post = |stream| headers(stream, 0, ":method: POST\n:path: /p");
    let blocks = [client(&[
        post(1),
        post(3),
        data(1, 0, b"in use"),
        post(5),
        data(3, 0, b"of no stream"),
        data(1, END_STREAM, b" still"),
    ])];
    let (seen, verdict, labels) = labels(&blocks, &config);
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(labels, ["http2_max_streams", "http2_unknown_stream"]);
    assert_eq!(
        payloads(&seen),
        ["-", "-", "-", "of no stream", "in use still"]
    );
}

#[test]
fn memory_is_bounded_and_what_was_held_is_judged() {
    let config = Config {
        http2_memory: 20_000,
        ..Config::default()
    };
    let mut frames = Vec::new();
    for stream in (1..40).step_by(2) {
        frames.push(headers(stream, 0, ":method: POST\n:path: /p"));
        frames.push(data(stream, 0, &[b'x'; 4000]));
    }
    let mut http2 = Http2::default();
    let mut bytes = 0;
    for frame in [vec![client(&[]).1], frames].concat() {
        let feed = Feed {
            to_server: true,
            data: &frame,
            config: &config,
        };
        http2.feed(&feed, &mut |pdu| bytes += pdu.payload.len());
        assert!(http2.memory() < 40_000, "{}", http2.memory());
    }
    http2.finish(true, &config, &mut |pdu| bytes += pdu.payload.len());
    assert_eq!(bytes, 20 * 4000);
    let mut labels = Vec::new();
    http2.limits_hit(&mut |label| labels.push(label));
    assert!(labels.contains(&"http2_memory"));
}

/// CVE-2023-44487: requests opened and reset without end.
#[test]
fn rapid_reset_leaves_nothing_behind() {
    let config = Config::default();
    let mut http2 = Http2::default();
    let mut heads = 0;
    let mut feed = |data: &[u8]| {
        let feed = Feed {
            to_server: true,
            data,
            config: &config,
        };
        assert_eq!(http2.feed(&feed, &mut |_| heads += 1), Verdict::Continue);
        http2.memory()
    };
    let start = feed(&client(&[]).1);
    for stream in (1..200_000).step_by(2) {
        feed(&headers(stream, 0, ":method: GET\n:path: /"));
        let memory = feed(&frame(3, 0, stream, &[0, 0, 0, 8]));
        assert!(memory < start + 10_000, "{memory}");
    }
    assert_eq!(heads, 100_000);
}

/// VU#421644: one header block in frames without end.
#[test]
fn a_flood_of_continuations_ends_the_inspection() {
    for payload in [b"".as_slice(), &[0; 1000]] {
        let mut frames = vec![frame(1, 0, 1, b"")];
        frames.resize_with(40_000, || frame(9, 0, 1, payload));
        let (seen, verdict, _) = labels(&[client(&frames)], &Config::default());
        assert_eq!(verdict, Verdict::Abandon("http_max_headers"));
        assert!(!seen.is_empty(), "the rest is searched plain");
    }
}

#[test]
fn a_header_section_is_cut_at_its_limits() {
    let many: Vec<String> = (0..10).map(|n| format!("x{n}: {n}")).collect();
    let lines = format!(":method: GET\n:path: /p\n{}", many.join("\n"));
    for (config, label, expected) in [
        (
            Config {
                http_max_header_lines: 4,
                ..Config::default()
            },
            "http_max_header_lines",
            "x0: 0\r\nx1: 1",
        ),
        (
            Config {
                http_max_headers: 200,
                ..Config::default()
            },
            "",
            "x0: 0\r\nx1: 1\r\nx2: 2\r\nx3: 3\r\nx4: 4\r\nx5: 5\r\nx6: 6\r\nx7: 7\r\nx8: 8\r\nx9: 9",
        ),
    ] {
        let blocks = [client(&[headers(1, END_STREAM, &lines)])];
        let (seen, verdict, labels) = labels(&blocks, &config);
        assert_eq!(verdict, Verdict::Continue);
        assert_eq!(labels.concat(), label);
        let found = fresh_bytes(&seen, BufferId::HttpHeader);
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }
}

/// One byte each stands for a field of the table.
#[test]
fn a_header_bomb_is_cut_and_counted() {
    let mut entry = vec![0x40, 1, b'a'];
    string(&[b'x'; 4000], &mut entry);
    let bomb = [entry, vec![0xBE; 60_000]].concat();
    let blocks = [client(&[
        frame(1, END_HEADERS | END_STREAM, 1, &bomb),
        get(3, "/after"),
    ])];
    let (seen, verdict, labels) = labels(&blocks, &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    assert_eq!(labels, ["http_max_headers"]);
    assert!(seen[0].payload.len() < 1 << 19);
    assert_eq!(fresh_bytes(&seen, BufferId::HttpUri), b"/after");
}

#[test]
fn a_large_table_is_refused() {
    let blocks = [client(&[frame(1, END_HEADERS, 1, b"\x3f\xe2\xff\x03")])];
    let (_, verdict, _) = labels(&blocks, &Config::default());
    assert_eq!(verdict, Verdict::Abandon("http2_hpack"));
}

#[test]
fn a_decompression_bomb_is_cut_and_counted() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(&vec![0; 10 << 20])
        .expect("into a vector");
    let bomb = encoder.finish().expect("into a vector");
    let mut frames = vec![headers(1, 0, ":status: 200\ncontent-encoding: gzip")];
    frames.extend(bomb.chunks(16_384).map(|chunk| data(1, 0, chunk)));
    let config = Config {
        decompress_output: 100_000,
        ..Config::default()
    };
    let (seen, _, labels) = labels(&[server(&frames)], &config);
    assert_eq!(labels, ["http_decompress"]);
    let total: usize = seen.iter().map(|unit| unit.payload.len()).sum();
    assert!(total < 3 << 20, "{total}");
}
