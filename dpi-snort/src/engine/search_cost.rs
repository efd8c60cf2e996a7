//! How many bytes are searched for literals for each byte of payload that comes: a bounded
//! number, however the bytes come.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped or measured is printed for the record"
)]

use std::{fs, sync::Arc};

use super::{Engine, tests};
use crate::{
    ChecksumState, Config, Counter, Frame, SlotTable, Tag,
    detection::Detection,
    parser::{ClassificationConfig, Variables, parse_files},
    testing::wire::{ACK, CLIENT, Packets, SERVER, handshake, segment},
    time::Now,
};

/// Bytes searched for each byte received, at most: each byte once in its segment and once in
/// what is put together, each time for the rules of any port and for those of its port.
const MAX_RATIO: f64 = 4.0;
/// The same of all captures with the community rules. Heads and bodies of HTTP count once for
/// each buffer that rules name, and bodies as they are when decompressed.
const MAX_RATIO_OF_CAPTURES: f64 = 6.5;

/// Literals in plain payload, on any port and on the server's, and in the buffers of HTTP.
const RULES: &str = r#"
alert tcp any any -> any any (content:"needle-any"; sid:1;)
alert tcp any any -> any 80 (content:"needle-port"; sid:2;)
alert tcp any any -> any any (http_uri; content:"needle-uri"; sid:3;)
alert tcp any any -> any any (http_header; content:"needle-header"; sid:4;)
alert tcp any any -> any any (http_client_body; content:"needle-body"; sid:5;)
"#;

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

fn run(packets: &Packets, detection: &Arc<Detection>) -> f64 {
    let mut engine = engine(detection);
    for (link_type, bytes) in packets {
        let frame = Frame {
            bytes,
            link_type: *link_type,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::NotReady,
            tag: Tag::default(),
        };
        engine.process(&frame, Now::default(), &mut tests::Silent);
    }
    engine.finish(Now::default(), &mut tests::Silent);
    let cost = cost(&engine);
    assert!(cost.0 > 0 && cost.1 > 0, "{cost:?}");
    ratio(cost)
}

#[test]
fn streams_are_searched_as_often_however_they_are_cut() {
    let detection = rules("rules", RULES.as_bytes());
    let plain = vec![b'x'; 200_000];
    let request =
        b"POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234567890123456789";
    let pipelined = request.repeat(90);
    let cases: [(&str, Vec<&[u8]>, bool); 6] = [
        (
            "plain, 1 byte each",
            plain[..20_000].chunks(1).collect(),
            false,
        ),
        ("plain, unanswered", plain.chunks(1400).collect(), false),
        ("plain, acknowledged", plain.chunks(1400).collect(), true),
        ("HTTP, 1 byte each", pipelined.chunks(1).collect(), false),
        (
            "HTTP pipelined, unanswered",
            pipelined.chunks(1400).collect(),
            false,
        ),
        (
            "HTTP pipelined, acknowledged",
            pipelined.chunks(1400).collect(),
            true,
        ),
    ];
    let mut worst = 0.0_f64;
    for (name, parts, is_answered) in cases {
        let ratio = run(&stream(&parts, is_answered), &detection);
        println!("{name}: {ratio:.2} bytes searched for each received");
        worst = worst.max(ratio);
    }
    assert!(worst <= MAX_RATIO, "{worst}");
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
