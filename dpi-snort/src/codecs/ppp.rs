//! PPP (RFC 1661) with HDLC framing or without, and `PPPoE` sessions (RFC 2516).

use super::{DecodeError, Layer};

const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;

/// A PPP header with what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ppp<'a> {
    protocol: u16,
    payload: &'a [u8],
}

impl<'a> Ppp<'a> {
    /// Address and control (ff 03) are skipped where present; a protocol number with an
    /// odd first byte has that byte only (compressed).
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
        let (first, rest) = bytes
            .split_first()
            .ok_or(DecodeError::Truncated(Layer::Ppp))?;
        if first & 1 != 0 {
            return Ok(Ppp {
                protocol: u16::from(*first),
                payload: rest,
            });
        }
        let (second, payload) = rest
            .split_first()
            .ok_or(DecodeError::Truncated(Layer::Ppp))?;
        Ok(Ppp {
            protocol: u16::from_be_bytes([*first, *second]),
            payload,
        })
    }

    pub(super) fn protocol(&self) -> u16 {
        self.protocol
    }

    pub(super) fn is_ip(&self) -> bool {
        matches!(self.protocol, IPV4 | IPV6)
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// A `PPPoE` session header with the PPP packet behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pppoe<'a> {
    header: &'a [u8; 6],
    payload: &'a [u8],
}

impl<'a> Pppoe<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, payload) = bytes
            .split_first_chunk::<6>()
            .ok_or(DecodeError::Truncated(Layer::Pppoe))?;
        if header[0] != 0x11 || header[1] != 0 {
            return Err(DecodeError::Malformed(Layer::Pppoe));
        }
        Ok(Pppoe { header, payload })
    }

    pub(super) fn session(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
