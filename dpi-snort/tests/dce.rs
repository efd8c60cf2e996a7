//! Rules on DCE/RPC, whatever carries it: TCP, a pipe of SMB, datagrams.

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "common/tcp.rs"]
mod tcp;

use dpi_snort::Config;
use frames::{ipv4, open};
use tcp::{engine, run};

/// An interface, an operation, and a length in the byte order of the PDU.
const RULES: &str = r#"
    alert tcp any any -> any [135,445] (flow:to_server,established;
        dce_iface:uuid 00000001-0002-0003-0405-060708090a0b,version <4; dce_opnum:"7";
        dce_stub_data; byte_test:4,>,256,4,dce; sid:1;)
    alert tcp any any -> any any (service:netbios-ssn,dcerpc; dce_opnum:"5-9"; dce_stub_data;
        content:"tok",depth 3; sid:2;)
    alert tcp any any -> any any (dce_iface:uuid 00000001-0002-0003-0405-060708090a0c; sid:3;)
    alert tcp any any -> any any (dce_opnum:"8"; sid:4;)
    alert tcp any any -> any any (dce_stub_data; bufferlen:>100; sid:5;)
    alert udp any any -> any 135 (dce_iface:uuid 00000001-0002-0003-0405-060708090a0b;
        dce_opnum:"7"; dce_stub_data; byte_test:4,>,256,4,dce; sid:6;)
"#;
const UUID: [u8; 16] = [1, 0, 0, 0, 2, 0, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11];

/// Sids that frames alert; trying every rule gives the same.
fn alerts(frames: &[Vec<u8>]) -> Vec<u32> {
    let naive = Config {
        try_every_rule: true,
        ..Config::default()
    };
    let fast = run(&mut engine(RULES, Config::default()), frames);
    let slow = run(&mut engine(RULES, naive), frames);
    assert_eq!(fast.0, slow.0);
    fast.sids()
}

/// A PDU of a kind with a body.
fn pdu(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(16 + body.len()).unwrap();
    let header = [5, 0, kind, flags, 16, 0, 0, 0, length, 0, 0, 0, 1, 0, 0, 0];
    [&header[..], body].concat()
}

fn bind() -> Vec<u8> {
    let body = [
        &[0; 8][..],
        &[1, 0, 0, 0, 0, 0, 1, 0],
        &UUID,
        &[3, 0, 0, 0],
        &[0; 20],
    ];
    pdu(11, 3, &body.concat())
}

fn answer(result: u8) -> Vec<u8> {
    let body = [&[0; 12][..], &[1, 0, 0, 0, result, 0], &[0; 22]];
    pdu(12, 3, &body.concat())
}

/// A request of operation 7 whose stub says a length of 512.
fn request(flags: u8, stub: &[u8]) -> Vec<u8> {
    pdu(0, flags, &[&[0, 0, 0, 0, 0, 0, 7, 0], stub].concat())
}

const STUB: &[u8] = b"tok\0\0\x02\0\0";

/// A message of SMB 2 that writes to a pipe.
fn write(data: &[u8]) -> Vec<u8> {
    let mut header = [0; 64];
    header[..4].copy_from_slice(b"\xFESMB");
    header[12] = 9;
    let length = u8::try_from(data.len()).unwrap();
    let body = [&[49, 0, 112, 0, length][..], &[0; 43], data].concat();
    let all = u8::try_from(64 + body.len()).unwrap();
    [&[0, 0, 0, all], &header[..], &body].concat()
}

#[test]
fn over_tcp() {
    for (answered, stub, port, expected) in [
        (Some(0), STUB, 135, &[1, 2][..]),
        (None, STUB, 135, &[1, 2]),
        // Refused: the operation and the stub are there all the same.
        (Some(2), STUB, 135, &[2]),
        // On another port, and too short.
        (Some(0), STUB, 49_152, &[2]),
        (Some(0), b"tok\0\0\x01\0\0", 135, &[2]),
        (Some(0), b"x", 135, &[]),
    ] {
        let (bind, answer) = (bind(), answered.map(answer));
        let request = request(3, stub);
        let mut pieces = vec![(true, &bind[..])];
        pieces.extend(answer.as_ref().map(|answer| (false, &answer[..])));
        pieces.push((true, &request));
        let found = alerts(&open(&pieces, port));
        assert_eq!(found, expected, "{answered:?} {stub:?} {port}");
    }
}

/// However a stream is cut.
#[test]
fn cut_anywhere() {
    let (bind, answer, request) = (bind(), answer(0), request(3, STUB));
    for cut in 1..request.len() {
        let (before, behind) = request.split_at(cut);
        let pieces = [
            (true, &bind[..]),
            (false, &answer),
            (true, before),
            (true, behind),
        ];
        assert_eq!(alerts(&open(&pieces, 135)), [1, 2], "cut at {cut}");
    }
}

#[test]
fn in_fragments() {
    let (bind, answer) = (bind(), answer(0));
    let parts = [
        request(1, &STUB[..5]),
        request(0, &STUB[5..]),
        request(2, &[b'x'; 100]),
    ];
    let mut pieces = vec![(true, &bind[..]), (false, &answer)];
    pieces.extend(parts.iter().map(|part| (true, &part[..])));
    assert_eq!(alerts(&open(&pieces, 135)), [1, 2, 5]);
}

#[test]
fn over_smb() {
    let (bind, request) = (write(&bind()), write(&request(3, STUB)));
    for (port, expected) in [(445, &[1, 2][..]), (4450, &[2])] {
        let pieces = [(true, &bind[..]), (true, &request)];
        assert_eq!(alerts(&open(&pieces, port)), expected, "{port}");
    }
}

/// A rule for a service is tried on it over TCP and UDP alike, as in Snort.
#[test]
fn in_datagrams() {
    for (kind, opnum, expected) in [(0, 7, &[2, 6][..]), (0, 11, &[]), (1, 7, &[])] {
        let packet = [
            &[4, kind, 0, 0, 16, 0, 0, 0][..],
            &[0; 16],
            &UUID,
            &[0; 20],
            &[
                3, 0, 0, 0, 0, 0, 0, 0, opnum, 0, 255, 255, 255, 255, 8, 0, 0, 0, 0, 0,
            ],
            STUB,
        ]
        .concat();
        let length = u8::try_from(8 + packet.len()).unwrap();
        let datagram = [&[0x9C, 0x40, 0, 135, 0, length, 0, 0], &packet[..]].concat();
        assert_eq!(alerts(&[ipv4(1, 17, 1, 0, &datagram)]), expected);
    }
}
