//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};

use super::{DecodeError, Layer};
use crate::packet::{Fragment, IpHeader};

const HEADER: usize = 20;

/// A checked IPv4 packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ipv4<'a> {
    header: &'a [u8; HEADER],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// `cut`: the capture holds less than the wire did, so a payload shorter than the
    /// length field is taken as far as it goes. `big`: this may be a BIG TCP super-packet,
    /// whose length field is 0 (Linux ≥ 6.3); its length is then the frame's.
    pub(super) fn new_checked(bytes: &'a [u8], cut: bool, big: bool) -> Result<Self, DecodeError> {
        const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Ipv4);
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(TRUNCATED)?;
        if header[0] >> 4 != 4 {
            return Err(DecodeError::Version(Layer::Ipv4));
        }
        let header_len = usize::from(header[0] & 0x0f).saturating_mul(4);
        let options_len = header_len
            .checked_sub(HEADER)
            .ok_or(DecodeError::HeaderLength(Layer::Ipv4))?;
        let (options, rest) = rest.split_at_checked(options_len).ok_or(TRUNCATED)?;
        let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let payload = match total.checked_sub(header_len) {
            Some(len) => match rest.get(..len) {
                Some(payload) => payload,
                None if cut => rest,
                None => return Err(DecodeError::Beyond(Layer::Ipv4)),
            },
            None if total == 0 && (big || bytes.len() > usize::from(u16::MAX)) => rest,
            None => return Err(DecodeError::Length(Layer::Ipv4)),
        };
        Ok(Ipv4 {
            header,
            options,
            payload,
        })
    }

    pub(super) fn header(&self) -> IpHeader<'a> {
        let h = self.header;
        let id = u16::from_be_bytes([h[4], h[5]]);
        let bits = u16::from_be_bytes([h[6], h[7]]);
        IpHeader {
            src: IpAddr::V4(Ipv4Addr::new(h[12], h[13], h[14], h[15])),
            dst: IpAddr::V4(Ipv4Addr::new(h[16], h[17], h[18], h[19])),
            protocol: h[9],
            ttl: h[8],
            tos: h[1],
            id,
            fragment: Fragment {
                reserved: bits & 0x8000 != 0,
                dont_fragment: bits & 0x4000 != 0,
                more_fragments: bits & 0x2000 != 0,
                offset: bits & 0x1fff,
                id: u32::from(id),
            },
            options: self.options,
            payload: self.payload,
        }
    }
}
