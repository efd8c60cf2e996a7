//! IP packets with right checksums, and what answers say.

use super::wire::Version;
use crate::checksum::{checksum, octets, transport_checksum};

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const FRAGMENT_HEADER: u8 = 44;

/// The part of a datagram that a fragment carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) id: u32,
    /// In units of eight bytes.
    pub(super) place: u16,
    pub(super) more: bool,
}

/// From the peer to the kernel.
pub(super) fn packet(
    version: Version,
    protocol: u8,
    payload: &[u8],
    part: Option<Part>,
) -> Vec<u8> {
    match version {
        Version::V4 => ipv4(protocol, payload, part),
        Version::V6 => ipv6(protocol, payload, part),
    }
}

fn ipv4(protocol: u8, payload: &[u8], part: Option<Part>) -> Vec<u8> {
    let part = part.unwrap_or(Part {
        id: 0,
        place: 0,
        more: false,
    });
    let mut packet = vec![0x45, 0];
    packet.extend(length(20 + payload.len()));
    // IPv4 has the lower half.
    packet.extend(&part.id.to_be_bytes()[2..]);
    packet.extend((part.place | if part.more { 0x2000 } else { 0 }).to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(octets(Version::V4.peer()));
    packet.extend(octets(Version::V4.kernel()));
    let sum = checksum(&[&packet]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

fn ipv6(protocol: u8, payload: &[u8], part: Option<Part>) -> Vec<u8> {
    let mut rest = Vec::new();
    let mut next = protocol;
    if let Some(part) = part {
        next = FRAGMENT_HEADER;
        rest.extend([protocol, 0]);
        rest.extend(((part.place << 3) | u16::from(part.more)).to_be_bytes());
        rest.extend(part.id.to_be_bytes());
    }
    rest.extend(payload);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length(rest.len()));
    packet.extend([next, 64]);
    packet.extend(octets(Version::V6.peer()));
    packet.extend(octets(Version::V6.kernel()));
    packet.extend(rest);
    packet
}

/// Fills in the checksum of a TCP or UDP header and payload, at `place`.
pub(super) fn with_checksum(
    version: Version,
    protocol: u8,
    mut segment: Vec<u8>,
    place: usize,
) -> Vec<u8> {
    let ends = (version.peer(), version.kernel());
    let sum = transport_checksum(ends, protocol, &segment);
    segment[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// The payload behind an answer's IP header, if it is of `protocol`.
pub(super) fn payload(packet: &[u8], protocol: u8) -> Option<&[u8]> {
    match packet.first()? >> 4 {
        4 if packet.get(9) == Some(&protocol) => {
            packet.get(usize::from(packet.first()? & 15) * 4..)
        }
        6 if packet.get(6) == Some(&protocol) => packet.get(40..),
        _ => None,
    }
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}
