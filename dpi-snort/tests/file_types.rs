//! Files in HTTP bodies are known by their first bytes, wherever the rest of the rule matches.

#[path = "common/mod.rs"]
mod common;
#[path = "common/tcp.rs"]
mod tcp;

use std::sync::Arc;

use common::compile;
use dpi_snort::{Config, Now};
use tcp::{Alerts, Segment, conversation, engine, process, run};

const RULE: &str = r#"alert http (file_type:"PDF MSEXE"; file_data; content:"needle"; sid:1;)"#;

/// Alerts with bodies cut into sections of 64 bytes, and whole.
fn found(messages: &[(bool, &[u8])]) -> [usize; 2] {
    [64, Config::default().http_body_section].map(|http_body_section| {
        let config = Config {
            http_body_section,
            ..Config::default()
        };
        let segments = conversation(messages);
        let frames: Vec<_> = segments.iter().map(|segment| segment.frame(80)).collect();
        run(&mut engine(RULE, config), &frames).0.len()
    })
}

fn response(body: &[u8]) -> [usize; 2] {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let message = [head.as_bytes(), body].concat();
    found(&[(true, b"GET / HTTP/1.1\r\n\r\n"), (false, &message)])
}

fn form(parts: &[&[u8]]) -> [usize; 2] {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(b"--cut\r\nContent-Type: a/b\r\n\r\n");
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--cut--\r\n");
    let head = format!(
        "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=cut\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let message = [head.as_bytes(), &body].concat();
    found(&[(true, &message)])
}

/// A file with these first bytes, and the content of the rule some sections behind them.
fn file(beginning: &[u8]) -> Vec<u8> {
    [beginning, &[b'.'; 140], b"needle", &[b'.'; 100]].concat()
}

#[test]
fn the_type_holds_for_the_whole_file() {
    for (beginning, expected) in [
        (&b"%PDF-1.7\n"[..], 1),
        (b"MZ\x90\0", 1),
        (b"GIF89a", 0),
        (b"plain", 0),
        (b" %PDF-1.7", 0),
    ] {
        assert_eq!(response(&file(beginning)), [expected; 2], "{beginning:?}");
    }
    assert_eq!(response(b"MZ needle"), [1; 2], "one section");
}

#[test]
fn each_part_of_a_form_is_a_file() {
    let (pdf, text) = (file(b"%PDF-1.7\n"), file(b"text"));
    for (parts, expected) in [
        (&[&pdf[..]][..], 1),
        (&[&text], 0),
        (&[&text, &pdf], 1),
        (&[b"%PDF-1.7 nothing", &text], 0),
        (&[&pdf, &text, &pdf], 2),
    ] {
        assert_eq!(form(parts), [expected; 2], "{} parts", parts.len());
    }
}

#[test]
fn where_there_is_no_file_there_is_no_type() {
    let rule = r#"alert tcp any any -> any any (file_type:"PDF"; content:"needle"; sid:1;)"#;
    let segments = conversation(&[(true, b"%PDF-1.7 needle")]);
    assert!(tcp::sids(rule, &segments, 7777).is_empty());
}

/// Definitions stand behind the rules that name them, and need more than an equal beginning.
const OWN: &str = r#"
    alert http (file_type:"OWN"; file_data; content:"needle"; sid:1;)
    alert http (file_type:"PDF OWN"; file_data; content:"needle"; sid:2;)
    alert http (file_type:"OTHER"; file_data; content:"needle"; sid:3;)
    alert http (file_type:"PDF"; file_data; content:"needle"; sid:4;)
    file_id (msg:"own"; file_meta:type OWN,id 1; file_data; content:"<"; content:"own",within 3; gid:4; sid:1; rev:1;)
    file_id (msg:"other"; file_meta:type OTHER,id 2; file_data; content:"OTHER",depth 5; gid:4; sid:2; rev:1;)
    file_id (msg:"more of a stock type"; file_meta:type PDF,id 3; file_data; content:"%FDP",depth 4; gid:4; sid:3; rev:1;)
"#;

fn frames(segments: &[Segment]) -> Vec<Vec<u8>> {
    segments.iter().map(|segment| segment.frame(80)).collect()
}

#[test]
fn own_types_hold_however_the_response_is_cut() {
    for (beginning, expected) in [
        (&b"<a><own>"[..], &[1, 2][..]),
        (b"OTHER", &[3]),
        (b"%FDP", &[2, 4]),
        (b"%PDF-1.7 <own>", &[1, 2, 4]),
        (b"<a>own", &[]),
    ] {
        let body = file(beginning);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let message = [head.as_bytes(), &body].concat();
        for (section, every_rule) in [(64, false), (64, true), (16 << 10, false)] {
            let config = Config {
                http_body_section: section,
                try_every_rule: every_rule,
                ..Config::default()
            };
            for cut in 0..message.len() {
                let (first, second) = message.split_at(cut);
                let pieces = [
                    (true, &b"GET / HTTP/1.1\r\n\r\n"[..]),
                    (false, first),
                    (false, second),
                ];
                let frames = frames(&conversation(&pieces));
                let mut engine = engine(OWN, config.clone());
                let found = run(&mut engine, &frames).sids();
                assert_eq!(found, expected, "{beginning:?} cut at {cut}, {section}");
            }
        }
    }
}

/// What was found of a file before a swap is not taken for a type by the new definitions.
#[test]
fn definitions_are_swapped_under_open_flows() {
    let config = Config {
        http_body_section: 64,
        ..Config::default()
    };
    // The same names, with the bits of each other.
    let turned = OWN
        .replace("type OWN", "type X")
        .replace("type OTHER", "type OWN");
    let turned = turned.replace("type X", "type OTHER");
    let none = OWN.replace("OWN", "NONE");
    let stock = r#"alert http (file_type:"PDF"; file_data; content:"needle"; sid:4;)"#;
    // Before which of the packets with the head, the beginning and the rest of the body.
    for (before, beginning, from, to, expected) in [
        ("never", &b"<own>"[..], OWN, OWN, &[1, 2][..]),
        ("rest", b"<own>", OWN, OWN, &[1, 2]),
        ("beginning", b"<own>", stock, OWN, &[1, 2]),
        ("beginning", b"<own>", OWN, &turned, &[3]),
        ("beginning", b"<own>", OWN, stock, &[]),
        ("rest", b"<own>", stock, OWN, &[]),
        ("rest", b"<own>", OWN, &turned, &[]),
        ("rest", b"OTHER", OWN, &turned, &[]),
        ("rest", b"<own>", OWN, &none, &[]),
        ("rest", b"%PDF-1.7 <own>", OWN, &turned, &[2, 4]),
        ("rest", b"%PDF-1.7 <own>", OWN, stock, &[4]),
        ("rest", b"%PDF-1.7 <own>", stock, OWN, &[2, 4]),
    ] {
        let body = file(beginning);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let (first, rest) = body.split_at(70);
        let segments = conversation(&[
            (true, b"GET / HTTP/1.1\r\n\r\n"),
            (false, head.as_bytes()),
            (false, first),
            (false, rest),
        ]);
        let mut engine = engine(from, config.clone());
        let mut alerts = Alerts::default();
        for (at, segment) in (0..).zip(&segments) {
            let is_before = match before {
                "beginning" => segment.payload == first,
                "rest" => segment.payload == rest,
                _ => false,
            };
            if is_before {
                engine.swap(Arc::new(compile(to)));
            }
            let now = Now::from_capture(1_000_000_000_000 + at * 1_000_000);
            process(&mut engine, &segment.frame(80), now, &mut alerts);
        }
        engine.finish(Now::from_capture(2_000_000_000_000), &mut alerts);
        let beginning = String::from_utf8_lossy(beginning);
        assert_eq!(alerts.sids(), expected, "{beginning} before {before}");
    }
}

/// A definition that takes too many steps is given up, and that is counted.
#[test]
fn steps_of_definitions_are_limited() {
    let slow = r#"
        alert http (file_type:"SLOW"; file_data; content:"needle"; sid:1;)
        file_id (file_meta:type SLOW,id 1; file_data; content:"."; content:".",distance 0; content:"!",distance 0; gid:4; sid:1;)
    "#;
    let count = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let message = [head.as_bytes(), body].concat();
        let frames = frames(&conversation(&[(false, &message)]));
        let mut engine = engine(slow, Config::default());
        run(&mut engine, &frames);
        let mut found = 0;
        engine.each_counter(|name, value| {
            if name == "file_types.max_steps" {
                found = value;
            }
        });
        found
    };
    assert_eq!(count(&file(b"beginning")), 1);
    assert_eq!(count(b"needle . . !"), 0);
}
