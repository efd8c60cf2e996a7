//! Every limit of `Config` is hit, and its counter says so; with the defaults it is not.

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "common/tcp.rs"]
mod tcp;

use std::{io::Write, sync::Arc, time::Duration};

use common::compile;
use dpi_snort::{
    Config, Engine, Now, Policy, SlotTable,
    config::EventQueue,
    detection::Detection,
    parser::{ClassificationConfig, Ruleset, Variables, parse_files},
};
use frames::{early, ipv4, open, syn, udp};
use tcp::{ACK, Alerts, CLIENT_ISN, SERVER_ISN, Segment, engine, process};

const START: u64 = 1_000_000_000_000;
const RULES: &str = r#"
    alert tcp any any -> any any (content:"needle"; sid:1;)
    alert tcp any any -> any any (content:"needle"; content:"hay"; content:"stack"; sid:2;)
    alert tcp any any -> any any (content:"aaaa"; pcre:"/(a+)+b/"; sid:3;)
"#;

/// Runs frames a millisecond apart, waits, and says what the counter came to.
fn count(engine: &mut Engine, frames: &[Vec<u8>], wait: Duration, counter: &str) -> u64 {
    let mut alerts = Alerts::default();
    let mut nanos = START;
    for bytes in frames {
        nanos += 1_000_000;
        process(engine, bytes, Now::from_capture(nanos), &mut alerts);
    }
    nanos += u64::try_from(wait.as_nanos()).unwrap();
    engine.expire(Now::from_capture(nanos), &mut alerts);
    let mut found = 0;
    engine.each_counter(|name, value| {
        if name == counter {
            found = value;
        }
    });
    found
}

/// The defaults with a change.
fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// The limit is hit with the configuration, and is not with the defaults.
fn hits(counter: &str, config: Config, frames: &[Vec<u8>], wait: u64) {
    let wait = Duration::from_secs(wait);
    let limited = count(&mut engine(RULES, config), frames, wait, counter);
    assert!(limited > 0, "{counter} is not hit");
    let free = count(&mut engine(RULES, Config::default()), frames, wait, counter);
    assert_eq!(free, 0, "{counter} is hit with the defaults");
}

#[test]
fn of_the_announced_connections() {
    let dialogue: [(bool, &[u8]); 3] = [
        (false, b"220 FTP ready\r\n"),
        (true, b"PORT 10,0,0,1,4,1\r\n"),
        (true, b"PORT 10,0,0,1,4,2\r\n"),
    ];
    let one = with(|c| c.max_expected_flows = 1);
    hits("flows.max_expected_flows", one, &open(&dialogue, 21), 0);
}

#[test]
fn of_the_flow_table() {
    let many: Vec<_> = (1..6).map(syn).collect();
    let config = with(|c| c.max_flows = 2);
    hits("flows.evicted.max_flows", config, &many, 0);
    let second = Duration::from_secs(1);
    let established = with(|c| c.tcp_established_timeout = second);
    hits("flows.evicted.idle", established, &open(&[], 80), 2);
    let opening = with(|c| c.tcp_opening_timeout = second);
    hits("flows.evicted.idle", opening, &[syn(80)], 2);
    let datagrams = with(|c| c.udp_timeout = second);
    hits("flows.evicted.idle", datagrams, &[udp(1)], 2);
    let others = with(|c| c.other_timeout = second);
    hits(
        "flows.evicted.idle",
        others,
        &[ipv4(1, 1, 1, 0, &[8, 0, 0, 0, 0, 1, 0, 1])],
        2,
    );
}

#[test]
fn of_a_workload() {
    let slots = SlotTable::uniform(Policy {
        flow_quota: Some(2),
        ..Policy::default()
    });
    let detection = Arc::new(compile(RULES));
    let mut engine = Engine::new(Config::default(), detection, Arc::new(slots));
    let many: Vec<_> = (1..6).map(syn).collect();
    let evicted = count(
        &mut engine,
        &many,
        Duration::ZERO,
        "flows.evicted.flow_quota",
    );
    assert_eq!((evicted, engine.flows()), (3, 2));
}

