//! GRE (RFC 2784, RFC 2890) and its version 1 of PPTP (RFC 2637).

use super::{DecodeError, Layer};

const CHECKSUM: u8 = 0x80;
const ROUTING: u8 = 0x40;
const KEY: u8 = 0x20;
const SEQUENCE: u8 = 0x10;
/// In the second byte, version 1 only.
const ACKNOWLEDGEMENT: u8 = 0x80;

/// A GRE header with what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gre<'a> {
    ethertype: u16,
    key: u32,
    has_sequence: bool,
    payload: &'a [u8],
}

impl<'a> Gre<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Gre);
        let (head, mut rest) = bytes.split_first_chunk::<4>().ok_or(TRUNCATED)?;
        let (flags, version) = (head[0], head[1] & 0x07);
        let mut word = || {
            let (word, tail) = rest.split_first_chunk::<4>()?;
            rest = tail;
            Some(u32::from_be_bytes(*word))
        };
        if version > 1 {
            return Err(DecodeError::Version(Layer::Gre));
        }
        // Source routes (RFC 1701) are obsolete and dropped by Linux.
        if flags & ROUTING != 0 {
            return Err(DecodeError::Malformed(Layer::Gre));
        }
        if flags & CHECKSUM != 0 {
            word().ok_or(TRUNCATED)?;
        }
        let mut key = 0;
        if flags & KEY != 0 {
            key = word().ok_or(TRUNCATED)?;
        }
        if flags & SEQUENCE != 0 {
            word().ok_or(TRUNCATED)?;
        }
        if version == 1 {
            // The key of PPTP is length and call id; each direction has its own.
            key = 0;
            if head[1] & ACKNOWLEDGEMENT != 0 {
                word().ok_or(TRUNCATED)?;
            }
        }
        Ok(Gre {
            ethertype: u16::from_be_bytes([head[2], head[3]]),
            key,
            has_sequence: flags & SEQUENCE != 0,
            payload: rest,
        })
    }

    pub(super) fn ethertype(&self) -> u16 {
        self.ethertype
    }

    pub(super) fn key(&self) -> u32 {
        self.key
    }

    pub(super) fn has_sequence(&self) -> bool {
        self.has_sequence
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
