//! UDP (RFC 768).

use super::{DecodeError, Layer};

/// Length and checksum of the header in front of a payload that is UDP.
pub(crate) fn udp_header(bytes: &[u8]) -> Option<(u16, u16)> {
    let header = bytes.first_chunk::<8>()?;
    let word = |at: [u8; 2]| u16::from_be_bytes(at);
    Some((word([header[4], header[5]]), word([header[6], header[7]])))
}

/// A checked UDP datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Udp<'a> {
    header: &'a [u8; 8],
    payload: &'a [u8],
}

impl<'a> Udp<'a> {
    /// Bytes behind the length are cut off, as the kernel does; a length of 0 is a
    /// jumbogram's (RFC 2675) and stands for all there is. A length beyond the IP payload is
    /// refused unless the capture is `cut` or the datagram a `gso` super-packet.
    pub(super) fn new_checked(bytes: &'a [u8], cut: bool, gso: bool) -> Result<Self, DecodeError> {
        let (header, rest) = bytes
            .split_first_chunk::<8>()
            .ok_or(DecodeError::Truncated(Layer::Udp))?;
        let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let payload = match len.checked_sub(header.len()) {
            _ if gso || len == 0 => rest,
            Some(len) => match rest.get(..len) {
                Some(payload) => payload,
                None if cut => rest,
                None => return Err(DecodeError::Beyond(Layer::Udp)),
            },
            None => return Err(DecodeError::Length(Layer::Udp)),
        };
        Ok(Udp { header, payload })
    }

    pub(super) fn src_port(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    pub(super) fn dst_port(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