#[test]
fn of_streams() {
    let memory = with(|c| c.reassembly_memory = 50);
    hits("tcp.reassembly_memory", memory.clone(), &early(), 0);
    let plain = open(&[(true, &[b'\x01'; 100]), (true, &[b'x'; 100])], 7777);
    hits("stream.reassembly_memory", memory, &plain, 0);
    // What an inspector keeps of a request that does not end.
    let unended = open(&[(true, b"GET / HTTP/1.1\r\nA: ")], 7777);
    let one = with(|c| c.reassembly_memory = 500);
    hits("flows.evicted.reassembly_memory", one, &unended, 0);
    let per_flow = with(|c| c.reassembly_memory_per_flow = 100);
    hits(
        "tcp.reassembly_memory_per_flow",
        per_flow.clone(),
        &early(),
        0,
    );
    let head = [&b"GET / HTTP/1.1\r\nA: "[..], &[b'a'; 2000]].concat();
    let service = open(&[(true, &head)], 7777);
    hits("service.reassembly_memory_per_flow", per_flow, &service, 0);
    let flush = with(|c| c.flush_size = 50);
    hits("stream.flush_size", flush, &plain, 0);
    let answered = with(|c| c.answered_flush_size = 150);
    let plain = open(
        &[
            (true, b"\x01\x02"),
            (false, b"\x01\x02"),
            (true, &[b'x'; 200]),
            (false, b"ok"),
        ],
        7777,
    );
    hits("stream.answered_flush_size", answered, &plain, 0);
}

#[test]
fn of_silent_streams() {
    let idle = with(|c| c.flush_idle = Duration::from_millis(10));
    let line: &[(bool, &[u8])] = &[(true, b"\x01\x02 line")];
    let mut engine = engine(RULES, idle.clone());
    let wait = Duration::from_millis(100);
    assert_eq!(
        count(&mut engine, &open(line, 1), wait, "stream.flush_idle"),
        1
    );
    hits(
        "stream.flush_idle_bytes",
        Config {
            flush_idle_bytes: 1,
            ..idle
        },
        &[open(line, 1), open(line, 2)].concat(),
        1,
    );
    // The second flow goes, since the first was seen later; the first waits longest.
    let ack = Segment {
        from_client: true,
        seq: CLIENT_ISN + 8,
        ack: SERVER_ISN + 1,
        flags: ACK,
        payload: vec![],
    };
    let three = [
        open(line, 1),
        open(line, 2),
        vec![ack.frame(1)],
        open(line, 3),
    ]
    .concat();
    let config = with(|c| c.max_flows = 2);
    hits("stream.flush_idle_max_flows", config, &three, 1);
}

#[test]
fn a_bound_of_memory_holds_for_plain_streams() {
    let config = with(|c| c.reassembly_memory = 10_000);
    let mut engine = engine(RULES, config);
    let mut alerts = Alerts::default();
    for port in 1..200 {
        for frame in open(
            &[(true, &[b'\x01'; 500]), (true, b" nee"), (true, b"dle")],
            port,
        ) {
            process(&mut engine, &frame, Now::from_capture(START), &mut alerts);
        }
    }
    assert!(
        engine.reassembly_memory() <= 10_000,
        "{}",
        engine.reassembly_memory()
    );
}

