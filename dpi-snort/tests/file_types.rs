//! Files in HTTP bodies are known by their first bytes, wherever the rest of the rule matches.

#[path = "common/mod.rs"]
mod common;
#[path = "common/tcp.rs"]
mod tcp;

use dpi_snort::Config;
use tcp::{conversation, engine, run};

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
