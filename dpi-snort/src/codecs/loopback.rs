//! BSD loopback headers: four bytes of address family.

use super::{DecodeError, Layer};

/// What the address family says of the packet behind it.
pub(super) fn strip(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let (family, payload) = bytes
        .split_first_chunk::<4>()
        .ok_or(DecodeError::Truncated(Layer::Loopback))?;
    // DLT_NULL has the capturing host's byte order, DLT_LOOP the network's; the families
    // are small numbers, so one of the two readings is.
    let family = u32::from_be_bytes(*family).min(u32::from_le_bytes(*family));
    match family {
        // AF_INET everywhere; AF_INET6 of Linux, NetBSD, FreeBSD and Darwin.
        2 | 10 | 24 | 28 | 30 => Ok(payload),
        _ => Err(DecodeError::Malformed(Layer::Loopback)),
    }
}
