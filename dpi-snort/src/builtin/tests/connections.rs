//! Segments of connections.

use super::{BuiltinEvent as Event, Case};
use crate::testing::wire::*;

/// Timestamps (RFC 7323) behind two NOPs.
fn stamped(value: u32) -> Vec<u8> {
    let mut options = vec![1, 1, 8, 10];
    options.extend(value.to_be_bytes());
    options.extend([0; 4]);
    options
}

/// The handshake, then these.
fn open(then: Packets) -> Packets {
    let mut packets = handshake(&[]);
    packets.extend(then);
    packets
}

/// The same with timestamps of 100.
fn stamped_open(then: Packets) -> Packets {
    let mut packets = handshake(&stamped(100));
    packets.extend(then);
    packets
}

pub(super) fn cases() -> Vec<Case> {
    let data = |seq: u32| segment(true, ACK, (seq, SERVER), &[], b"data");
    let reset = segment(true, RST | ACK, (CLIENT, SERVER), &[], b"");
    let far = CLIENT + u32::from(WINDOW) + 5000;
    vec![
        (
            Event::SynInConnection,
            open(vec![segment(true, SYN, (77, 0), &[], b"")]),
        ),
        (
            Event::DataOnSyn,
            vec![segment(true, SYN, (CLIENT - 1, 0), &[], b"data")],
        ),
        (
            Event::DataAfterFin,
            open(vec![
                segment(true, FIN | ACK, (CLIENT, SERVER), &[], b""),
                data(CLIENT + 1),
            ]),
        ),
        (
            Event::OldTimestamp,
            stamped_open(vec![segment(
                true,
                ACK,
                (CLIENT, SERVER),
                &stamped(50),
                b"data",
            )]),
        ),
        (
            Event::DataAfterOwnReset,
            open(vec![reset.clone(), data(CLIENT)]),
        ),
        (
            Event::DataWithoutFlags,
            open(vec![segment(true, 0, (CLIENT, SERVER), &[], b"data")]),
        ),
        (
            Event::FourWayHandshake,
            vec![
                segment(true, SYN, (CLIENT - 1, 0), &[], b""),
                segment(false, SYN, (SERVER - 1, 0), &[], b""),
            ],
        ),
        (Event::NoTimestamp, stamped_open(vec![data(CLIENT)])),
        (
            Event::ResetOutside,
            open(vec![segment(true, RST, (far, 0), &[], b"")]),
        ),
        (
            Event::DataAfterReset,
            open(vec![
                reset,
                segment(false, ACK, (SERVER, CLIENT), &[], b"data"),
            ]),
        ),
        (Event::OutsideWindow, open(vec![data(far)])),
        (Event::NoHandshake, vec![data(CLIENT)]),
        (
            // Picked up in mid-stream, so that the window may be scaled.
            Event::QueueFull,
            vec![
                data(CLIENT),
                segment(false, ACK, (SERVER, CLIENT + 4), &[], b""),
                data(CLIENT + (2 << 20)),
            ],
        ),
    ]
}