#[test]
fn of_frames_and_fragments() {
    let layers = with(|c| c.max_layers = 1);
    hits("dropped.max_layers", layers, &[udp(1)], 0);
    let mut v6 = vec![0; 12];
    v6.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 60, 64]);
    v6.extend([0xfd; 32]);
    v6.extend([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
    v6.extend([0, 1, 0, 2, 0, 8, 0, 0]);
    let extensions = with(|c| c.max_ipv6_extensions = 1);
    hits("decode.max_ipv6_extensions", extensions, &[v6], 0);
    let fragments: Vec<_> = (1..4).map(|id| ipv4(1, 17, id, 0x2000, &[0; 64])).collect();
    let datagrams = with(|c| c.max_fragmented_datagrams = 1);
    hits(
        "fragments.max_fragmented_datagrams",
        datagrams,
        &fragments,
        0,
    );
    let late = with(|c| c.fragment_timeout = Duration::from_secs(1));
    hits("fragments.timeout", late, &fragments, 2);
    let memory = with(|c| c.reassembly_memory = 50);
    hits("fragments.reassembly_memory", memory, &fragments, 0);
}

/// An answer with a body that gzip has compressed.
fn compressed_answer(body: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(body).unwrap();
    let body = gzip.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[test]
fn of_http() {
    type Change = fn(&mut Config);
    let long = [&b"GET /"[..], &[b'a'; 300], b" HTTP/1.1\r\n"].concat();
    let lines = b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n".to_vec();
    let many = lines.repeat(4);
    let rows: [(&str, Change, Vec<u8>); 4] = [
        ("http_max_start_line", |c| c.http_max_start_line = 100, long),
        (
            "http_max_headers",
            |c| c.http_max_headers = 10,
            lines.clone(),
        ),
        (
            "http_max_header_lines",
            |c| c.http_max_header_lines = 2,
            lines,
        ),
        ("http_max_pipeline", |c| c.http_max_pipeline = 2, many),
    ];
    for (counter, change, bytes) in rows {
        let mut config = Config::default();
        change(&mut config);
        hits(counter, config, &open(&[(true, &bytes)], 7777), 0);
    }
}

/// A frame of HTTP/2.
fn http2_frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let header = [0, length[0], length[1], kind, flags, 0, 0, 0, stream];
    [&header[..], payload].concat()
}

#[test]
fn of_http2() {
    let opening = [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &http2_frame(4, 0, 0, b""),
    ]
    .concat();
    // POST / on many streams, each with some body.
    let mut posts = opening.clone();
    for stream in (1..21).step_by(2) {
        posts.extend(http2_frame(1, 4, stream, b"\x83\x84\x86"));
        posts.extend(http2_frame(0, 0, stream, &[b'x'; 100]));
    }
    let posts = open(&[(true, &posts)], 7777);
    let streams = with(|c| c.http2_max_streams = 2);
    hits("http2_max_streams", streams, &posts, 0);
    let memory = with(|c| c.http2_memory = 2000);
    hits("http2_memory", memory, &posts, 0);
    // A table of 4097 bytes.
    let resized = [opening, http2_frame(1, 5, 1, b"\x3f\xe2\x1f\x82\x84\x86")].concat();
    let table = with(|c| c.http2_max_table = 4096);
    hits("http2_hpack", table, &open(&[(true, &resized)], 7777), 0);
}

/// A PDU of DCE/RPC over a connection.
fn dce(kind: u8, flags: u8, call: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 16).unwrap();
    let header = [
        5, 0, kind, flags, 16, 0, 0, 0, length, 0, 0, 0, call, 0, 0, 0,
    ];
    [&header[..], body].concat()
}

/// A bind that proposes two contexts.
fn dce_bind() -> Vec<u8> {
    let context = |id: u8| [&[id, 0, 1, 0][..], &[0; 40]].concat();
    let body = [&[0; 8][..], &[2, 0, 0, 0], &context(0), &context(1)].concat();
    dce(11, 3, 1, &body)
}

#[test]
fn of_dce() {
    let fragments = [
        dce_bind(),
        dce(0, 1, 1, &[0; 60]),
        dce(0, 0, 1, &[0; 60]),
        dce(0, 3, 2, &[0; 8]),
    ];
    let frames = open(&[(true, &fragments.concat())], 7777);
    let contexts = with(|c| c.dce_max_contexts = 1);
    hits("dce_max_contexts", contexts, &frames, 0);
    let calls = with(|c| c.dce_max_calls = 1);
    hits("dce_max_calls", calls, &frames, 0);
    let joined = with(|c| c.dce_max_joined = 100);
    hits("dce_max_joined", joined, &frames, 0);
}

/// A message of SMB 2 in a session packet.
fn smb2(command: u8, flags: u8, id: u8, body: &[u8]) -> Vec<u8> {
    let mut header = [0; 64];
    header[..4].copy_from_slice(b"\xFESMB");
    (header[12], header[16], header[24]) = (command, flags, id);
    // The number of the share.
    header[36] = id;
    let length = u8::try_from(header.len() + body.len()).unwrap();
    [&[0, 0, 0, length], &header[..], body].concat()
}

