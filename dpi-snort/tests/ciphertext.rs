//! Of a TLS connection the handshake is inspected, and its ciphertext offered for bypass.

#[path = "common/mod.rs"]
mod common;
#[path = "common/tcp.rs"]
mod tcp;

use dpi_snort::{Config, Counter};
use tcp::{Alerts, conversation, engine, run};

/// Segments of ciphertext behind those with which the rest is known to be some.
const MORE: usize = 200;

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], body].concat()
}

/// A handshake, then needles in the ciphertext of both ends; what it came to, and how many
/// segments were ciphertext, and how often the flow was offered for bypass.
fn inspected(rules: &str) -> (Alerts, u64, u64) {
    let hello = |kind: u8| record(22, &[&[kind, 0, 0, 6, 3, 3], &b"name"[..]].concat());
    let keys = [record(20, &[1]), record(22, &[0xEE; 40])].concat();
    let data = record(23, b"needle of an attack");
    let mut messages: Vec<(bool, Vec<u8>)> = vec![
        (true, hello(1)),
        (false, [hello(2), record(22, &[14, 0, 0, 0])].concat()),
        (true, keys.clone()),
        (false, keys),
        (true, data.clone()),
    ];
    messages.extend((0..=MORE).map(|turn| (turn % 2 == 1, data.clone())));
    let messages: Vec<(bool, &[u8])> = messages.iter().map(|(way, m)| (*way, &m[..])).collect();
    let segments = conversation(&messages);
    let frames: Vec<_> = segments.iter().map(|segment| segment.frame(443)).collect();
    let mut engine = engine(rules, Config::default());
    let alerts = run(&mut engine, &frames);
    let stats = engine.stats();
    assert_eq!(stats.get(Counter::Packets), stats.get(Counter::Inspected));
    (
        alerts,
        stats.get(Counter::TcpEncrypted),
        stats.get(Counter::BypassEncrypted),
    )
}

#[test]
fn ciphertext_is_offered_for_bypass() {
    let rules = "alert tcp any any -> any 443 (ssl_state:client_hello; content:\"name\"; sid:1;)\n\
                 alert tcp any any -> any any (content:\"needle\"; flow:to_client; sid:2;)\n";
    let (alerts, ciphertext, offers) = inspected(rules);
    assert_eq!(alerts.sids(), [1]);
    // The first answer of the server, and all that follow; offered again every 64.
    let segments = u64::try_from(MORE + 1).unwrap();
    assert_eq!((ciphertext, offers), (segments, segments.div_ceil(64)));
}

#[test]
fn the_first_data_of_one_end_is_inspected() {
    let rules = "alert tcp any any -> any 443 (content:\"needle\"; flow:to_server; sid:1;)";
    let (alerts, ..) = inspected(rules);
    assert_eq!(alerts.0, [(1, true)]);
}

#[test]
fn a_rule_on_headers_alone_keeps_the_flow_in_sight() {
    let rules = "alert tcp any any -> any 443 (flags:A; dsize:0; sid:1;)";
    let (alerts, ciphertext, offers) = inspected(rules);
    assert_eq!(alerts.sids(), [1]);
    assert!(alerts.0.len() > MORE / 2, "{} alerts", alerts.0.len());
    assert_eq!((ciphertext > 0, offers), (true, 0));
}
