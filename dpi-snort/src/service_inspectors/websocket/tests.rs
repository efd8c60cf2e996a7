//! Messages, wherever they are cut.

use super::*;
use crate::{
    buffers::BufferId,
    service_inspectors::testing::{self, Seen, fresh_bytes},
};

/// A frame; with `mask` as clients send it.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        short @ ..126 => bytes.push(masked | u8::try_from(short).expect("short")),
        long @ ..65_536 => {
            bytes.push(masked | 0x7E);
            bytes.extend(u16::try_from(long).expect("short").to_be_bytes());
        }
        long => {
            bytes.push(masked | 0x7F);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    let mask_bytes = mask.unwrap_or_default();
    bytes.extend(mask.iter().flatten());
    bytes.extend(
        payload
            .iter()
            .zip(mask_bytes.iter().cycle())
            .map(|(a, b)| a ^ b),
    );
    bytes
}

const MASK: Option<[u8; 4]> = Some([1, 2, 3, 4]);

/// Messages deflated in one stream, as the ends agreed.
fn deflate(messages: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut encoder = flate2::Compress::new(flate2::Compression::default(), false);
    messages
        .iter()
        .map(|message| {
            let mut output = Vec::with_capacity(message.len() + 100);
            encoder
                .compress_vec(message, &mut output, flate2::FlushCompress::Sync)
                .expect("room");
            output.truncate(output.len() - 4);
            output
        })
        .collect()
}

fn same_at_every_cut(
    extensions: &str,
    blocks: &[(bool, Vec<u8>)],
    config: &Config,
) -> (Vec<Seen>, Verdict) {
    let new = || -> Box<dyn ServiceInspector> { Box::new(WebSocket::new(extensions.as_bytes())) };
    testing::same_at_every_cut(&new, blocks, &[], config)
}

fn payloads(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|unit| String::from_utf8_lossy(&unit.payload).into_owned())
        .collect()
}

#[test]
fn messages_are_put_together_and_unmasked() {
    let long = vec![b'y'; 300];
    let blocks = [
        (true, frame(0x81, MASK, b"hello")),
        (
            true,
            [
                frame(0x02, MASK, b"in th"),
                frame(0x89, MASK, b"ping"),
                frame(0x00, MASK, b"ree "),
                frame(0x80, Some([9, 0, 7, 7]), b"parts"),
                frame(0x81, MASK, b""),
            ]
            .concat(),
        ),
        (false, frame(0x82, None, &long)),
        (false, frame(0x88, None, b"\x03\xe8bye")),
    ];
    let (seen, verdict) = same_at_every_cut("", &blocks, &Config::default());
    assert_eq!(verdict, Verdict::Continue);
    let long = String::from_utf8_lossy(&long).into_owned();
    let bye = String::from_utf8_lossy(b"\x03\xe8bye").into_owned();
    assert_eq!(
        payloads(&seen),
        ["hello", "ping", "in three parts", &long, &bye]
    );
    assert!(fresh_bytes(&seen, BufferId::FileData).starts_with(b"hellopingin three parts"));
}

#[test]
fn large_messages_come_in_sections() {
    let config = Config {
        http_body_section: 10,
        ..Config::default()
    };
    let blocks = [(false, frame(0x82, None, &vec![b'x'; 70_000]))];
    let mut websocket = WebSocket::new(b"");
    let (seen, _) = testing::run(&mut websocket, &blocks, 1000, &[], &config);
    assert!(seen.len() > 1);
    assert_eq!(fresh_bytes(&seen, BufferId::FileData).len(), 70_000);
}

#[test]
fn deflated_messages_are_inflated() {
    let texts: [&[u8]; 3] = [b"needle in hay", b"needle in hay again", b""];
    let shared = deflate(&texts);
    let alone: Vec<Vec<u8>> = texts.iter().flat_map(|text| deflate(&[text])).collect();
    for (extensions, messages) in [
        ("permessage-deflate", &shared),
        ("x, permessage-deflate; client_max_window_bits=15", &shared),
        ("permessage-deflate; server_no_context_takeover", &alone),
    ] {
        let frames: Vec<u8> = messages
            .iter()
            .flat_map(|message| {
                let (first, second) = message.split_at(message.len() / 2);
                [frame(0x41, None, first), frame(0x80, None, second)].concat()
            })
            .collect();
        let blocks = [(false, frames), (false, frame(0x81, None, b"plain"))];
        let (seen, verdict) = same_at_every_cut(extensions, &blocks, &Config::default());
        assert_eq!(verdict, Verdict::Continue);
        assert_eq!(
            payloads(&seen),
            ["needle in hay", "needle in hay again", "plain"],
            "{extensions}"
        );
    }
    // Without an agreement the bytes stay as they are.
    let blocks = [(false, frame(0xC1, None, &shared[0]))];
    let (seen, _) = same_at_every_cut("", &blocks, &Config::default());
    assert_eq!(seen[0].payload, shared[0]);
}

#[test]
fn what_cannot_be_read_is_searched_plain() {
    for (bytes, reason) in [
        (b"\x83\x05hello".as_slice(), "websocket_opcode"),
        (b"\x89\x7e\x00\x80", "websocket_frame_length"),
        (b"\x81\x7f\x80\0\0\0\0\0\0\0", "websocket_frame_length"),
    ] {
        let (seen, verdict) = same_at_every_cut("", &[(false, bytes.to_vec())], &Config::default());
        assert_eq!(verdict, Verdict::Abandon(reason));
        let all: Vec<u8> = seen.iter().flat_map(|unit| unit.payload.clone()).collect();
        assert_eq!(all, bytes);
    }
}

#[test]
fn a_bomb_is_cut_and_a_damaged_message_searched_as_it_came() {
    let bomb = deflate(&[&vec![0; 10 << 20]]).remove(0);
    let config = Config {
        decompress_output: 100_000,
        ..Config::default()
    };
    for (message, label) in [
        (bomb.as_slice(), "websocket_inflate"),
        (b"\xff\xffdamaged", "websocket_bad_deflate"),
    ] {
        let mut websocket = WebSocket::new(b"permessage-deflate");
        let blocks = [(false, frame(0xC2, None, message))];
        let (seen, _) = testing::run(&mut websocket, &blocks, usize::MAX, &[], &config);
        let total: usize = seen.iter().map(|unit| unit.payload.len()).sum();
        assert!(total > 0 && total < 300_000, "{total}");
        let mut labels = Vec::new();
        websocket.limits_hit(&mut |label| labels.push(label));
        assert_eq!(labels, [label]);
    }
}

#[test]
fn a_gap_in_a_message_is_stepped_over() {
    let config = Config::default();
    let mut websocket = WebSocket::new(b"");
    let mut seen = Vec::new();
    let bytes = frame(0x81, MASK, b"abcdefghij");
    let feed = |websocket: &mut WebSocket, data: &[u8], seen: &mut Vec<Vec<u8>>| {
        let feed = Feed {
            to_server: true,
            data,
            config: &config,
        };
        websocket.feed(&feed, &mut |pdu| seen.push(pdu.payload.to_vec()))
    };
    feed(&mut websocket, &bytes[..9], &mut seen);
    assert_eq!(
        websocket.gap(true, 3, &config, &mut |pdu| seen.push(pdu.payload.to_vec())),
        Verdict::Continue
    );
    feed(&mut websocket, &bytes[12..], &mut seen);
    assert_eq!(seen, [b"abc".as_slice(), b"ghij"]);
    assert_eq!(
        websocket.gap(true, 1, &config, &mut |_| ()),
        Verdict::Abandon("websocket_gap_in_framing")
    );
}