#[test]
fn of_smb() {
    let write = |pipe: u8| {
        let bind = dce_bind();
        let length = u8::try_from(bind.len()).unwrap();
        let head = [49, 0, 112, 0, length, 0, 0, 0];
        let body = [&head[..], &[0; 8], &[pipe; 16], &[0; 16], &bind].concat();
        smb2(9, 0, pipe, &body)
    };
    let read = |id| smb2(8, 0, id, &[0; 40]);
    let asks = [write(1), write(2), read(3), read(4)].concat();
    let shares = [smb2(3, 1, 1, &[16, 0, 2, 0]), smb2(3, 1, 2, &[16, 0, 2, 0])].concat();
    let frames = open(&[(true, &asks), (false, &shares)], 7777);
    let trees = with(|c| c.smb_max_trees = 1);
    hits("smb_max_trees", trees, &frames, 0);
    let pipes = with(|c| c.smb_max_pipes = 1);
    hits("smb_max_pipes", pipes, &frames, 0);
    let requests = with(|c| c.smb_max_requests = 1);
    hits("smb_max_requests", requests, &frames, 0);
    let memory = with(|c| c.smb_memory = 100);
    hits("smb_memory", memory, &frames, 0);
}

#[test]
fn of_brotli() {
    // RFC 7932 §9.2: a window of 4 MiB, one stored block, the end.
    let body = b"\x0b\x05\x80hello world\x03";
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 15\r\n\r\n";
    let answer = [&head[..], body].concat();
    let memory = with(|c| c.brotli_memory = 100);
    hits(
        "http_decompress",
        memory,
        &open(&[(false, &answer)], 7777),
        0,
    );
}

#[test]
fn of_decompression() {
    let zeros = compressed_answer(&[0; 5000]);
    let output = with(|c| c.decompress_output = 1000);
    hits(
        "http_decompress",
        output,
        &open(&[(false, &zeros)], 7777),
        0,
    );
    // The ratio counts from 1 MiB on. Two random bits a byte are compressed to a third or so.
    let mut random = 1_u32;
    let text: Vec<u8> = (0..1_500_000)
        .map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abcd"[(random >> 30) as usize]
        })
        .collect();
    let answer = compressed_answer(&text);
    let pieces: Vec<(bool, &[u8])> = answer.chunks(30_000).map(|piece| (false, piece)).collect();
    let ratio = with(|c| c.decompress_ratio = 2);
    hits("http_decompress", ratio, &open(&pieces, 7777), 0);
}

#[test]
fn http_bodies_are_cut_into_sections() {
    let request = b"PUT / HTTP/1.1\r\nContent-Length: 30\r\n\r\n012345678901234567890123456789";
    let frames = open(&[(true, request)], 7777);
    let rules = "alert http (flow:only_stream; http_raw_body; bufferlen:>0; sid:1;)";
    for (size, expected) in [(10, 3), (16 << 10, 1)] {
        let config = with(|c| c.http_body_section = size);
        let alerts = tcp::run(&mut engine(rules, config), &frames);
        assert_eq!(alerts.0.len(), expected, "sections of {size}");
    }
}

#[test]
fn of_detection() {
    let text = open(
        &[(true, b"\x01 needle hay stack aaaaaaaaaaaaaaaaaaaaaaaa")],
        7777,
    );
    let steps = with(|c| c.max_evaluation_steps = 2);
    hits("detection.max_evaluation_steps", steps, &text, 0);
    let rule_steps = with(|c| c.max_rule_steps = 2);
    hits("detection.max_rule_steps", rule_steps, &text, 0);
    let queue = with(|c| c.event_queue.max_queue = 1);
    hits("detection.max_queue", queue, &text, 0);
    let log = with(|c| c.event_queue.max_log = 1);
    hits("detection.max_queue", log, &text, 0);
    // The default stops this expression too: a lower limit stops one that the default lets be.
    let short = open(&[(true, b"\x01 aaaab")], 7777);
    let matches = with(|c| c.pcre_match_limit = 1);
    hits("detection.pcre_limit", matches, &short, 0);
}

fn ruleset(rules: &str) -> Ruleset {
    parse_files(
        [("test.rules", rules.as_bytes())],
        &Variables::default(),
        &ClassificationConfig::default(),
        Arc::default(),
    )
}

