//! How a capture is cut anew.

use std::fmt;

use super::segment::Segment;
use crate::{
    capture_file::{CaptureFile, CapturedPacket},
    random::Random,
};

/// One way to cut all TCP segments of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Into pieces of so many bytes.
    Every(usize),
    /// Into pieces of random lengths; the number chooses which.
    Random(u64),
    /// Into about five pieces, the last one first.
    Reversed,
    /// Into about five pieces, each sent twice.
    Repeated,
    /// Into about five pieces, each of which begins with the three bytes before it.
    Overlapping,
    /// Whole segments of one direction, until the other one speaks: the last one first.
    Windows,
    /// Each segment in IP fragments of 24 bytes.
    Fragments,
    /// The same, the last one first.
    FragmentsReversed,
}

/// A capture cut anew.
#[derive(Clone, Debug)]
pub struct Recut {
    /// The capture.
    pub capture: CaptureFile,
    /// Segments that were cut or moved.
    pub segments: usize,
}

impl Way {
    /// Ten of them.
    pub const ALL: [Way; 10] = [
        Way::Every(1),
        Way::Every(7),
        Way::Random(1),
        Way::Random(2),
        Way::Reversed,
        Way::Repeated,
        Way::Overlapping,
        Way::Windows,
        Way::Fragments,
        Way::FragmentsReversed,
    ];

    /// Cuts a capture this way. Packets that were not captured whole are left alone.
    pub fn cut(self, capture: &CaptureFile) -> Recut {
        if self == Way::Windows {
            return windows(capture);
        }
        let mut recut = Recut {
            capture: CaptureFile {
                link_type: capture.link_type,
                packets: Vec::new(),
            },
            segments: 0,
        };
        for (number, packet) in (1..).zip(&capture.packets) {
            let Some(segment) = segment(capture.link_type, packet) else {
                recut.capture.packets.push(packet.clone());
                continue;
            };
            recut.segments += 1;
            let frames = self.pieces(&segment, number);
            let made = frames.into_iter().map(|bytes| like(packet, bytes));
            recut.capture.packets.extend(made);
        }
        recut
    }

    fn pieces(self, segment: &Segment<'_>, number: u64) -> Vec<Vec<u8>> {
        let len = segment.len();
        let fifth = len.div_ceil(5);
        let every = |size: usize, before: usize| {
            let starts = (0..len).step_by(size.max(1));
            starts
                .map(|start| {
                    segment.piece(start.saturating_sub(before)..len.min(start + size.max(1)))
                })
                .collect::<Vec<_>>()
        };
        match self {
            Way::Every(size) => every(size, 0),
            Way::Random(seed) => random(segment, seed ^ (number << 8)),
            Way::Reversed => every(fifth, 0).into_iter().rev().collect(),
            Way::Repeated => {
                let pieces = every(fifth, 0).into_iter();
                pieces.flat_map(|piece| [piece.clone(), piece]).collect()
            }
            Way::Overlapping => every(fifth, 3),
            Way::Fragments | Way::FragmentsReversed => {
                // Identifications from the middle on, away from small ones in captures.
                let id = 0x8000 | u16::try_from(number & 0x7fff).unwrap_or(0);
                let mut fragments = segment.fragments(24, id);
                if self == Way::FragmentsReversed {
                    fragments.reverse();
                }
                fragments
            }
            Way::Windows => vec![segment.piece(0..len)],
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Every(1) => f.write_str("single bytes"),
            Way::Every(size) => write!(f, "{size} bytes each"),
            Way::Random(seed) => write!(f, "random lengths ({seed})"),
            Way::Reversed => f.write_str("pieces in reverse"),
            Way::Repeated => f.write_str("pieces repeated"),
            Way::Overlapping => f.write_str("pieces overlapping"),
            Way::Windows => f.write_str("windows in reverse"),
            Way::Fragments => f.write_str("fragments"),
            Way::FragmentsReversed => f.write_str("fragments in reverse"),
        }
    }
}

fn segment(link_type: u32, packet: &CapturedPacket) -> Option<Segment<'_>> {
    let is_whole = u32::try_from(packet.bytes.len()) == Ok(packet.wire_len);
    is_whole
        .then(|| Segment::find(link_type, &packet.bytes))
        .flatten()
}

fn like(packet: &CapturedPacket, bytes: Vec<u8>) -> CapturedPacket {
    CapturedPacket {
        time: packet.time,
        wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        bytes,
    }
}

/// Pieces of one to forty bytes.
fn random(segment: &Segment<'_>, seed: u64) -> Vec<Vec<u8>> {
    let (mut random, mut start, mut pieces) = (Random::new(seed), 0, Vec::new());
    while start < segment.len() {
        let end = segment.len().min(start + 1 + random.index(40));
        pieces.push(segment.piece(start..end));
        start = end;
    }
    pieces
}

/// Turns each run of adjacent segments of one direction around. Times stay where they were.
fn windows(capture: &CaptureFile) -> Recut {
    let mut recut = Recut {
        capture: capture.clone(),
        segments: 0,
    };
    let direction = |at: usize| {
        let segment = segment(capture.link_type, capture.packets.get(at)?)?;
        Some(segment.direction())
    };
    let mut start = 0;
    while start < capture.packets.len() {
        let mut end = start + 1;
        if let Some(first) = direction(start) {
            while direction(end) == Some(first) {
                end += 1;
            }
        }
        for (to, from) in (start..end).zip((start..end).rev()) {
            recut.capture.packets[to] =
                like(&capture.packets[to], capture.packets[from].bytes.clone());
            recut.capture.packets[to].wire_len = capture.packets[from].wire_len;
        }
        if end - start > 1 {
            recut.segments += end - start;
        }
        start = end;
    }
    recut
}
