//! Following one rule: at which of its options it stops on each unit.

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "common/tcp.rs"]
mod tcp;

use dpi_snort::{Config, detection::TraceOutcome, parser::RuleId, unit::UnitKind};
use frames::open;
use tcp::{engine, run};

/// Options in the order in which they are tried: flow, dsize, the contents.
const RULE: &str = r#"alert tcp any any -> any 7777 (flow:to_server; content:"needle";
    dsize:>6; content:"hay",distance 1; sid:5;)"#;

/// What becomes of the rule on raw segments with payload and on the stream.
fn outcomes(pieces: &[(bool, &[u8])], port: u16) -> Vec<(UnitKind, TraceOutcome)> {
    let mut engine = engine(RULE, Config::default());
    engine.trace(RuleId { gid: 1, sid: 5 });
    run(&mut engine, &open(pieces, port));
    let steps = engine.take_trace();
    let with_payload = steps.iter().filter(|step| step.bytes > 0);
    with_payload.map(|step| (step.kind, step.outcome)).collect()
}

#[test]
fn each_unit_tells_where_the_rule_stopped() {
    use TraceOutcome::{FastPattern, Header, Matched, Option};
    use UnitKind::{Raw, RebuiltStream};
    for (piece, port, raw, stream) in [
        ((true, &b"\x01 needle, hay"[..]), 7777, Matched, Option(1)),
        ((true, b"\x01 needle, hay"), 80, Header, Header),
        ((true, b"\x01 nothing here"), 7777, FastPattern, FastPattern),
        ((true, b"\x01 needle and straw"), 7777, Option(3), Option(1)),
        ((true, b"needle"), 7777, Option(1), Option(1)),
        // The server's segments come from port 7777.
        ((false, b"\x01 needle, hay"), 7777, Header, Header),
    ] {
        let found = outcomes(&[piece], port);
        assert_eq!(
            found,
            [(Raw, raw), (RebuiltStream, stream)],
            "{} on port {port}",
            String::from_utf8_lossy(piece.1)
        );
    }
}

/// A rule for the other way is not tried at all; what stops it is still its `flow`.
#[test]
fn the_way_of_the_flow_is_an_option_like_others() {
    let rule = r#"alert tcp any any -> any any (flow:to_client; content:"needle"; sid:5;)"#;
    let mut engine = engine(rule, Config::default());
    engine.trace(RuleId { gid: 1, sid: 5 });
    run(&mut engine, &open(&[(true, b"\x01 needle")], 7777));
    let steps = engine.take_trace();
    let found: Vec<_> = steps
        .iter()
        .filter(|step| step.bytes > 0)
        .map(|step| (step.to_server, step.outcome))
        .collect();
    assert_eq!(found, [(Some(true), TraceOutcome::Option(0)); 2]);
}

#[test]
fn a_rule_that_is_not_there_leaves_no_trace() {
    let mut engine = engine(RULE, Config::default());
    engine.trace(RuleId { gid: 1, sid: 6 });
    run(&mut engine, &open(&[(true, b"needle")], 7777));
    assert_eq!(engine.take_trace(), []);
}