#[test]
fn of_merged_sets() {
    // Two groups, that of any port and that of the server's.
    let rules = "alert tcp any any -> any any (content:\"any\"; sid:1;)\n\
                 alert tcp any any -> any 7777 (content:\"port\"; sid:2;)\n";
    let frames = open(&[(true, b"any port")], 7777);
    let mut found = Vec::new();
    for (room, is_hit) in [(1 << 17, false), (66, false), (65, true), (0, true)] {
        let config = with(|c| c.max_merged_rules = room);
        let engine = || {
            let (detection, _) = Detection::compile(ruleset(rules), &config).unwrap();
            Engine::new(config.clone(), Arc::new(detection), Arc::default())
        };
        found.push(tcp::run(&mut engine(), &frames).0);
        let counter = "detection.max_merged_rules";
        let hits = count(&mut engine(), &frames, Duration::ZERO, counter);
        assert_eq!(hits > 0, is_hit, "{room} rules: {hits} times");
    }
    assert_eq!(found[0].len(), 2);
    assert!(found.iter().all(|alerts| *alerts == found[0]), "{found:?}");
}

#[test]
fn of_flowbits() {
    let rules = "alert tcp any any -> any any (flowbits:set,a; sid:1;)\n\
                 alert tcp any any -> any any (flowbits:set,b; sid:2;)\n\
                 alert tcp any any -> any any (flowbits:isset,a; sid:3;)\n";
    let config = with(|c| c.max_flowbits = 1);
    let (detection, errors) = Detection::compile(ruleset(rules), &config).unwrap();
    assert_eq!(detection.len(), 2);
    let errors: Vec<_> = errors
        .iter()
        .map(|error| (error.line, error.reason.to_string()))
        .collect();
    assert_eq!(
        errors,
        [(
            2,
            "more than 1 flowbits in all rules (max_flowbits)".to_owned()
        )]
    );
}

#[test]
fn of_filter_counts() {
    let rules =
        "alert udp any any -> any any (detection_filter:track by_src,count 9,seconds 60; sid:1;)";
    let mut engine = engine(rules, Config::default());
    let few: Vec<_> = (0..100).map(udp).collect();
    assert_eq!(
        count(
            &mut engine,
            &few,
            Duration::ZERO,
            "detection.filter_evicted"
        ),
        0
    );
    let many: Vec<_> = (0..65_700).map(udp).collect();
    let evicted = count(
        &mut engine,
        &many,
        Duration::ZERO,
        "detection.filter_evicted",
    );
    assert!(evicted > 0, "65,536 counts are kept");
    let config = with(|c| c.max_filter_counts = 10);
    let mut small = self::engine(rules, config);
    let counter = "detection.filter_evicted";
    assert!(count(&mut small, &few, Duration::ZERO, counter) > 0);
}

/// A new limit has to be named here, and so be thought of above.
#[test]
fn every_limit_is_known() {
    let Config {
        // No limits.
        hash_seed: _,
        filters: _,
        file_definitions: _,
        verify_checksums: _,
        try_every_rule: _,
        // Hit in `flow::expected`: what is too old is forgotten without a loss.
        expected_timeout: _,
        // Hit above.
        max_flows: _,
        tcp_established_timeout: _,
        tcp_opening_timeout: _,
        udp_timeout: _,
        other_timeout: _,
        reassembly_memory: _,
        reassembly_memory_per_flow: _,
        flush_size: _,
        answered_flush_size: _,
        flush_idle: _,
        flush_idle_bytes: _,
        max_layers: _,
        max_ipv6_extensions: _,
        max_expected_flows: _,
        max_fragmented_datagrams: _,
        fragment_timeout: _,
        http_max_start_line: _,
        http_max_headers: _,
        http_max_header_lines: _,
        http_max_pipeline: _,
        http2_max_streams: _,
        http2_memory: _,
        http2_max_table: _,
        dce_max_contexts: _,
        dce_max_calls: _,
        dce_max_joined: _,
        smb_max_trees: _,
        smb_max_pipes: _,
        smb_max_requests: _,
        smb_memory: _,
        http_body_section: _,
        decompress_ratio: _,
        decompress_output: _,
        brotli_memory: _,
        pcre_match_limit: _,
        // Without effect on expressions that are compiled to machine code, as all are here.
        pcre_depth_limit: _,
        max_merged_rules: _,
        max_evaluation_steps: _,
        max_rule_steps: _,
        event_queue:
            EventQueue {
                max_queue: _,
                max_log: _,
                // No limit.
                order: _,
            },
        max_filter_counts: _,
        max_flowbits: _,
    } = Config::default();
}
