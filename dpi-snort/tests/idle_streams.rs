//! Live streams that fall silent: what they hold is looked at soon, once, and within bounds.

#[path = "common/mod.rs"]
mod common;
#[path = "common/tcp.rs"]
mod tcp;

use std::time::Duration;

use dpi_snort::{Config, Counter, Engine, Now};
use tcp::{Alerts, Segment, conversation, engine, process};

const RULES: &str = r#"
    alert tcp any any -> any any (content:"needle"; sid:1;)
    alert tcp any any -> any any (content:"needle"; flow:only_stream; sid:2;)
    alert tcp any any -> any any (content:"first"; content:"second",distance 0; sid:3;)
    alert tcp any any -> any any (content:"needle"; detection_filter:track by_src,count 1,seconds 60; sid:4;)
    alert tcp any any -> any any (content:"needle"; flowbits:isset,line; sid:5;)
    alert tcp any any -> any any (content:"line"; flowbits:set,line; flowbits:noalert; sid:6;)
"#;
const START: u64 = 1_000_000_000_000;

/// A conversation that comes piece by piece, with looks in between.
struct Live {
    engine: Engine,
    alerts: Alerts,
    millis: u64,
}

impl Live {
    fn new(config: Config) -> Live {
        Live {
            engine: engine(RULES, config),
            alerts: Alerts::default(),
            millis: 0,
        }
    }

    fn now(&self) -> Now {
        Now::from_capture(START + self.millis * 1_000_000)
    }

    fn send(&mut self, segments: &[Segment], port: u16) {
        for segment in segments {
            let now = self.now();
            process(
                &mut self.engine,
                &segment.frame(port),
                now,
                &mut self.alerts,
            );
        }
    }

    /// Lets time pass, then has the engine look; says what alerts that gave.
    fn silence(&mut self, millis: u64) -> Vec<(u32, bool)> {
        self.millis += millis;
        let now = self.now();
        let before = self.alerts.0.len();
        self.engine.expire(now, &mut self.alerts);
        self.alerts.0[before..].to_vec()
    }

    fn count(&self, counter: Counter) -> u64 {
        self.engine.stats().get(counter)
    }
}

/// Segments of a conversation without its end.
fn open(pieces: &[(bool, &[u8])]) -> Vec<Segment> {
    let mut segments = conversation(pieces);
    segments.truncate(segments.len() - 3);
    segments
}

#[test]
fn a_line_in_two_segments_alerts_after_silence_and_once() {
    let mut live = Live::new(Config::default());
    let pieces: &[(bool, &[u8])] = &[(true, b"\x01\x02 a nee"), (true, b"dle first")];
    live.send(&open(pieces), 7777);
    assert_eq!(live.alerts.0, []);
    assert_eq!(live.silence(499), []);
    assert_eq!(live.silence(1), [(1, true), (2, true)]);
    // Nothing new came, so there is nothing to look at.
    assert_eq!(live.silence(5_000), []);
    assert_eq!(live.count(Counter::StreamFlushIdle), 1);
}

#[test]
fn a_match_across_a_look_is_found_and_nothing_is_told_twice() {
    let pieces: &[(bool, &[u8])] = &[
        (true, b"\x01\x02 a nee"),
        (true, b"dle first"),
        (true, b" and second"),
    ];
    let segments = open(pieces);
    let mut live = Live::new(Config::default());
    live.send(&segments[..7], 7777);
    assert_eq!(live.silence(1_000), [(1, true), (2, true)]);
    live.send(&segments[7..], 7777);
    assert_eq!(live.silence(1_000), [(3, true)]);
    let now = live.now();
    let before = live.alerts.0.len();
    live.engine.finish(now, &mut live.alerts);
    assert_eq!(live.alerts.0[before..], []);
    assert_eq!(live.count(Counter::StreamPdus), 1);
    // Without looks in between the same rules alert, at the end.
    let mut dull = Live::new(Config::default());
    dull.send(&segments, 7777);
    dull.engine
        .finish(Now::from_capture(START), &mut dull.alerts);
    assert_eq!(dull.alerts.sids(), live.alerts.sids());
    assert_eq!(dull.alerts.0.len(), live.alerts.0.len());
}

