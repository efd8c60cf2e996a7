//! Conversations as text, what the inspector makes of them, and tests by theme.

mod bodies;
mod buffers;
mod conversations;
mod limits;
mod random;

use super::*;
use crate::{
    buffers::{BufferId, BufferSelector, UriPart},
    service_inspectors::testing::{
        self, Seen, field, fresh_bytes, of_request, param, uri_part, whole,
    },
};

/// Feeds a conversation of `>>>` and `<<<` blocks; each is cut in two at `cut`.
fn run(
    conversation: &[(bool, Vec<u8>)],
    cut: usize,
    questions: &[BufferSelector],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    testing::run(&mut Http::default(), conversation, cut, questions, config)
}

/// Every place where a conversation's blocks may be cut gives the same units.
fn same_at_every_cut(blocks: &[(bool, Vec<u8>)], config: &Config) -> (Vec<Seen>, Verdict) {
    testing::same_at_every_cut(&|| Box::new(Http::default()), blocks, &[], config)
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

/// A brotli stream of stored blocks (RFC 7932 §9.2), with a window of two to the power of
/// `window` bytes, 18 to 24.
fn brotli(window: u32, data: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    for (index, block) in data.chunks(1 << 16).enumerate() {
        let length = u32::try_from(block.len()).expect("short") - 1;
        // The first header follows the four bits of the window.
        let header = if index == 0 {
            1 | (window - 17) << 1 | length << 7 | 1 << 23
        } else {
            length << 3 | 1 << 19
        };
        output.extend(&header.to_le_bytes()[..3]);
        output.extend_from_slice(block);
    }
    output.push(3);
    output
}

fn response(fields: &str, body: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    vec![(false, [head.as_bytes(), body].concat())]
}

fn file_data(seen: &[Seen]) -> Vec<u8> {
    fresh_bytes(seen, BufferId::FileData)
}
