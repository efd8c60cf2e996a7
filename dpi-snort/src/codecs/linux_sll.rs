//! Linux "cooked" captures, versions 1 and 2.

use super::{DecodeError, Layer};

/// EtherType and what follows the header of version 1.
pub(super) fn v1(bytes: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let (header, payload) = bytes
        .split_first_chunk::<16>()
        .ok_or(DecodeError::Truncated(Layer::LinuxSll))?;
    Ok((u16::from_be_bytes([header[14], header[15]]), payload))
}

/// EtherType and what follows the header of version 2.
pub(super) fn v2(bytes: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let (header, payload) = bytes
        .split_first_chunk::<20>()
        .ok_or(DecodeError::Truncated(Layer::LinuxSll))?;
    Ok((u16::from_be_bytes([header[0], header[1]]), payload))
}
