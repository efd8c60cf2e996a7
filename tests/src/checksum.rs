//! The Internet checksum.

use std::net::IpAddr;

/// Of the concatenation of `parts` (RFC 1071); only the last may be odd.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let pairs = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u64 = pairs
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0)))
        .sum();
    loop {
        if let Ok(folded) = u16::try_from(sum) {
            return !folded;
        }
        sum = (sum & 0xffff) + (sum >> 16);
    }
}

/// Over the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1) and `segment`.
pub(crate) fn transport_checksum(
    (src, dst): (IpAddr, IpAddr),
    protocol: u8,
    segment: &[u8],
) -> u16 {
    let len = u32::try_from(segment.len()).expect("a segment is at most 64 KiB");
    let rest = [&len.to_be_bytes()[..], &[0, 0, 0, protocol]].concat();
    checksum(&[&octets(src), &octets(dst), &rest, segment])
}

/// An address as it stands in a header.
pub(crate) fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}
