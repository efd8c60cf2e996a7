//! Frame headers, and header blocks that are put together of several frames.

#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

#[derive(Debug)]
pub(super) struct OpenBlock {
    /// The stream whose frames carry it, and the one that it is about.
    pub(super) carrier: u32,
    pub(super) stream: u32,
    pub(super) is_promise: bool,
    pub(super) ends: bool,
    pub(super) block: Vec<u8>,
    /// Bytes of its frames, headers included, so that empty ones count too.
    pub(super) cost: usize,
    /// A part of it was lost.
    pub(super) is_damaged: bool,
}

pub(super) const HEADER_LENGTH: usize = 9;

// RFC 9113 §6.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 0x01;
pub(super) const END_HEADERS: u8 = 0x04;
pub(super) const PADDED: u8 = 0x08;
pub(super) const PRIORITY: u8 = 0x20;

impl Header {
    /// RFC 9113 §4.1.
    pub(super) fn read(bytes: [u8; HEADER_LENGTH]) -> Header {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        Header {
            length: usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2),
            kind,
            flags,
            stream: u32::from_be_bytes([s0 & 0x7F, s1, s2, s3]),
        }
    }
}

impl OpenBlock {
    /// Strips what stands around the first fragment (RFC 9113 §6.2, §6.6).
    pub(super) fn begin(header: Header, payload: &mut &[u8]) -> Option<OpenBlock> {
        if header.flags & PADDED != 0 {
            let padding = usize::from(*payload.first()?);
            let end = payload.len().checked_sub(padding)?;
            *payload = payload.get(1..end)?;
        }
        let mut stream = header.stream;
        let is_promise = header.kind == PUSH_PROMISE;
        if is_promise {
            let (promised, rest) = payload.split_first_chunk::<4>()?;
            stream = u32::from_be_bytes(*promised) & 0x7FFF_FFFF;
            *payload = rest;
        } else if header.flags & PRIORITY != 0 {
            *payload = payload.get(5..)?;
        }
        Some(OpenBlock {
            carrier: header.stream,
            stream,
            is_promise,
            ends: !is_promise && header.flags & END_STREAM != 0,
            block: Vec::new(),
            cost: 0,
            is_damaged: false,
        })
    }

    pub(super) fn damaged(carrier: u32) -> OpenBlock {
        OpenBlock {
            carrier,
            stream: carrier,
            is_promise: false,
            ends: false,
            block: Vec::new(),
            cost: 0,
            is_damaged: true,
        }
    }
}
