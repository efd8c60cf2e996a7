//! Transport checksums (RFC 1071): TCP, UDP, ICMP and ICMPv6.

use std::net::IpAddr;

use super::icmp::{ICMP, ICMP_V6};
use crate::packet::{Packet, Transport};

/// Offset of the checksum in a UDP header.
const UDP_CHECKSUM: usize = 6;

/// Whether a receiver would refuse the packet for its transport checksum.
///
/// The caller has made sure that the sender's kernel has computed it and that the capture
/// holds all of the packet.
pub fn has_bad_checksum(packet: &Packet<'_>) -> bool {
    let bytes = packet.ip.payload;
    let covered = match &packet.transport {
        Transport::Tcp(_) | Transport::Icmp { .. } => bytes,
        Transport::Udp { .. } => {
            let checksum = bytes.get(UDP_CHECKSUM..).and_then(|b| b.first_chunk::<2>());
            // RFC 768: zero says that the sender computed none.
            if checksum == Some(&[0, 0]) {
                return false;
            }
            // The header of eight bytes and the payload, without padding.
            let len = packet.payload.len().saturating_add(8);
            bytes.get(..len).unwrap_or(bytes)
        }
        Transport::Other => return false,
    };
    let mut sum = Sum::default();
    sum.add(covered);
    if packet.ip.protocol != ICMP {
        sum.add_pseudo_header(packet, covered.len());
    }
    sum.fold() != 0xffff
}

/// A sum of 16-bit words in network byte order.
#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(2);
        for word in words.by_ref() {
            let word = word.first_chunk().copied().unwrap_or_default();
            self.0 = self.0.saturating_add(u64::from(u16::from_be_bytes(word)));
        }
        if let [last] = words.remainder() {
            self.0 = self.0.saturating_add(u64::from(*last) << 8);
        }
    }

    fn add_pseudo_header(&mut self, packet: &Packet<'_>, len: usize) {
        for addr in [packet.ip.src, packet.ip.dst] {
            match addr {
                IpAddr::V4(v4) => self.add(&v4.octets()),
                IpAddr::V6(v6) => self.add(&v6.octets()),
            }
        }
        let protocol = match packet.transport {
            Transport::Icmp { .. } => ICMP_V6,
            _ => packet.ip.protocol,
        };
        let len = u64::try_from(len).unwrap_or(0);
        self.0 = self
            .0
            .saturating_add(len)
            .saturating_add(u64::from(protocol));
    }

    fn fold(self) -> u64 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16).saturating_add(sum & 0xffff);
        }
        sum
    }
}
