//! Random bytes and random frames never panic.

use proptest::prelude::*;

use super::{super::fuzz_http2, *};

proptest! {
    #[test]
    fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_http2(&input);
    }

    #[test]
    fn near_frames_never_panic(
        pieces in proptest::collection::vec(
            (any::<u8>(), 0u8..11, any::<u8>(), 0u32..6, 0..PAYLOADS.len()),
            0..40,
        )
    ) {
        let mut input = Vec::new();
        let mut record = |control: u8, bytes: &[u8]| {
            input.extend([control, u8::try_from(bytes.len()).unwrap_or(0)]);
            input.extend_from_slice(bytes);
        };
        record(1, &settings());
        record(0, &settings());
        for (control, kind, flags, stream, payload) in pieces {
            // Gaps and ends are rare, else nothing would be left to read.
            let control = if control > 240 { control & 7 } else { control & 1 };
            record(control, &frame(kind, flags, stream, PAYLOADS[payload]));
        }
        fuzz_http2(&input);
    }
}

const PAYLOADS: &[&[u8]] = &[
    b"",
    b"\x82\x84\x86",
    b"\x83\x84\x86\x5c\x015",
    b"\x88\x5a\x04gzip",
    b"\x88\x5f\x1dtext/plain; charset=utf-16le ",
    b"\x40\x01a\x04bbbb",
    b"\xbe\xbf\xc0",
    b"\x3f\xe1\x1f",
    b"\x20",
    b"\x00\x00\x00\x02\x82\x84",
    b"\x03body\0\0\0",
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
    b"\x7f\xff\xff\xff\xff\xff",
];
