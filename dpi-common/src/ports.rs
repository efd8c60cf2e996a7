//! Which packets the loaded rules can say anything about.

use crate::flow::protocol;

/// Words of 64 ports each.
pub const WORDS: usize = 65536 / 64;

/// Ports and protocols that rules ask for. A packet is wanted if its source port or its
/// destination port is; rules that want both of a flow's directions set the port on both
/// sides. 32 KiB and a word.
///
/// The kernel copies a new value over the old one word by word while packets are judged:
/// for that moment a port has either its old or its new bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PortBitmap {
    /// TCP source ports; port `p` is bit `p % 64` of word `p / 64`.
    pub tcp_src: [u64; WORDS],
    /// TCP destination ports.
    pub tcp_dst: [u64; WORDS],
    /// UDP source ports.
    pub udp_src: [u64; WORDS],
    /// UDP destination ports.
    pub udp_dst: [u64; WORDS],
    /// See [`flags`].
    pub flags: u64,
}

/// Bits of [`PortBitmap::flags`].
pub mod flags {
    /// All TCP, whatever its ports.
    pub const TCP: u64 = 1;
    /// All UDP, whatever its ports.
    pub const UDP: u64 = 1 << 1;
    /// ICMP and `ICMPv6`.
    pub const ICMP: u64 = 1 << 2;
    /// Every other IP protocol that is no tunnel.
    pub const OTHER: u64 = 1 << 3;
    /// IP in IP, GRE, VXLAN, Geneve: anything may be inside.
    pub const TUNNEL: u64 = 1 << 4;
    /// All of them.
    pub const ALL: u64 = TCP | UDP | ICMP | OTHER | TUNNEL;
}

/// Which port of a packet is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortSide {
    /// The source port.
    Source,
    /// The destination port.
    Destination,
}

impl PortBitmap {
    /// Nothing is wanted.
    pub const NOTHING: PortBitmap = PortBitmap {
        tcp_src: [0; WORDS],
        tcp_dst: [0; WORDS],
        udp_src: [0; WORDS],
        udp_dst: [0; WORDS],
        flags: 0,
    };

    /// Everything is wanted: what holds until the rules are known.
    pub const EVERYTHING: PortBitmap = PortBitmap {
        flags: flags::ALL,
        ..PortBitmap::NOTHING
    };

    /// Asks for TCP packets with `port` on `side`.
    pub fn want_tcp(&mut self, side: PortSide, port: u16) {
        match side {
            PortSide::Source => set(&mut self.tcp_src, port),
            PortSide::Destination => set(&mut self.tcp_dst, port),
        }
    }

    /// Asks for UDP packets with `port` on `side`.
    pub fn want_udp(&mut self, side: PortSide, port: u16) {
        match side {
            PortSide::Source => set(&mut self.udp_src, port),
            PortSide::Destination => set(&mut self.udp_dst, port),
        }
    }

    /// Asks for what the bits of [`flags`] name.
    pub fn want(&mut self, flags: u64) {
        self.flags |= flags & flags::ALL;
    }

    /// Adds all that `other` asks for.
    pub fn merge(&mut self, other: &PortBitmap) {
        let ours = [
            &mut self.tcp_src,
            &mut self.tcp_dst,
            &mut self.udp_src,
            &mut self.udp_dst,
        ];
        let theirs = [
            &other.tcp_src,
            &other.tcp_dst,
            &other.udp_src,
            &other.udp_dst,
        ];
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            for (word, more) in ours.iter_mut().zip(theirs) {
                *word |= more;
            }
        }
        self.flags |= other.flags;
    }

    /// Whether a rule may match a packet of IP `protocol` with these ports (host byte
    /// order, 0 where there are none).
    #[inline(always)]
    pub fn wants(&self, protocol: u8, src_port: u16, dst_port: u16) -> bool {
        match protocol {
            protocol::TCP => {
                self.flags & flags::TCP != 0
                    || get(&self.tcp_dst, dst_port)
                    || get(&self.tcp_src, src_port)
            }
            protocol::UDP => {
                self.flags & flags::UDP != 0
                    || get(&self.udp_dst, dst_port)
                    || get(&self.udp_src, src_port)
                    || (self.flags & flags::TUNNEL != 0 && crate::flow::is_tunnel_port(dst_port))
            }
            protocol::ICMP | protocol::ICMPV6 => self.flags & flags::ICMP != 0,
            protocol::IPIP | protocol::IPV6 | protocol::GRE => self.flags & flags::TUNNEL != 0,
            _ => self.flags & flags::OTHER != 0,
        }
    }
}

#[inline(always)]
fn get(words: &[u64; WORDS], port: u16) -> bool {
    // The mask changes nothing and shows the verifier that the index is in bounds.
    let word = words[(port >> 6) as usize & (WORDS - 1)];
    (word >> (port & 63)) & 1 != 0
}

fn set(words: &mut [u64; WORDS], port: u16) {
    words[usize::from(port >> 6)] |= 1 << (port & 63);
}

const _: () = assert!(size_of::<PortBitmap>() == 4 * 8192 + 8);
