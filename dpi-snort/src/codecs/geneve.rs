//! Geneve (RFC 8926) on its assigned port.

use super::{DecodeError, Layer};

/// UDP destination port of Geneve.
pub(super) const PORT: u16 = 6081;

/// A Geneve header with what follows its options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geneve<'a> {
    header: &'a [u8; 8],
    payload: &'a [u8],
}

impl<'a> Geneve<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Geneve);
        let (header, rest) = bytes.split_first_chunk::<8>().ok_or(TRUNCATED)?;
        if header[0] >> 6 != 0 {
            return Err(DecodeError::Version(Layer::Geneve));
        }
        let options = usize::from(header[0] & 0x3f).saturating_mul(4);
        let payload = rest.get(options..).ok_or(TRUNCATED)?;
        Ok(Geneve { header, payload })
    }

    pub(super) fn ethertype(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Virtual network identifier, 24 bits.
    pub(super) fn vni(&self) -> u32 {
        u32::from_be_bytes([0, self.header[4], self.header[5], self.header[6]])
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
