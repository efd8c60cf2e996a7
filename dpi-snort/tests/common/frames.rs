//! Frames that hit limits: connections that stay open, early segments, fragments.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::tcp::{ACK, CLIENT_ISN, SERVER_ISN, SYN, Segment, conversation};

pub(crate) fn frames(segments: &[Segment], port: u16) -> Vec<Vec<u8>> {
    segments.iter().map(|segment| segment.frame(port)).collect()
}

/// A connection that stays open.
pub(crate) fn open(pieces: &[(bool, &[u8])], port: u16) -> Vec<Vec<u8>> {
    let mut segments = conversation(pieces);
    segments.truncate(segments.len() - 3);
    frames(&segments, port)
}

/// A connection with 200 bytes that are 10 bytes early.
pub(crate) fn early() -> Vec<Vec<u8>> {
    let mut all = open(&[], 7777);
    let segment = Segment {
        from_client: true,
        seq: CLIENT_ISN + 11,
        ack: SERVER_ISN + 1,
        flags: ACK,
        payload: vec![b'x'; 200],
    };
    all.push(segment.frame(7777));
    all
}

pub(crate) fn syn(port: u16) -> Vec<u8> {
    let segment = Segment {
        from_client: true,
        seq: 1,
        ack: 0,
        flags: SYN,
        payload: vec![],
    };
    segment.frame(port)
}

/// Ethernet and IPv4, 10.x.y.z by `host` → 10.0.0.2.
pub(crate) fn ipv4(host: u32, protocol: u8, id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap();
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend(id.to_be_bytes());
    frame.extend(fragment.to_be_bytes());
    frame.extend([64, protocol, 0, 0]);
    frame.extend((0x0a00_0000 | host).to_be_bytes());
    frame.extend([10, 0, 0, 2]);
    frame.extend(payload);
    frame
}

pub(crate) fn udp(host: u32) -> Vec<u8> {
    ipv4(host, 17, 1, 0, &[0, 1, 0, 2, 0, 10, 0, 0, b'h', b'i'])
}
