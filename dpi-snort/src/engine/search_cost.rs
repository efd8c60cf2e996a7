//! How many bytes are searched for literals for each byte of payload that comes: a bounded
//! number, however the bytes come.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped or measured is printed for the record"
)]

use std::{fs, sync::Arc};

use super::{Engine, tests};
use crate::{
    Alert, BypassReason, ChecksumState, Config, Counter, FlowEndpoints, Frame, LinkType, Output,
    SlotTable, Tag,
    detection::{Detection, oracle::Shadow},
    parser::{ClassificationConfig, Variables, parse_files},
    testing::wire::{ACK, CLIENT, Packets, SERVER, handshake, segment},
    time::Now,
};

/// Bytes searched for each byte received, at most: each once in its segment and once in what is
/// put together, whatever groups of rules it has to do with.
const MAX_RATIO: f64 = 2.0;
/// The same where every buffer of HTTP is searched, and a head has all that makes its raw
/// and normal buffers differ.
const MAX_RATIO_OF_HTTP: f64 = 3.0;
/// The same of all captures with the community rules, bodies as they are when decompressed
/// and looks at silent streams included.
const MAX_RATIO_OF_CAPTURES: f64 = 2.0;

/// Literals in plain payload, on any port and on those of both ends, short ones too, and in
/// the buffers of HTTP.
const RULES: &str = r#"
alert tcp any any -> any any (content:"needle-any"; sid:1;)
alert tcp any any -> any any (content:"|00|"; sid:2;)
alert tcp any any -> any 80 (content:"needle-port"; sid:3;)
alert tcp any any -> any 80 (content:"|01|"; sid:4;)
alert tcp any !81 -> any any (content:"|02|"; sid:5;)
alert tcp any any -> any any (http_uri; content:"needle-uri"; sid:6;)
alert tcp any any -> any any (http_header; content:"needle-header"; sid:7;)
alert tcp any any -> any any (http_client_body; content:"needle-body"; sid:8;)
"#;

/// Bytes of the longest of them.
const LONGEST_LITERAL: u64 = 13;

/// Buffers of HTTP beside those above.
const OTHER_BUFFERS: [&str; 13] = [
    "file_data",
    "http_cookie",
    "http_method",
    "http_raw_body",
    "http_raw_cookie",
    "http_raw_header",
    "http_raw_request",
    "http_raw_status",
    "http_raw_uri",
    "http_stat_code",
    "http_stat_msg",
    "http_true_ip",
    "http_version",
];

/// The rules that alerted.
#[derive(Default)]
struct Sids(Vec<u32>);

