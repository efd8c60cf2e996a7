//! One TCP segment within a captured frame.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use crate::checksum::checksum;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// UDP ports of VXLAN, Geneve, GTP-U and Teredo.
const TUNNELS: [u16; 5] = [4789, 8472, 6081, 2152, 3544];
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const URG: u8 = 0x20;
const FRAGMENT_HEADER: u8 = 44;
const IPV6_LEN: usize = 40;

/// A segment with payload whose stream bytes may be cut elsewhere: no SYN, RST or urgent
/// data, whole, not itself in a fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    frame: &'a [u8],
    /// Where its IP header, TCP header and payload begin.
    ip: usize,
    tcp: usize,
    data: usize,
    /// Where its payload ends; padding of the link may follow.
    end: usize,
    /// Whether its checksum is right: pieces of a wrong one must be wrong.
    valid: bool,
}

impl<'a> Segment<'a> {
    /// The segment in a frame of this link type, if it has one that may be cut.
    pub(super) fn find(link_type: u32, frame: &'a [u8]) -> Option<Segment<'a>> {
        let ip = network(link_type, frame)?;
        let (tcp, end) = match frame.get(ip)? >> 4 {
            4 => ipv4(frame, ip)?,
            6 => ipv6(frame, ip)?,
            _ => return None,
        };
        let flags = *frame.get(tcp + 13)?;
        let data = tcp + usize::from(frame.get(tcp + 12)? >> 4) * 4;
        if flags & (SYN | RST | URG) != 0 || data < tcp + 20 || data >= end || end > frame.len() {
            return None;
        }
        let mut segment = Segment {
            frame,
            ip,
            tcp,
            data,
            end,
            valid: true,
        };
        segment.valid = segment.checksum(&frame[tcp..end]) == be16(frame, tcp + 16)?;
        Some(segment)
    }

    /// Bytes of payload.
    pub(super) fn len(&self) -> usize {
        self.end - self.data
    }

    /// Source and destination with their ports: which direction of which flow it belongs to.
    pub(super) fn direction(&self) -> &'a [u8] {
        let addresses = if self.is_ipv4() { 12 } else { 8 };
        &self.frame[self.ip + addresses..self.tcp + 4]
    }

    /// The frame of a segment with a part of the payload. FIN and PSH stay with the last byte.
    pub(super) fn piece(&self, part: Range<usize>) -> Vec<u8> {
        let header = self.data - self.tcp;
        let mut tcp = self.frame[self.tcp..self.data].to_vec();
        tcp.extend(&self.frame[self.data + part.start..self.data + part.end]);
        let from = u32::try_from(part.start).unwrap_or(u32::MAX);
        let seq = be32(&tcp, 4).unwrap_or(0).wrapping_add(from);
        tcp[4..8].copy_from_slice(&seq.to_be_bytes());
        if part.end < self.len() {
            tcp[13] &= !(FIN | PSH);
        }
        debug_assert_eq!(tcp.len(), header + part.len());
        let sum = self.checksum(&tcp) ^ if self.valid { 0 } else { 0x00ff };
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        self.packet(&tcp, None)
    }

    /// The segment in fragments of `size` bytes, a multiple of eight.
    pub(super) fn fragments(&self, size: usize, id: u16) -> Vec<Vec<u8>> {
        let tcp = &self.frame[self.tcp..self.end];
        let count = tcp.len().div_ceil(size);
        let pieces = tcp.chunks(size).enumerate();
        pieces
            .map(|(n, piece)| {
                let place = u16::try_from(n * size / 8).unwrap_or(u16::MAX);
                self.packet(piece, Some((id, place, n + 1 < count)))
            })
            .collect()
    }

    fn is_ipv4(&self) -> bool {
        self.frame[self.ip] >> 4 == 4
    }

    /// Link and IP header as they were, with this behind them; `part`: identification,
    /// place in units of eight bytes, whether more follow.
    fn packet(&self, payload: &[u8], part: Option<(u16, u16, bool)>) -> Vec<u8> {
        let mut frame = self.frame[..self.tcp].to_vec();
        let ip = self.ip;
        if self.is_ipv4() {
            let len = u16::try_from(self.tcp - ip + payload.len()).unwrap_or(u16::MAX);
            frame[ip + 2..ip + 4].copy_from_slice(&len.to_be_bytes());
            if let Some((id, place, more)) = part {
                frame[ip + 4..ip + 6].copy_from_slice(&id.to_be_bytes());
                let field = place | if more { 0x2000 } else { 0 };
                frame[ip + 6..ip + 8].copy_from_slice(&field.to_be_bytes());
            }
            frame[ip + 10..ip + 12].fill(0);
            let sum = checksum(&[&frame[ip..self.tcp]]);
            frame[ip + 10..ip + 12].copy_from_slice(&sum.to_be_bytes());
        } else {
            if let Some((id, place, more)) = part {
                frame[ip + 6] = FRAGMENT_HEADER;
                frame.extend([TCP, 0]);
                frame.extend(((place << 3) | u16::from(more)).to_be_bytes());
                frame.extend(u32::from(id).to_be_bytes());
            }
            let len = frame.len() - ip - IPV6_LEN + payload.len();
            let len = u16::try_from(len).unwrap_or(u16::MAX);
            frame[ip + 4..ip + 6].copy_from_slice(&len.to_be_bytes());
        }
        frame.extend(payload);
        frame
    }

