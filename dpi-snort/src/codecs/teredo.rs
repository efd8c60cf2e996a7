//! Teredo (RFC 4380): IPv6 in UDP, through NAT.

use super::{DecodeError, Layer};

/// UDP port of Teredo servers and relays.
pub(super) const PORT: u16 = 3544;
/// Of a client's address (§2.6), and of a link-local one in messages about the service: one
/// of them is in every packet.
const PREFIX: [u8; 4] = [0x20, 0x01, 0, 0];
const LINK_LOCAL: [u8; 8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];

/// The IPv6 packet behind an authentication and an origin indication, where these are
/// (§5.1.1).
pub(super) fn strip(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Teredo);
    let mut rest = bytes;
    if let [0, 1, id_len, auth_len, ..] = *rest {
        // Four bytes of header, both values, a nonce of eight and a confirmation of one.
        let len = usize::from(id_len)
            .saturating_add(usize::from(auth_len))
            .saturating_add(13);
        rest = rest.get(len..).ok_or(TRUNCATED)?;
    }
    if let [0, 0, ..] = *rest {
        rest = rest.get(8..).ok_or(TRUNCATED)?;
    }
    let (header, _) = rest.split_first_chunk::<40>().ok_or(TRUNCATED)?;
    let is_teredo = |at: usize| {
        let address = header.get(at..).unwrap_or_default();
        address.starts_with(&PREFIX) || address.starts_with(&LINK_LOCAL)
    };
    if header[0] >> 4 == 6 && (is_teredo(8) || is_teredo(24)) {
        Ok(rest)
    } else {
        Err(DecodeError::Malformed(Layer::Teredo))
    }
}
