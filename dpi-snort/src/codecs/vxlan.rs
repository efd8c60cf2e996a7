//! VXLAN (RFC 7348) on its assigned port.

use super::{DecodeError, Layer};

/// UDP destination port of VXLAN.
pub(super) const PORT: u16 = 4789;

/// A VXLAN header with the Ethernet frame behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vxlan<'a> {
    header: &'a [u8; 8],
    payload: &'a [u8],
}

impl<'a> Vxlan<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, payload) = bytes
            .split_first_chunk::<8>()
            .ok_or(DecodeError::Truncated(Layer::Vxlan))?;
        // RFC 7348 (5): the I flag must be set for a valid VNI.
        if header[0] & 0x08 == 0 {
            return Err(DecodeError::Malformed(Layer::Vxlan));
        }
        Ok(Vxlan { header, payload })
    }

    /// VXLAN network identifier, 24 bits.
    pub(super) fn vni(&self) -> u32 {
        u32::from_be_bytes([0, self.header[4], self.header[5], self.header[6]])
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