    /// What the TCP checksum of `tcp` between these addresses should be (RFC 9293 §3.1).
    fn checksum(&self, tcp: &[u8]) -> u16 {
        let addresses = if self.is_ipv4() {
            &self.frame[self.ip + 12..self.ip + 20]
        } else {
            &self.frame[self.ip + 8..self.ip + IPV6_LEN]
        };
        let len = u32::try_from(tcp.len()).unwrap_or(0).to_be_bytes();
        checksum(&[addresses, &len, &[0, TCP], &tcp[..16], &tcp[18..]])
    }
}

/// Source and destination of a frame's IP packet; `None` without one, and for a tunnel or
/// anything else than TCP, UDP and ICMP, whose flow may be another.
pub(super) fn addresses(link_type: u32, frame: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let ip = network(link_type, frame)?;
    let (protocol, transport, src, dst) = if frame.get(ip)? >> 4 == 4 {
        let at = |place: usize| -> Option<IpAddr> {
            let octets: [u8; 4] = frame.get(ip + place..ip + place + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets).into())
        };
        let header = usize::from(frame.get(ip)? & 15) * 4;
        (*frame.get(ip + 9)?, ip + header, at(12)?, at(16)?)
    } else {
        let at = |place: usize| -> Option<IpAddr> {
            let octets: [u8; 16] = frame.get(ip + place..ip + place + 16)?.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        };
        (*frame.get(ip + 6)?, ip + IPV6_LEN, at(8)?, at(24)?)
    };
    let is_tunnel = |at: usize| be16(frame, at).is_some_and(|port| TUNNELS.contains(&port));
    let is_known = match protocol {
        1 | TCP | 58 => true,
        UDP => !is_tunnel(transport) && !is_tunnel(transport + 2),
        _ => false,
    };
    is_known.then_some((src, dst))
}

/// Where the IP header begins.
fn network(link_type: u32, frame: &[u8]) -> Option<usize> {
    match link_type {
        0 | 108 => Some(4),
        1 => {
            let mut at = 12;
            while matches!(be16(frame, at)?, 0x8100 | 0x88a8) {
                at += 4;
            }
            matches!(be16(frame, at)?, 0x0800 | 0x86dd).then_some(at + 2)
        }
        101 | 12 | 228 | 229 => Some(0),
        113 => Some(16),
        276 => Some(20),
        _ => None,
    }
}

/// Where TCP begins and the packet ends.
fn ipv4(frame: &[u8], ip: usize) -> Option<(usize, usize)> {
    let tcp = ip + usize::from(frame.get(ip)? & 15) * 4;
    let is_fragment = be16(frame, ip + 6)? & 0x3fff != 0;
    let is_tcp = *frame.get(ip + 9)? == TCP && tcp >= ip + 20;
    (is_tcp && !is_fragment).then_some((tcp, ip + usize::from(be16(frame, ip + 2)?)))
}

fn ipv6(frame: &[u8], ip: usize) -> Option<(usize, usize)> {
    let tcp = ip + IPV6_LEN;
    let end = tcp + usize::from(be16(frame, ip + 4)?);
    (*frame.get(ip + 6)? == TCP).then_some((tcp, end))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(two))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet, IPv4 with DF, TCP with PSH and ACK, eight bytes, padded by two.
    fn frame() -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0]);
        frame.extend([0x45, 0, 0, 48, 0, 1, 0x40, 0, 64, 6, 0, 0]);
        frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([
            0, 80, 4, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0x50, 0x19, 1, 0, 0, 0, 0, 0,
        ]);
        frame.extend(b"abcdefgh");
        frame.extend([0, 0]);
        let made = Segment::find(1, &frame).expect("a segment");
        let sum = made.checksum(&frame[34..62]);
        frame[50..52].copy_from_slice(&sum.to_be_bytes());
        frame
    }

    #[test]
    fn pieces_are_right_where_the_whole_was() {
        let mut frame = frame();
        for valid in [true, false] {
            let whole = Segment::find(1, &frame).expect("a segment");
            assert_eq!((whole.valid, whole.len()), (valid, 8));
            let (head, tail) = (whole.piece(0..3), whole.piece(3..8));
            for (piece, payload, seq, flags) in [
                (&head, b"abc".as_slice(), 256, 0x10),
                (&tail, b"defgh".as_slice(), 259, 0x19),
            ] {
                let found = Segment::find(1, piece).expect("a segment");
                assert_eq!(found.valid, valid);
                assert_eq!(&piece[54..], payload);
                assert_eq!(be32(piece, 38), Some(seq));
                assert_eq!(piece[47], flags);
                assert_eq!(checksum(&[&piece[14..34]]), 0);
            }
            frame[50] ^= 1;
        }
    }

    #[test]
    fn fragments_hold_the_whole() {
        let frame = frame();
        let whole = Segment::find(1, &frame).expect("a segment");
        let fragments = whole.fragments(16, 7);
        let fields: Vec<_> = fragments.iter().map(|f| be16(f, 20)).collect();
        assert_eq!(fields, [Some(0x2000), Some(2)]);
        let bytes: Vec<u8> = fragments.iter().flat_map(|f| f[34..].to_vec()).collect();
        assert_eq!(bytes, frame[34..62]);
        assert!(fragments.iter().all(|f| Segment::find(1, f).is_none()));
    }

    #[test]
    fn what_may_not_be_cut_is_left_alone() {
        let frame = frame();
        for (at, value) in [
            (12, 0x88),
            (14, 0x55),
            (20, 0x20),
            (23, 17),
            (47, 2),
            (47, 0x20),
            (47, 4),
        ] {
            let mut other = frame.clone();
            other[at] = value;
            assert!(Segment::find(1, &other).is_none(), "{at} {value}");
        }
        for len in 0..62 {
            assert!(Segment::find(1, &frame[..len]).is_none(), "{len}");
        }
    }
}
