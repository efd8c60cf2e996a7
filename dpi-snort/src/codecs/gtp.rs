//! GTP-U version 1 (3GPP TS 29.281): user packets of mobile networks.

use super::{DecodeError, Layer};

/// UDP port of GTP-U, as source or destination.
pub(super) const PORT: u16 = 2152;
/// Message type of a user packet.
const G_PDU: u8 = 0xff;
/// Extension headers of one message; real ones have at most two.
const MAX_EXTENSIONS: usize = 8;

/// The user's IP packet in a G-PDU.
///
/// The tunnel endpoint id is not given: each direction has its own.
pub(super) fn strip(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Gtp);
    const MALFORMED: DecodeError = DecodeError::Malformed(Layer::Gtp);
    let (head, mut rest) = bytes.split_first_chunk::<8>().ok_or(TRUNCATED)?;
    // Version 1, protocol type GTP.
    if head[0] & 0xf0 != 0x30 || head[1] != G_PDU {
        return Err(MALFORMED);
    }
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    rest = rest.get(..len).ok_or(TRUNCATED)?;
    if head[0].trailing_zeros() >= 3 {
        return Ok(rest);
    }
    let (optional, mut rest) = rest.split_first_chunk::<4>().ok_or(TRUNCATED)?;
    let mut next = if head[0] & 0x04 != 0 { optional[3] } else { 0 };
    for _ in 0..MAX_EXTENSIONS {
        if next == 0 {
            return Ok(rest);
        }
        let len = rest
            .first()
            .map(|units| usize::from(*units).saturating_mul(4))
            .ok_or(TRUNCATED)?;
        let last = len.checked_sub(1).ok_or(MALFORMED)?;
        next = *rest.get(last).ok_or(TRUNCATED)?;
        rest = rest.get(len..).ok_or(TRUNCATED)?;
    }
    Err(MALFORMED)
}
