//! Conversations as text, what the inspector makes of them, and tests by theme.

mod bodies;
mod buffers;
mod conversations;
mod limits;
mod random;

use super::*;
use crate::buffers::{BufferId, BufferPart, BufferSelector, UriPart};

/// What one unit shows: its direction, plain buffer, and fresh buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    to_server: bool,
    payload: Vec<u8>,
    fresh: Vec<(BufferId, Vec<u8>)>,
    answers: Vec<Option<Vec<u8>>>,
}

/// Feeds a conversation of `>>>` and `<<<` blocks; each is cut in two at `cut`.
fn run(
    conversation: &[(bool, Vec<u8>)],
    cut: usize,
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    let mut seen = Vec::new();
    let mut http = Http::default();
    let mut emit = |pdu: &Pdu<'_>| {
        let mut fresh = Vec::new();
        pdu.buffers
            .fresh(&mut |id, bytes| fresh.push((id, bytes.to_vec())));
        seen.push(Seen {
            to_server: pdu.to_server,
            payload: pdu.payload.to_vec(),
            fresh,
            answers: questions
                .iter()
                .map(|question| pdu.buffers.buffer(question).map(<[u8]>::to_vec))
                .collect(),
        });
    };
    let mut verdict = Verdict::Continue;
    let mut after = Vec::new();
    for (to_server, bytes) in conversation {
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        for data in [first, second].into_iter().filter(|data| !data.is_empty()) {
            let feed = Feed {
                to_server: *to_server,
                data,
                config,
            };
            if verdict == Verdict::Continue {
                verdict = http.feed(&feed, &mut emit);
            } else {
                after.push((*to_server, data.to_vec()));
            }
        }
    }
    if verdict == Verdict::Continue {
        http.finish(true, &mut emit);
        http.finish(false, &mut emit);
    }
    // What comes after the inspector gave up is a plain stream.
    seen.extend(after.into_iter().map(|(to_server, payload)| Seen {
        to_server,
        payload,
        fresh: Vec::new(),
        answers: Vec::new(),
    }));
    (seen, verdict)
}

/// Blocks of `>>>` (client) and `<<<` (server); line ends become CR LF, `\` escapes of
/// Rust strings may stand for other bytes.
fn conversation(text: &str) -> Vec<(bool, Vec<u8>)> {
    let mut blocks: Vec<(bool, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            ">>>" => blocks.push((true, Vec::new())),
            "<<<" => blocks.push((false, Vec::new())),
            _ => {
                let (_, block) = blocks.last_mut().expect("a block");
                match line.strip_suffix('\n') {
                    Some(line) => {
                        block.extend_from_slice(line.as_bytes());
                        block.extend_from_slice(b"\r\n");
                    }
                    None => block.extend_from_slice(line.as_bytes()),
                }
            }
        }
    }
    blocks
}

fn whole(id: BufferId) -> BufferSelector {
    BufferSelector::whole(id)
}

fn field(id: BufferId, name: &str) -> BufferSelector {
    BufferSelector {
        id,
        part: BufferPart::Field(name.into()),
        request: false,
    }
}

fn uri_part(part: UriPart) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpUri,
        part: BufferPart::Uri(part),
        request: false,
    }
}

fn param(name: &str) -> BufferSelector {
    BufferSelector {
        id: BufferId::HttpParam,
        part: BufferPart::Param(name.into(), false),
        request: false,
    }
}

fn of_request(id: BufferId) -> BufferSelector {
    BufferSelector {
        request: true,
        ..whole(id)
    }
}

/// Every place where a conversation's blocks may be cut gives the same units.
fn same_at_every_cut(blocks: &[(bool, Vec<u8>)], config: &Config) -> (Vec<Seen>, Verdict) {
    let uncut = run(blocks, usize::MAX, &[], config);
    let longest = blocks
        .iter()
        .map(|(_, bytes)| bytes.len())
        .max()
        .unwrap_or(0);
    for cut in 0..longest {
        let cut_run = run(blocks, cut, &[], config);
        assert_eq!(joined(&cut_run.0), joined(&uncut.0), "cut at {cut}");
        assert_eq!(cut_run.1, uncut.1, "cut at {cut}");
    }
    uncut
}

/// Units with plain rests of one direction put together, as where they are cut is no
/// part of their meaning.
fn joined(seen: &[Seen]) -> Vec<Seen> {
    let mut out: Vec<Seen> = Vec::new();
    for unit in seen {
        match out.last_mut() {
            Some(last)
                if last.fresh.is_empty()
                    && unit.fresh.is_empty()
                    && last.to_server == unit.to_server =>
            {
                last.payload.extend_from_slice(&unit.payload);
            }
            _ => out.push(unit.clone()),
        }
    }
    out
}

const LOGIN: &str = "\
>>>
POST /a//b/../c?q=%41&r=x+y#frag HTTP/1.1
Host: example.com
User-Agent:  one   two
Cookie: k=%41
Cookie: m=n
X-Forwarded-For: 9.8.7.6, 1.1.1.1
Content-Type: application/x-www-form-urlencoded
Content-Length: 14

a=1&b=%32&z=
<<<
HTTP/1.1 404 Not Here
Server: srv
Set-Cookie: s=1
Content-Length: 4

gone";

fn login() -> Vec<(bool, Vec<u8>)> {
    conversation(LOGIN)
}

fn compress(coding: &str, data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let level = flate2::Compression::default();
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
        "zlib" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
        _ => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(data).expect("into a vector");
            encoder.finish().expect("into a vector")
        }
    }
}

fn response(fields: &str, body: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    vec![(false, [head.as_bytes(), body].concat())]
}

fn file_data(seen: &[Seen]) -> Vec<u8> {
    let fresh = seen.iter().flat_map(|unit| &unit.fresh);
    fresh
        .filter(|(id, _)| *id == BufferId::FileData)
        .flat_map(|(_, bytes)| bytes.clone())
        .collect()
}
