//! From layer to layer, down to the innermost IP packet.

use super::{
    DecodeError, erspan,
    ethernet::{
        ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS, ETHERTYPE_MPLS_MULTICAST, ETHERTYPE_PPP,
        ETHERTYPE_PPPOE, ETHERTYPE_QINQ, ETHERTYPE_QINQ_OLD, ETHERTYPE_TEB, ETHERTYPE_VLAN,
        Ethernet,
    },
    geneve::{self, Geneve},
    gre::Gre,
    gtp,
    icmp::{ICMP, ICMP_V6, Icmp},
    ipv4::Ipv4,
    ipv6::{AH, Ipv6, is_extension, strip_ah},
    linux_sll, loopback,
    mpls::Mpls,
    ppp::{Ppp, Pppoe},
    tcp, teredo,
    udp::Udp,
    vlan::Vlan,
    vxlan::{self, Vxlan},
};
use crate::{
    config::Config,
    frame::{Frame, LinkType},
    packet::{IpHeader, Packet, Transport},
};

const PROTOCOL_IPIP: u8 = 4;
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;
const PROTOCOL_IPV6: u8 = 41;
const PROTOCOL_GRE: u8 = 47;

/// How far the walk may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Headers of one frame, from the link layer to the innermost IP header.
    pub max_layers: usize,
    /// IPv6 extension headers of one IP header.
    pub max_ipv6_extensions: usize,
}

impl DecodeLimits {
    /// The limits that a configuration states.
    pub fn of(config: &Config) -> Self {
        DecodeLimits {
            max_layers: config.max_layers,
            max_ipv6_extensions: config.max_ipv6_extensions,
        }
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits::of(&Config::default())
    }
}

/// A packet, and what could not be read of it.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    /// The innermost IP packet that could be read.
    pub packet: Packet<'a>,
    /// Why the walk ended before the end: inside a tunnel, or at the transport header.
    pub incomplete: Option<DecodeError>,
    /// IP headers that were read, this packet's with them.
    pub ip_headers: usize,
}

/// What is inside a packet: how it begins, and its bytes.
type Tunnel<'a> = Option<(Next, &'a [u8])>;

/// Finds the innermost IP packet of a frame.
pub fn decode<'a>(frame: &Frame<'a>, limits: &DecodeLimits) -> Result<Decoded<'a>, DecodeError> {
    let mut walk = Walk {
        limits: *limits,
        cut: usize::try_from(frame.wire_len).is_ok_and(|wire| wire > frame.bytes.len()),
        gso_size: frame.gso_size,
        layers: 0,
        encapsulation: 0,
        rebuilt: false,
    };
    if let Some(tag) = frame.vlan {
        walk.encapsulate(u32::from(tag.tci & 0x0fff));
    }
    let first = match frame.link_type {
        LinkType::Ethernet => Next::Ethernet,
        LinkType::RawIp => Next::Ip,
        LinkType::LinuxSll => Next::LinuxSll,
        LinkType::LinuxSll2 => Next::LinuxSll2,
        LinkType::Null | LinkType::Loop => Next::Loopback,
        LinkType::Ppp => Next::Ppp,
    };
    walk.run(first, frame.bytes, None)
}

/// Reads the transport header, and tunnels behind it, of a datagram rebuilt from fragments.
///
/// `ip` is the header of its first fragment with the whole payload; its fragmentation
/// fields are cleared here, `encapsulation` and `layers` are the fragments' own.
pub fn decode_datagram<'a>(
    mut ip: IpHeader<'a>,
    encapsulation: u32,
    layers: u8,
    limits: &DecodeLimits,
) -> Result<Decoded<'a>, DecodeError> {
    ip.fragment.more_fragments = false;
    ip.fragment.offset = 0;
    let mut walk = Walk {
        limits: *limits,
        cut: false,
        gso_size: 0,
        layers: usize::from(layers),
        encapsulation,
        rebuilt: true,
    };
    let (packet, incomplete, tunnel) = walk.packet(ip);
    let outer = Decoded {
        packet,
        incomplete,
        ip_headers: 1,
    };
    match tunnel {
        Some((next, bytes)) => walk.run(next, bytes, Some(outer)),
        None => Ok(outer),
    }
}

/// What the next bytes are.
#[derive(Clone, Copy)]
enum Next {
    Ethernet,
    LinuxSll,
    LinuxSll2,
    Loopback,
    Ppp,
    Pppoe,
    Mpls,
    Vlan,
    Ip,
    Ipv4,
    Ipv6,
}