impl Output for Sids {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push(alert.sid);
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

fn rules(name: &str, text: &[u8]) -> Arc<Detection> {
    let ruleset = parse_files(
        [(name, text)],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    let compiled = Detection::compile(ruleset, &Config::default());
    Arc::new(compiled.unwrap().0)
}

fn engine(detection: &Arc<Detection>) -> Engine {
    let slots = Arc::new(SlotTable::default());
    Engine::new(Config::default(), Arc::clone(detection), slots)
}

/// Bytes searched, and bytes received.
fn cost(engine: &Engine) -> (u64, u64) {
    let stats = engine.stats();
    (
        stats.get(Counter::SearchedBytes),
        stats.get(Counter::PayloadBytes),
    )
}

#[expect(clippy::cast_precision_loss, reason = "of a figure for people")]
fn ratio((searched, received): (u64, u64)) -> f64 {
    searched as f64 / received as f64
}

/// Segments of the client, each acknowledged or none.
fn stream(parts: &[&[u8]], is_answered: bool) -> Packets {
    let mut packets = handshake(&[3, 3, 7, 0]);
    let mut next = CLIENT;
    for part in parts {
        packets.push(segment(true, ACK, (next, SERVER), &[], part));
        next += u32::try_from(part.len()).unwrap();
        if is_answered {
            packets.push(segment(false, ACK, (SERVER, next), &[], b""));
        }
    }
    packets
}

fn frame((link_type, bytes): &(LinkType, Vec<u8>)) -> Frame<'_> {
    Frame {
        bytes,
        link_type: *link_type,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        vlan: None,
        gso_size: 0,
        checksum: ChecksumState::NotReady,
        tag: Tag::default(),
    }
}

fn run(packets: &Packets, detection: &Arc<Detection>) -> f64 {
    let mut engine = engine(detection);
    for packet in packets {
        engine.process(&frame(packet), Now::default(), &mut tests::Silent);
    }
    engine.finish(Now::default(), &mut tests::Silent);
    let cost = cost(&engine);
    assert!(cost.0 > 0 && cost.1 > 0, "{cost:?}");
    ratio(cost)
}

/// Runs a stream in single bytes, unanswered and acknowledged; gives the worst ratio.
fn worst_of(name: &str, bytes: &[u8], detection: &Arc<Detection>) -> f64 {
    let few = bytes.get(..20_000).unwrap_or(bytes);
    let cuts: [(&str, Vec<&[u8]>, bool); 3] = [
        ("1 byte each", few.chunks(1).collect(), false),
        ("unanswered", bytes.chunks(1400).collect(), false),
        ("acknowledged", bytes.chunks(1400).collect(), true),
    ];
    let ratios = cuts.map(|(cut, parts, is_answered)| {
        let ratio = run(&stream(&parts, is_answered), detection);
        println!("{name}, {cut}: {ratio:.2} bytes searched for each received");
        ratio
    });
    ratios.into_iter().fold(0.0, f64::max)
}

#[test]
fn streams_are_searched_as_often_however_they_are_cut() {
    let detection = rules("rules", RULES.as_bytes());
    let worst = worst_of("plain", &vec![b'x'; 200_000], &detection);
    assert!(worst <= MAX_RATIO, "{worst}");
    let request =
        b"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234567890123456789";
    let worst = worst_of("HTTP", &request.repeat(90), &detection);
    assert!(worst <= MAX_RATIO, "{worst}");
}

#[test]
fn messages_are_searched_as_often_however_many_buffers_rules_name() {
    let others = (10..).zip(OTHER_BUFFERS).map(|(sid, buffer)| {
        format!("alert tcp any any -> any any ({buffer}; content:\"z\"; sid:{sid};)\n")
    });
    let detection = rules(
        "rules",
        (RULES.to_owned() + &others.collect::<String>()).as_bytes(),
    );
    let identical = b"GET /a/b?c=d HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nAccept: */*\r\n\r\n";
    let different = b"POST /a/../%62?c=%64 HTTP/1.1\r\nHost: h\r\nCookie: a=%62; c=d\r\n\
        X-Forwarded-For: 1.2.3.4\r\nContent-Length: 20\r\n\r\n0123456789%41%42%430";
    for (name, message) in [("GET", &identical[..]), ("POST", different)] {
        let worst = worst_of(name, &message.repeat(90), &detection);
        assert!(worst <= MAX_RATIO_OF_HTTP, "{name}: {worst}");
    }
}

/// A byte, then silence, and so on; half-way rules are replaced by the same in another order.
#[test]
fn looks_at_what_is_held_search_what_is_new() {
    let spread = "alert tcp any any -> any any (content:\"first\"; content:\"second\"; sid:90;)\n";
    let before = rules("before", [RULES, spread].concat().as_bytes());
    let after = rules(
        "after",
        [spread, RULES]
            .concat()
            .replace("needle-p", "Needle-p")
            .as_bytes(),
    );
    let mut text = vec![b'x'; 3000];
    for (at, bytes) in [
        (100, "first"),
        (300, "needle-any"),
        (2000, "second"),
        (2500, "\x02"),
    ] {
        text[at..at + bytes.len()].copy_from_slice(bytes.as_bytes());
    }
    let packets = stream(&text.chunks(1).collect::<Vec<_>>(), false);
    let mut engine = engine(&before);
    engine.scratch.shadow = Some(Box::new(Shadow::new(&Config::default())));
    let mut alerts = Sids::default();
    for (second, packet) in (1..).zip(&packets) {
        if second == 1500 {
            engine.swap(Arc::clone(&after));
        }
        let at = |millis: u64| Now::from_capture((second * 1000 + millis) * 1_000_000);
        engine.process(&frame(packet), at(0), &mut alerts);
        engine.expire(at(900), &mut alerts);
    }
    engine.finish(Now::from_capture(4_000_000_000_000), &mut alerts);
    let looks = engine.stats().get(Counter::StreamFlushIdle);
    let (searched, received) = cost(&engine);
    println!("{looks} looks: {searched} bytes searched, {received} received");
    assert!(looks > 2900, "{looks}");
    // Twice, once more because of the new rules, and where a literal may have begun.
    assert!(
        searched <= 3 * received + looks * LONGEST_LITERAL,
        "{searched}"
    );
    let shadow = engine.scratch.shadow.expect("no panic took it away");
    assert!(shadow.matches > 3000, "{}", shadow.matches);
    assert_eq!(shadow.differences, Vec::<String>::new());
    alerts.0.sort_unstable();
    assert_eq!(alerts.0, [1, 5, 90]);
}

#[test]
fn captures_are_searched_no_more_often_than_before() {
    let root = std::env::var("DPI_TEST_DATA").unwrap_or_else(|_| "../../shared/data".to_owned());
    let community = fs::read(format!("{root}/rules/snort3-community.rules"));
    let captures = fs::read_dir(format!("{root}/pcaps/pcap"));
    let (Ok(community), Ok(captures)) = (community, captures) else {
        println!(
            "skipped: captures_are_searched_no_more_often_than_before: no rules or captures in {root}: set DPI_TEST_DATA"
        );
        return;
    };
    let detection = rules("community", &community);
    let (mut sum, mut worst) = ((0, 0), (0.0, String::new()));
    for entry in captures {
        let path = entry.unwrap().path();
        let mut engine = engine(&detection);
        tests::run(&mut engine, &fs::read(&path).unwrap(), usize::MAX);
        let (searched, received) = cost(&engine);
        sum = (sum.0 + searched, sum.1 + received);
        let ratio = ratio((searched, received));
        // Of a few bytes the figure says nothing.
        if received > 10_000 && ratio > worst.0 {
            worst = (ratio, path.display().to_string());
        }
    }
    println!(
        "all captures: {:.2}, the worst {:.2}: {}",
        ratio(sum),
        worst.0,
        worst.1
    );
    assert!(sum.1 > 1_000_000, "{sum:?}");
    assert!(ratio(sum) <= MAX_RATIO_OF_CAPTURES, "{sum:?}");
}
