//! Packets for the tests of this crate.

pub(crate) mod wire;

use crate::packet::{Fragment, IpHeader, Packet, TcpHeader, Transport};

/// A TCP segment 10.0.0.1:1000 → 10.0.0.2:80, with ACK alone.
pub(crate) fn packet(payload: &[u8]) -> Packet<'_> {
    Packet {
        ip: IpHeader {
            src: [10, 0, 0, 1].into(),
            dst: [10, 0, 0, 2].into(),
            protocol: 6,
            ttl: 64,
            tos: 8,
            id: 7,
            fragment: Fragment::default(),
            options: &[],
            payload,
        },
        transport: Transport::Tcp(tcp()),
        payload,
        encapsulation: 0,
        rebuilt: false,
        gso_size: 0,
        layers: 1,
    }
}

/// The header of that segment.
pub(crate) fn tcp() -> TcpHeader<'static> {
    TcpHeader {
        src_port: 1000,
        dst_port: 80,
        seq: 100,
        ack: 200,
        flags: TcpHeader::ACK,
        window: 300,
        urgent: 0,
        options: &[],
    }
}
