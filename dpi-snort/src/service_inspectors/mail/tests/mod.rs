//! Dialogues, and the PDUs that they are cut into wherever their bytes are cut.

mod conversations;
mod limits;
mod lines;
mod random;

use super::*;
use crate::{
    buffers::BufferId,
    service_inspectors::testing::{self, Seen},
};

/// Blocks of a conversation: each line of `text` begins with `>>> ` or `<<< `; escapes are those
/// of Rust's strings. Lines of one end that follow each other are one block.
fn blocks(text: &str) -> Vec<(bool, Vec<u8>)> {
    let mut blocks: Vec<(bool, Vec<u8>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (way, bytes) = line.split_at(4);
        let to_server = match way {
            ">>> " => true,
            "<<< " => false,
            _ => panic!("{line}"),
        };
        let bytes = bytes.replace("\\r", "\r").replace("\\n", "\n");
        let bytes = bytes.replace("\\x16", "\x16").into_bytes();
        match blocks.last_mut() {
            Some((last, held)) if *last == to_server => held.extend(bytes),
            _ => blocks.push((to_server, bytes)),
        }
    }
    blocks
}

/// Each PDU on a line: its direction, its plain bytes, and ` | ` with `file_data`.
fn show(seen: &[Seen]) -> Vec<String> {
    let show = |unit: &Seen| {
        let way = if unit.to_server { ">>>" } else { "<<<" };
        let mut line = format!("{way} {}", unit.payload.escape_ascii());
        for (id, bytes) in &unit.fresh {
            assert_eq!(*id, BufferId::FileData);
            line.extend([" | ", &bytes.escape_ascii().to_string()]);
        }
        line
    };
    seen.iter().map(show).collect()
}

/// The PDUs of a conversation, the same for every cut of every block in two.
fn pdus(service: &str, text: &str) -> (Vec<String>, Verdict) {
    let blocks = blocks(text);
    let config = Config::default();
    let run = |cut| {
        let mut mail = Mail::of(service).expect("a service of mail");
        let (seen, verdict) = testing::run(&mut mail, &blocks, cut, &[], &config);
        (show(&seen), verdict)
    };
    let whole = run(usize::MAX);
    let longest = blocks.iter().map(|(_, bytes)| bytes.len()).max();
    for cut in 1..longest.unwrap_or(0) {
        let cut_anew = run(cut);
        assert_eq!(cut_anew.1, whole.1, "cut at {cut}");
        // What follows the inspector's part is as it was cut.
        if whole.1 == Verdict::Continue {
            assert_eq!(cut_anew.0, whole.0, "cut at {cut}");
        }
    }
    whole
}

/// Fails unless a conversation gives these PDUs, a line each.
fn check(service: &str, text: &str, expected: &str) {
    let (seen, verdict) = pdus(service, text);
    let lines = expected.lines().map(str::trim);
    let expected: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    assert_eq!(seen, expected, "{text}");
    assert_eq!(verdict, Verdict::Continue, "{text}");
}
