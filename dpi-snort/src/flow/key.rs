//! When two packets are of one flow.

use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
};

use crate::{
    frame::Slot,
    output::FlowEndpoints,
    packet::{Packet, Transport},
};

/// Workload, addresses, ports, protocol and encapsulation, the same for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// The workload whose packets these are.
    pub slot: Slot,
    /// IP protocol number.
    pub protocol: u8,
    /// Hash of VLAN and tunnel ids.
    pub encapsulation: u32,
    low: End,
    high: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    addr: IpAddr,
    port: u16,
}

impl FlowKey {
    /// The key of a packet, and whether the packet comes from the lower of the two ends.
    ///
    /// `None` for what is no flow of its own: fragments, and ICMP messages that report on
    /// another packet. Echoes of one identifier are one flow.
    pub fn of(packet: &Packet<'_>, slot: Slot) -> Option<(FlowKey, bool)> {
        let (src_port, dst_port) = match &packet.transport {
            Transport::Icmp { icmp_type, .. } if is_icmp_error(packet.ip.protocol, *icmp_type) => {
                return None;
            }
            Transport::Icmp { id, .. } => (id.unwrap_or(0), id.unwrap_or(0)),
            Transport::Other if packet.ip.fragment.is_fragmented() => return None,
            _ => packet.ports(),
        };
        let src = End {
            addr: packet.ip.src,
            port: src_port,
        };
        let dst = End {
            addr: packet.ip.dst,
            port: dst_port,
        };
        let from_low = src <= dst;
        let (low, high) = if from_low { (src, dst) } else { (dst, src) };
        let key = FlowKey {
            slot,
            protocol: packet.ip.protocol,
            encapsulation: packet.encapsulation,
            low,
            high,
        };
        Some((key, from_low))
    }

    /// Addresses and ports as of a packet from the lower end, or from the higher.
    pub fn endpoints(&self, from_low: bool) -> FlowEndpoints {
        let (src, dst) = if from_low {
            (self.low, self.high)
        } else {
            (self.high, self.low)
        };
        FlowEndpoints {
            src: src.addr,
            dst: dst.addr,
            src_port: src.port,
            dst_port: dst.port,
            protocol: self.protocol,
        }
    }
}

/// In two or three writes: a keyed hash takes its time for each, and every packet asks.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let numbers = [
            self.slot.0,
            self.encapsulation,
            u32::from(self.low.port) << 16 | u32::from(self.high.port),
            self.protocol.into(),
        ];
        let numbers = numbers.map(u64::from);
        let [slot, encapsulation, ports, protocol] = numbers;
        state.write_u128(
            u128::from(slot << 32 | encapsulation) << 64 | u128::from(ports << 8 | protocol),
        );
        match (self.low.addr, self.high.addr) {
            (IpAddr::V4(low), IpAddr::V4(high)) => {
                let (low, high) = (u64::from(low.to_bits()), u64::from(high.to_bits()));
                state.write_u64(low << 32 | high);
            }
            (low, high) => {
                for addr in [low, high] {
                    match addr {
                        IpAddr::V4(v4) => state.write_u32(v4.to_bits()),
                        IpAddr::V6(v6) => state.write_u128(v6.to_bits()),
                    }
                }
            }
        }
    }
}

/// RFC 792, RFC 4443 (2.1): these carry the packet they complain of.
fn is_icmp_error(protocol: u8, icmp_type: u8) -> bool {
    const ICMP_V6: u8 = 58;
    if protocol == ICMP_V6 {
        icmp_type < 128
    } else {
        matches!(icmp_type, 3 | 4 | 5 | 11 | 12)
    }
}
