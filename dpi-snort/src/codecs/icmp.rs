//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use super::{DecodeError, Layer};

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
/// Timestamp and its reply (RFC 792): three times 32 bits follow.
const WITH_TIMESTAMPS: std::ops::RangeInclusive<u8> = 13..=14;
/// Information request and reply (RFC 792). Snort counts their identifier and sequence
/// number as payload.
const INFORMATION: std::ops::RangeInclusive<u8> = 15..=16;
/// Address mask and its reply (RFC 950): a mask follows.
const WITH_MASK: std::ops::RangeInclusive<u8> = 17..=18;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// IP protocol number of ICMP.
pub(super) const ICMP: u8 = 1;
/// IP protocol number of ICMPv6.
pub(super) const ICMP_V6: u8 = 58;

/// A checked ICMP message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Icmp<'a> {
    header: [u8; 8],
    is_echo: bool,
    payload: &'a [u8],
}

impl<'a> Icmp<'a> {
    /// Messages of four to seven bytes are read as if zeros followed, save those whose type
    /// asks for more: no receiver takes them, nor does Snort.
    pub(super) fn new_checked(bytes: &'a [u8], v6: bool) -> Result<Self, DecodeError> {
        let needed = match bytes.first() {
            Some(kind) if !v6 && WITH_TIMESTAMPS.contains(kind) => 20,
            Some(kind) if !v6 && WITH_MASK.contains(kind) => 12,
            _ => 4,
        };
        if bytes.len() < needed {
            return Err(DecodeError::Truncated(Layer::Icmp));
        }
        let mut header = [0; 8];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = *from;
        }
        let behind = if !v6 && INFORMATION.contains(&header[0]) {
            4
        } else {
            8
        };
        let payload = bytes.get(behind..).unwrap_or_default();
        let is_echo = match header[0] {
            ECHO_REQUEST | ECHO_REPLY => !v6,
            ECHO_REQUEST_V6 | ECHO_REPLY_V6 => v6,
            _ => false,
        };
        Ok(Icmp {
            header,
            is_echo: is_echo && bytes.len() >= 8,
            payload,
        })
    }

    pub(super) fn icmp_type(&self) -> u8 {
        self.header[0]
    }

    pub(super) fn code(&self) -> u8 {
        self.header[1]
    }

    pub(super) fn echo_id(&self) -> Option<u16> {
        self.is_echo
            .then(|| u16::from_be_bytes([self.header[4], self.header[5]]))
    }

    pub(super) fn echo_seq(&self) -> Option<u16> {
        self.is_echo
            .then(|| u16::from_be_bytes([self.header[6], self.header[7]]))
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
