//! Connections made of frames, and what the inspector makes of them.

mod conversations;
mod limits;
mod random;

use super::*;
use crate::{
    buffers::{BufferId, BufferSelector},
    service_inspectors::testing::{self, Seen, fresh_bytes},
};

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
pub(super) const PRIORITY: u8 = 0x20;

/// A frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn settings() -> Vec<u8> {
    frame(4, 0, 0, &[0, 3, 0, 0, 0, 100])
}

fn data(stream: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(0, flags, stream, payload)
}

/// Fields as literals that no table keeps; names in one line, `name: value`.
fn block(lines: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for line in lines.lines() {
        let at = line[1..].find(": ").expect("a colon") + 1;
        block.push(0);
        for text in [&line[..at], &line[at + 2..]] {
            string(text.as_bytes(), &mut block);
        }
    }
    block
}

fn string(text: &[u8], block: &mut Vec<u8>) {
    let mut rest = text.len();
    if rest < 127 {
        block.push(u8::try_from(rest).expect("short"));
    } else {
        block.push(127);
        rest -= 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128).expect("short") | 128);
            rest /= 128;
        }
        block.push(u8::try_from(rest).expect("short"));
    }
    block.extend_from_slice(text);
}

fn headers(stream: u32, flags: u8, lines: &str) -> Vec<u8> {
    frame(1, END_HEADERS | flags, stream, &block(lines))
}

fn get(stream: u32, path: &str) -> Vec<u8> {
    let lines = format!(":method: GET\n:scheme: http\n:path: {path}\n:authority: a.example");
    headers(stream, END_STREAM, &lines)
}

/// What a client sends: the preface, settings and these frames.
fn client(frames: &[Vec<u8>]) -> (bool, Vec<u8>) {
    let frames = frames.concat();
    (true, [frame::PREFACE, &settings(), &frames].concat())
}

fn server(frames: &[Vec<u8>]) -> (bool, Vec<u8>) {
    (false, [settings(), frames.concat()].concat())
}

fn new() -> Box<dyn ServiceInspector> {
    Box::new(Http2::default())
}

fn same_at_every_cut(
    blocks: &[(bool, Vec<u8>)],
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    testing::same_at_every_cut(&new, blocks, questions, config)
}

/// The plain buffer of each unit; a head's is empty, shown as `-`.
fn payloads(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|unit| match unit.payload.as_slice() {
            b"" => "-".to_owned(),
            bytes => String::from_utf8_lossy(bytes).into_owned(),
        })
        .collect()
}

/// The labels of the limits that a connection hits.
fn labels(blocks: &[(bool, Vec<u8>)], config: &Config) -> (Vec<Seen>, Verdict, Vec<&'static str>) {
    let mut http2 = Http2::default();
    let (seen, verdict) = testing::run(&mut http2, blocks, usize::MAX, &[], config);
    let mut labels = Vec::new();
    http2.limits_hit(&mut |label| labels.push(label));
    http2.limits_hit(&mut |label| panic!("{label} is counted once"));
    (seen, verdict, labels)
}
