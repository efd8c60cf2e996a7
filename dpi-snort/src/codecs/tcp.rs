//! TCP (RFC 9293).

use super::{DecodeError, Layer};
use crate::packet::TcpHeader;

const HEADER: usize = 20;

/// The header and the payload behind its options.
pub(super) fn parse(bytes: &[u8]) -> Result<(TcpHeader<'_>, &[u8]), DecodeError> {
    const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Tcp);
    let (h, rest) = bytes.split_first_chunk::<HEADER>().ok_or(TRUNCATED)?;
    let options_len = usize::from(h[12] >> 4)
        .saturating_mul(4)
        .checked_sub(HEADER)
        .ok_or(DecodeError::HeaderLength(Layer::Tcp))?;
    let (options, payload) = rest
        .split_at_checked(options_len)
        .ok_or(DecodeError::Beyond(Layer::Tcp))?;
    let header = TcpHeader {
        src_port: u16::from_be_bytes([h[0], h[1]]),
        dst_port: u16::from_be_bytes([h[2], h[3]]),
        seq: u32::from_be_bytes([h[4], h[5], h[6], h[7]]),
        ack: u32::from_be_bytes([h[8], h[9], h[10], h[11]]),
        flags: h[13],
        window: u16::from_be_bytes([h[14], h[15]]),
        urgent: u16::from_be_bytes([h[18], h[19]]),
        options,
    };
    Ok((header, payload))
}