impl Next {
    fn of_ethertype(ethertype: u16) -> Result<Next, DecodeError> {
        Ok(match ethertype {
            ETHERTYPE_IPV4 => Next::Ipv4,
            ETHERTYPE_IPV6 => Next::Ipv6,
            ETHERTYPE_VLAN | ETHERTYPE_QINQ | ETHERTYPE_QINQ_OLD => Next::Vlan,
            ETHERTYPE_MPLS | ETHERTYPE_MPLS_MULTICAST => Next::Mpls,
            ETHERTYPE_PPPOE => Next::Pppoe,
            ETHERTYPE_TEB => Next::Ethernet,
            ETHERTYPE_PPP => Next::Ppp,
            other => return Err(DecodeError::NotIp(other)),
        })
    }
}

/// One step of the walk: to another layer, or to an IP packet.
enum Step<'a> {
    Layer(Next, &'a [u8]),
    Ip(IpHeader<'a>),
}

struct Walk {
    limits: DecodeLimits,
    cut: bool,
    gso_size: u16,
    layers: usize,
    encapsulation: u32,
    rebuilt: bool,
}

impl Walk {
    fn run<'a>(
        &mut self,
        mut next: Next,
        mut bytes: &'a [u8],
        mut found: Option<Decoded<'a>>,
    ) -> Result<Decoded<'a>, DecodeError> {
        loop {
            let step = self.step(next, bytes);
            match step {
                Ok(Step::Layer(n, b)) => (next, bytes) = (n, b),
                Ok(Step::Ip(ip)) => {
                    let (packet, incomplete, tunnel) = self.packet(ip);
                    let outer = found.as_ref().map_or(0, |outer| outer.ip_headers);
                    let decoded = found.insert(Decoded {
                        packet,
                        incomplete,
                        ip_headers: outer.saturating_add(1),
                    });
                    match tunnel {
                        Some((n, b)) => (next, bytes) = (n, b),
                        None => return Ok(decoded.clone()),
                    }
                }
                Err(error) => {
                    let mut outer = found.ok_or(error)?;
                    outer.incomplete = Some(error);
                    return Ok(outer);
                }
            }
        }
    }

    fn step<'a>(&mut self, next: Next, bytes: &'a [u8]) -> Result<Step<'a>, DecodeError> {
        self.layers = self.layers.saturating_add(1);
        if self.layers > self.limits.max_layers {
            return Err(DecodeError::TooManyLayers(self.limits.max_layers));
        }
        let ethertype = |(ethertype, payload): (u16, &'a [u8])| {
            Next::of_ethertype(ethertype).map(|next| Step::Layer(next, payload))
        };
        match next {
            Next::Ethernet => {
                let ethernet = Ethernet::new_checked(bytes)?;
                ethertype((ethernet.ethertype(), ethernet.payload()))
            }
            Next::LinuxSll => ethertype(linux_sll::v1(bytes)?),
            Next::LinuxSll2 => ethertype(linux_sll::v2(bytes)?),
            Next::Loopback => Ok(Step::Layer(Next::Ip, loopback::strip(bytes)?)),
            Next::Ppp => {
                let ppp = Ppp::new_checked(bytes)?;
                if ppp.is_ip() {
                    Ok(Step::Layer(Next::Ip, ppp.payload()))
                } else {
                    Err(DecodeError::NotIp(ppp.protocol()))
                }
            }
            Next::Pppoe => {
                let pppoe = Pppoe::new_checked(bytes)?;
                self.encapsulate(u32::from(pppoe.session()));
                Ok(Step::Layer(Next::Ppp, pppoe.payload()))
            }
            Next::Mpls => {
                // Labels are not part of the flow's identity: each direction has its own.
                let mpls = Mpls::new_checked(bytes)?;
                let next = if mpls.is_bottom() {
                    Next::Ip
                } else {
                    Next::Mpls
                };
                Ok(Step::Layer(next, mpls.payload()))
            }
            Next::Vlan => {
                let vlan = Vlan::new_checked(bytes)?;
                self.encapsulate(u32::from(vlan.id()));
                ethertype((vlan.ethertype(), vlan.payload()))
            }
            Next::Ip => match bytes.first().map(|b| b >> 4) {
                Some(6) => self.ipv6(bytes),
                _ => self.ipv4(bytes),
            },
            Next::Ipv4 => self.ipv4(bytes),
            Next::Ipv6 => self.ipv6(bytes),
        }
    }

    fn ipv4<'a>(&self, bytes: &'a [u8]) -> Result<Step<'a>, DecodeError> {
        Ipv4::new_checked(bytes, self.cut, self.gso_size != 0).map(|ip| Step::Ip(ip.header()))
    }

    fn ipv6<'a>(&self, bytes: &'a [u8]) -> Result<Step<'a>, DecodeError> {
        let max = self.limits.max_ipv6_extensions;
        Ipv6::new_checked(bytes, self.cut, self.gso_size != 0, max).map(|ip| Step::Ip(ip.header()))
    }

    /// The packet of an IP header, what of it could not be read, and the tunnel it carries.
    fn packet<'a>(
        &mut self,
        mut ip: IpHeader<'a>,
    ) -> (Packet<'a>, Option<DecodeError>, Tunnel<'a>) {
        let (transport, payload, incomplete) = match self.transport(&mut ip) {
            Ok((transport, payload)) => {
                let is_unfollowed =
                    ip.src.is_ipv6() && is_extension(ip.protocol) && !ip.fragment.is_fragmented();
                let max = self.limits.max_ipv6_extensions;
                let error = is_unfollowed.then_some(DecodeError::TooManyExtensions(max));
                (transport, payload, error)
            }
            // Neither the kernel nor Snort gives an application what stands behind a
            // broken transport header.
            Err(error) => (Transport::Other, &[][..], Some(error)),
        };
        let packet = Packet {
            ip,
            transport,
            payload,
            encapsulation: self.encapsulation,
            rebuilt: self.rebuilt,
            gso_size: self.gso_size,
            layers: u8::try_from(self.layers).unwrap_or(u8::MAX),
        };
        match self.tunnel(&packet) {
            Ok(tunnel) => (packet, incomplete, tunnel),
            Err(error) => (packet, incomplete.or(Some(error)), None),
        }
    }

    fn transport<'a>(
        &self,
        ip: &mut IpHeader<'a>,
    ) -> Result<(Transport<'a>, &'a [u8]), DecodeError> {
        if ip.fragment.is_fragmented() {
            return Ok((Transport::Other, ip.payload));
        }
        if ip.protocol == AH {
            (ip.protocol, ip.payload) = strip_ah(ip.payload)?;
        }
        let bytes = ip.payload;
        match ip.protocol {
            PROTOCOL_TCP => tcp::parse(bytes).map(|(tcp, payload)| (Transport::Tcp(tcp), payload)),
            PROTOCOL_UDP => Udp::new_checked(bytes, self.cut, self.gso_size != 0).map(|udp| {
                let transport = Transport::Udp {
                    src_port: udp.src_port(),
                    dst_port: udp.dst_port(),
                };
                (transport, udp.payload())
            }),
            ICMP | ICMP_V6 => Icmp::new_checked(bytes, ip.src.is_ipv6()).map(|icmp| {
                let transport = Transport::Icmp {
                    icmp_type: icmp.icmp_type(),
                    code: icmp.code(),
                    id: icmp.echo_id(),
                    seq: icmp.echo_seq(),
                };
                (transport, icmp.payload())
            }),
            _ => Ok((Transport::Other, bytes)),
        }
    }

    /// What a packet carries if it is a tunnel's; an error if it should be one and is not.
    fn tunnel<'a>(&mut self, packet: &Packet<'a>) -> Result<Option<(Next, &'a [u8])>, DecodeError> {
        if packet.ip.fragment.is_fragmented() {
            return Ok(None);
        }
        let payload = packet.payload;
        Ok(match (packet.ip.protocol, &packet.transport) {
            (PROTOCOL_IPIP, _) => Some((Next::Ipv4, payload)),
            (PROTOCOL_IPV6, _) => Some((Next::Ipv6, payload)),
            (PROTOCOL_GRE, _) => {
                let gre = Gre::new_checked(payload)?;
                if let Some(mirrored) = erspan::strip(&gre) {
                    return Ok(Some((Next::Ethernet, mirrored?)));
                }
                let next = Next::of_ethertype(gre.ethertype())?;
                self.encapsulate(gre.key());
                Some((next, gre.payload()))
            }
            (_, Transport::Udp { dst_port, .. }) if *dst_port == vxlan::PORT => {
                let vxlan = Vxlan::new_checked(payload)?;
                self.encapsulate(vxlan.vni());
                Some((Next::Ethernet, vxlan.payload()))
            }
            (_, Transport::Udp { dst_port, .. }) if *dst_port == geneve::PORT => {
                let geneve = Geneve::new_checked(payload)?;
                let next = Next::of_ethertype(geneve.ethertype())?;
                self.encapsulate(geneve.vni());
                Some((next, geneve.payload()))
            }
            (_, Transport::Udp { src_port, dst_port })
                if *src_port == gtp::PORT || *dst_port == gtp::PORT =>
            {
                Some((Next::Ip, gtp::strip(payload)?))
            }
            (_, Transport::Udp { src_port, dst_port })
                if *src_port == teredo::PORT || *dst_port == teredo::PORT =>
            {
                Some((Next::Ipv6, teredo::strip(payload)?))
            }
            _ => None,
        })
    }

    /// Adds an id that separates equal 5-tuples. Id 0 leaves the hash as it was: a priority
    /// tag (VLAN 0), which one direction may have and the other not, must not split a flow.
    fn encapsulate(&mut self, id: u32) {
        if id != 0 {
            // FNV-1a's prime spreads the few bits that ids differ in.
            self.encapsulation = (self.encapsulation.rotate_left(5) ^ id).wrapping_mul(0x0100_0193);
        }
    }
}