#[test]
fn both_directions_are_looked_at() {
    let pieces: &[(bool, &[u8])] = &[(true, b"\x01\x02 ask"), (false, b"nee"), (false, b"dle")];
    let mut live = Live::new(Config::default());
    live.send(&open(pieces), 7777);
    assert_eq!(live.silence(600), [(1, true), (2, true)]);
}

#[test]
fn a_filter_counts_the_bytes_of_a_look_once() {
    // Two lines, each in two segments and looked at: the filter lets the second through,
    // at its flush; counted at looks too, it would let the first one.
    // The greeting tells the wizard that the service is unknown: only then an answer flushes.
    let pieces: &[(bool, &[u8])] = &[
        (true, b"\x01\x02"),
        (false, b"\x01\x02"),
        (true, b"nee"),
        (true, b"dle"),
        (false, b"\x01\x02"),
        (true, b"nee"),
        (true, b"dle"),
        (false, b"\x01\x02"),
    ];
    let segments = open(pieces);
    let mut live = Live::new(Config {
        answered_flush_size: 1,
        ..Config::default()
    });
    let mut of_filter = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let before = live.alerts.0.len();
        live.send(std::slice::from_ref(segment), 7777);
        live.silence(600);
        if live.alerts.0[before..].iter().any(|(sid, _)| *sid == 4) {
            of_filter.push(index);
        }
    }
    // The handshake has three segments, each piece two; the last piece is the answer.
    assert_eq!(of_filter, [17]);
}

#[test]
fn bits_set_at_a_look_hold_afterwards() {
    let pieces: &[(bool, &[u8])] = &[(true, b"\x01\x02 li"), (true, b"ne"), (true, b" needle")];
    let segments = open(pieces);
    let mut live = Live::new(Config::default());
    live.send(&segments[..7], 7777);
    assert_eq!(live.silence(600), []);
    live.send(&segments[7..], 7777);
    assert!(live.alerts.0.contains(&(5, false)), "{:?}", live.alerts);
}

#[test]
fn a_service_that_is_known_late_is_still_known() {
    let rules = r#"alert http (http_uri; content:"/attack"; sid:1;)"#;
    let pieces: &[(bool, &[u8])] = &[(true, b"GE"), (true, b"T /attack HTTP/1.1\r\n\r\n")];
    let segments = open(pieces);
    let mut live = Live::new(Config::default());
    live.engine = engine(rules, Config::default());
    live.send(&segments[..5], 7777);
    live.silence(1_000);
    assert_eq!(live.count(Counter::StreamFlushIdle), 1);
    live.send(&segments[5..], 7777);
    assert_eq!(live.alerts.0, [(1, true)]);
}

#[test]
fn the_work_of_one_call_is_bounded_and_the_rest_has_its_turn() {
    let config = Config {
        flush_idle_bytes: 64,
        ..Config::default()
    };
    let mut live = Live::new(config);
    let pieces: &[(bool, &[u8])] = &[(true, b"\x01\x02 a nee"), (true, b"dle")];
    for port in 1..=3 {
        live.send(&open(pieces), port);
    }
    for turn in 1..=3 {
        assert_eq!(live.silence(600), [(1, true), (2, true)], "{turn}");
    }
    assert_eq!(live.silence(600), []);
    assert_eq!(live.count(Counter::StreamFlushIdle), 3);
    assert_eq!(live.count(Counter::StreamFlushIdleBytes), 2);
}

#[test]
fn the_queue_is_bounded_by_the_flow_table() {
    let config = Config {
        max_flows: 2,
        tcp_established_timeout: Duration::from_secs(3600),
        ..Config::default()
    };
    let mut live = Live::new(config);
    let pieces: &[(bool, &[u8])] = &[(true, b"\x01\x02 a nee"), (true, b"dle")];
    for port in 1..=5 {
        live.send(&open(pieces), port);
    }
    // Three flows had to go, and were judged then; two are looked at.
    let told = |alerts: &[(u32, bool)]| alerts.iter().filter(|(sid, _)| *sid == 1).count();
    assert_eq!(told(&live.alerts.0), 3);
    assert_eq!(told(&live.silence(600)), 2);
    assert_eq!(live.count(Counter::StreamFlushIdleFull), 0);
}
