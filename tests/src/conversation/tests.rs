use std::net::IpAddr;

use super::{Conversation, Delivery, Order, ParseErrorKind, Protocol, Segments, Side};
use crate::checksum::{checksum, transport_checksum};

const HEADER: &str = "proto tcp\nclient 10.0.0.1:40000\nserver 10.0.0.2:80\n";

fn parse(blocks: &str) -> Conversation {
    Conversation::parse(&format!("{HEADER}{blocks}")).expect("a valid conversation")
}

fn kind(text: &str) -> (usize, ParseErrorKind) {
    let error = Conversation::parse(text).expect_err("the text is not valid");
    (error.line, error.kind)
}

#[test]
fn blocks_become_writes() {
    let table: [(&str, &[u8]); 9] = [
        (">>>\nabc\ndef", b"abcdef"),
        (">>>\na\\r\\n\nb\\t\\0\\\\", b"a\r\nb\t\0\\"),
        (">>>\n\\x00\\xfFz", b"\x00\xffz"),
        (">>>\n# not sent\n\nx", b"x"),
        (">>>\n@repeat 3 ab", b"ababab"),
        (">>>\n@repeat 2 \\x0d\nx", b"\r\rx"),
        (">>>\n a ", b" a "),
        (">>>", b""),
        (">>>\n>>>>", b">>>>"),
    ];
    for (text, bytes) in table {
        let parsed = parse(text);
        assert_eq!(parsed.steps.len(), 1, "{text:?}");
        assert_eq!(parsed.steps[0].bytes, bytes, "{text:?}");
        assert_eq!(parsed.steps[0].from, Side::Client, "{text:?}");
    }
}

#[test]
fn header_lines_are_read() {
    let text = "# c\nproto icmp\nclient fd00::1\nserver fd00::2\nttl 3\nalso 7\nalso 8\n\
                <<< type 8 code 3\nx";
    let parsed = Conversation::parse(text).expect("valid");
    assert_eq!(parsed.protocol, Protocol::Icmp);
    assert_eq!((parsed.ttl, parsed.also.as_slice()), (3, [7, 8].as_slice()));
    assert_eq!(parsed.steps[0].from, Side::Server);
    assert_eq!(parsed.steps[0].fields.icmp_type, Some(8));
    assert_eq!(parsed.steps[0].fields.icmp_code, Some(3));
    let flags = |word: &str| parse(&format!(">>> flags {word}")).steps[0].fields.flags;
    assert_eq!(flags("0"), Some(0));
    assert_eq!(flags("FPU"), Some(0x29));
    assert_eq!(flags("SA"), Some(0x12));
}

#[test]
fn mistakes_are_refused_with_their_line() {
    use ParseErrorKind as K;
    let value = |name, word: &str| K::Value {
        name,
        word: word.into(),
    };
    let table = [
        ("proto tcp\n", (0, K::Empty)),
        ("", (0, K::Empty)),
        ("prot tcp\n>>>", (1, K::UnknownHeader("prot".into()))),
        ("proto sctp\n>>>", (1, K::UnknownProtocol("sctp".into()))),
        ("ttl 256\n>>>", (1, value("ttl", "256"))),
        ("handshake maybe\n>>>", (1, value("handshake", "maybe"))),
        ("#\nalso x\n>>>", (2, value("also", "x"))),
        (">>> flags X", (1, value("flags", "X"))),
        (">>> flags", (1, value("flags", ""))),
        (">>> bogus 1", (1, value("a block's line", "bogus"))),
        (">>>\n@again 1", (2, K::Directive("again 1".into()))),
        (">>>\n@repeat 9999999 ab", (2, K::TooLong)),
        (">>>\n@repeat x ab", (2, value("@repeat", "x"))),
        (">>>", (0, K::Missing("proto"))),
        ("proto tcp\n>>>", (0, K::Missing("client"))),
    ];
    for (text, expected) in table {
        assert_eq!(kind(text), expected, "{text:?}");
    }
    for (line, column, escape) in [
        ("ab\\q1", 3, "q1"),
        ("\\x1", 1, "x1"),
        ("\\x+1", 1, "x+1"),
        ("\\", 1, ""),
    ] {
        let escape = escape.to_owned();
        let expected = (2, K::Escape { column, escape });
        assert_eq!(kind(&format!(">>>\n{line}")), expected, "{line:?}");
    }
}

#[test]
fn ends_must_fit_the_protocol_and_each_other() {
    let ends = |proto: &str, client: &str, server: &str| {
        Conversation::parse(&format!(
            "proto {proto}\nclient {client}\nserver {server}\n>>>"
        ))
    };
    assert!(ends("tcp", "[fd00::1]:1", "[fd00::2]:2").is_ok());
    assert!(ends("icmp", "10.0.0.1", "10.0.0.2").is_ok());
    for (proto, client, server) in [
        ("tcp", "10.0.0.1", "10.0.0.2:80"),
        ("udp", "10.0.0.1:70000", "10.0.0.2:80"),
        ("icmp", "10.0.0.1:1", "10.0.0.2"),
        ("tcp", "10.0.0.1:1", "[fd00::2]:2"),
    ] {
        assert!(
            ends(proto, client, server).is_err(),
            "{proto} {client} {server}"
        );
    }
}

