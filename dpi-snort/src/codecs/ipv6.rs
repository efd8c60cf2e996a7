//! IPv6 (RFC 8200) with its extension headers, and AH (RFC 4302) in front of either version's payload.

use std::net::{IpAddr, Ipv6Addr};

use super::{DecodeError, Layer};
use crate::packet::{Fragment, IpHeader};

const HEADER: usize = 40;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
/// Authentication header.
pub(super) const AH: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// A checked IPv6 packet, its extension headers walked.
#[derive(Clone, Debug)]
pub(super) struct Ipv6<'a> {
    header: &'a [u8; HEADER],
    protocol: u8,
    fragment: Fragment,
    payload: &'a [u8],
}

impl<'a> Ipv6<'a> {
    /// `cut` as for IPv4. A length field of 0 is a jumbogram (RFC 2675) or a BIG TCP super-packet
    /// (`big`): its length is then the frame's.
    pub(super) fn new_checked(
        bytes: &'a [u8],
        cut: bool,
        big: bool,
        max_extensions: usize,
    ) -> Result<Self, DecodeError> {
        let (header, rest) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or(DecodeError::Truncated(Layer::Ipv6))?;
        if header[0] >> 4 != 6 {
            return Err(DecodeError::Version(Layer::Ipv6));
        }
        let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let jumbo = len == 0 && (big || header[6] == HOP_BY_HOP || rest.len() > 0xffff);
        let payload = match rest.get(..len) {
            _ if jumbo => rest,
            Some(payload) => payload,
            None if cut => rest,
            None => return Err(DecodeError::Beyond(Layer::Ipv6)),
        };
        let mut ipv6 = Ipv6 {
            header,
            protocol: header[6],
            fragment: Fragment::default(),
            payload,
        };
        ipv6.walk(max_extensions)?;
        Ok(ipv6)
    }

    /// Follows at most so many extension headers; the next one is the payload then, and
    /// [`is_extension`] says so of the protocol.
    fn walk(&mut self, max_extensions: usize) -> Result<(), DecodeError> {
        let mut extensions = 0_usize;
        while let Some(extension) = Extension::new_checked(self.protocol, self.payload)? {
            extensions = extensions.saturating_add(1);
            if extensions > max_extensions {
                break;
            }
            if let Some(fragment) = extension.fragment {
                self.fragment = fragment;
            }
            self.protocol = extension.next_header;
            self.payload = extension.payload;
            if self.fragment.is_fragmented() {
                // The rest belongs to the datagram, not to this piece of it.
                break;
            }
        }
        Ok(())
    }

    pub(super) fn header(&self) -> IpHeader<'a> {
        let h = self.header;
        let address = |at: usize| {
            let bytes = h.get(at..).and_then(|b| b.first_chunk::<16>());
            IpAddr::V6(Ipv6Addr::from(bytes.copied().unwrap_or_default()))
        };
        IpHeader {
            src: address(8),
            dst: address(24),
            protocol: self.protocol,
            ttl: h[7],
            tos: (h[0] << 4) | (h[1] >> 4),
            id: 0,
            fragment: self.fragment,
            options: &[],
            payload: self.payload,
        }
    }
}

/// One extension header.
struct Extension<'a> {
    next_header: u8,
    fragment: Option<Fragment>,
    payload: &'a [u8],
}

impl<'a> Extension<'a> {
    /// `None` if `protocol` is no extension header.
    fn new_checked(protocol: u8, bytes: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Ipv6Extension);
        match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 => {
                let (head, _) = bytes.split_first_chunk::<2>().ok_or(TRUNCATED)?;
                let len = usize::from(head[1]).saturating_add(1).saturating_mul(8);
                let payload = bytes.get(len..).ok_or(TRUNCATED)?;
                Ok(Some(Extension {
                    next_header: head[0],
                    fragment: None,
                    payload,
                }))
            }
            FRAGMENT => {
                let (head, payload) = bytes.split_first_chunk::<8>().ok_or(TRUNCATED)?;
                let bits = u16::from_be_bytes([head[2], head[3]]);
                Ok(Some(Extension {
                    next_header: head[0],
                    fragment: Some(Fragment {
                        more_fragments: bits & 1 != 0,
                        offset: bits >> 3,
                        id: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
                        ..Fragment::default()
                    }),
                    payload,
                }))
            }
            AH => strip_ah(bytes).map(|(next_header, payload)| {
                Some(Extension {
                    next_header,
                    fragment: None,
                    payload,
                })
            }),
            _ => Ok(None),
        }
    }
}

/// Whether a protocol number is that of an extension header: of a packet that was walked, one
/// that was not followed.
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | AH | DESTINATION | MOBILITY | HIP | SHIM6
    )
}

/// Next header and payload behind an authentication header.
pub(super) fn strip_ah(bytes: &[u8]) -> Result<(u8, &[u8]), DecodeError> {
    const TRUNCATED: DecodeError = DecodeError::Truncated(Layer::Ah);
    let (head, _) = bytes.split_first_chunk::<12>().ok_or(TRUNCATED)?;
    // RFC 4302 (2.2): length in units of 4 bytes, minus 2.
    let len = usize::from(head[1]).saturating_add(2).saturating_mul(4);
    Ok((head[0], bytes.get(len.max(12)..).ok_or(TRUNCATED)?))
}
