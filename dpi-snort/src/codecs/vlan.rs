//! A VLAN tag (IEEE 802.1Q, 802.1ad): TCI and the EtherType behind it.

use super::{DecodeError, Layer};

/// A tag with what follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vlan<'a> {
    header: &'a [u8; 4],
    payload: &'a [u8],
}

impl<'a> Vlan<'a> {
    pub(super) fn new_checked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, payload) = bytes
            .split_first_chunk()
            .ok_or(DecodeError::Truncated(Layer::Vlan))?;
        Ok(Vlan { header, payload })
    }

    /// VLAN id, 0 to 4095. Priority may differ between the directions of a flow, the id may not.
    pub(super) fn id(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]]) & 0x0fff
    }

    pub(super) fn ethertype(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