/// Sequence number, flags and payload of a frame of a TCP conversation over IPv4.
fn tcp_fields(frame: &[u8]) -> (u32, u8, &[u8]) {
    let seq = u32::from_be_bytes(frame[38..42].try_into().expect("4 bytes"));
    (seq, frame[47], &frame[54..])
}

/// The client's stream as a receiver would put it together.
fn client_stream(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = vec![];
    let mut segments: Vec<_> = frames
        .iter()
        .filter(|f| f[26..30] == [10, 0, 0, 1])
        .map(|f| tcp_fields(f))
        .filter(|(_, _, payload)| !payload.is_empty())
        .collect();
    // The client's initial sequence number is 0xffff_fff0.
    segments.sort_by_key(|(seq, ..)| seq.wrapping_sub(0xffff_fff1));
    for (seq, _, payload) in segments {
        let offset = seq.wrapping_sub(0xffff_fff1) as usize;
        assert!(offset <= stream.len(), "a gap before {offset}");
        let known = stream.len() - offset;
        stream.extend(payload.iter().skip(known));
    }
    stream
}

#[test]
fn a_connection_is_opened_written_and_closed() {
    let frames = parse(">>>\nabc\n<<<\nde").frames(&Delivery::default());
    let flags: Vec<u8> = frames.iter().map(|f| tcp_fields(f).1).collect();
    assert_eq!(
        flags,
        [0x02, 0x12, 0x10, 0x18, 0x10, 0x18, 0x10, 0x11, 0x11, 0x10]
    );
    let bare = parse("handshake no\n>>> flags 0").frames(&Delivery::default());
    assert_eq!(bare.len(), 1);
    assert_eq!(tcp_fields(&bare[0]).1, 0);
}

#[test]
fn every_delivery_carries_the_same_stream() {
    let conversation = parse(">>>\n@repeat 4000 abc\n<<<\nok\n>>>\nmore");
    let mut sent = b"abc".repeat(4000);
    sent.extend(b"more");
    assert_eq!(conversation.client_len(), sent.len());
    for segments in [
        Segments::Whole,
        Segments::SplitClientAt(1),
        Segments::SplitClientAt(12_002),
        Segments::SplitClientAt(1460),
        Segments::Every(1),
        Segments::Every(7),
        Segments::Every(100_000),
    ] {
        for order in [Order::Sent, Order::Reversed] {
            for retransmit in [false, true] {
                let delivery = Delivery {
                    segments,
                    order,
                    retransmit,
                };
                let frames = conversation.frames(&delivery);
                assert!(client_stream(&frames) == sent, "{delivery:?}");
            }
        }
    }
}

#[test]
fn a_split_cuts_the_stream_at_that_byte_only() {
    let conversation = parse(">>>\nabcd\n>>>\nef");
    for (at, pieces) in [
        (0, vec!["abcd", "ef"]),
        (1, vec!["a", "bcd", "ef"]),
        (4, vec!["abcd", "ef"]),
        (5, vec!["abcd", "e", "f"]),
        (6, vec!["abcd", "ef"]),
    ] {
        let frames = conversation.frames(&Delivery {
            segments: Segments::SplitClientAt(at),
            ..Delivery::default()
        });
        let sent: Vec<&[u8]> = frames
            .iter()
            .map(|f| tcp_fields(f).2)
            .filter(|p| !p.is_empty())
            .collect();
        let expected: Vec<&[u8]> = pieces.iter().map(|p| p.as_bytes()).collect();
        assert_eq!(sent, expected, "split at {at}");
    }
}

#[test]
fn checksums_are_valid() {
    // The example of RFC 1071 §3: the sum is ddf2, its complement 220d.
    assert_eq!(
        checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]),
        0x220d
    );
    for (proto, number, client, server) in [
        ("tcp", 6, "10.0.0.1:1", "10.0.0.2:2"),
        ("udp", 17, "10.0.0.1:1", "10.0.0.2:2"),
        ("tcp", 6, "[fd00::1]:1", "[fd00::2]:2"),
        ("udp", 17, "[fd00::1]:1", "[fd00::2]:2"),
        ("icmp", 58, "fd00::1", "fd00::2"),
    ] {
        let text = format!("proto {proto}\nclient {client}\nserver {server}\n>>>\nodd");
        let conversation = Conversation::parse(&text).expect("valid");
        let addresses: (IpAddr, IpAddr) = conversation.addresses(Side::Client);
        for frame in conversation.frames(&Delivery::default()) {
            let v4 = frame[12..14] == [0x08, 0x00];
            let sender = if v4 {
                assert_eq!(checksum(&[&frame[14..34]]), 0, "{text}");
                frame[26..30] == [10, 0, 0, 1]
            } else {
                frame[37] == 1
            };
            let payload = &frame[if v4 { 34 } else { 54 }..];
            let (src, dst) = addresses;
            let ends = if sender { (src, dst) } else { (dst, src) };
            assert_eq!(transport_checksum(ends, number, payload), 0, "{text}");
        }
    }
    let icmp = Conversation::parse("proto icmp\nclient 10.0.0.1\nserver 10.0.0.2\n>>>\nodd")
        .expect("valid");
    let frame = icmp.frames(&Delivery::default()).remove(0);
    assert_eq!(checksum(&[&frame[34..]]), 0);
}
