//! What is remembered of one TCP flow: the connection, its reader, and the latest headers.

use super::TcpSession;
use crate::{
    flow::Sides,
    packet::{Fragment, IpHeader, Packet, TcpHeader, Transport},
    stream::Reader,
};

/// A TCP flow.
#[derive(Debug, Default)]
pub struct TcpFlow {
    /// The connection.
    pub session: TcpSession,
    /// What makes PDUs of its bytes.
    pub reader: Reader,
    /// Headers of the latest segment with data, of each direction: on the heap, since most
    /// flows of a flood never have any.
    pub latest: Sides<Option<Box<SegmentHeaders>>>,
    /// The flow is queued for a look at what its reader holds.
    pub awaits_look: bool,
    /// The direction whose bytes told the service, and the sequence number behind them.
    pub told_service: Option<(bool, u32)>,
    /// Segments of ciphertext that have come.
    pub ciphertext_segments: u32,
    /// Sequence number behind the bytes of the latest PDU of a service, of each direction.
    pub pdu_end: Sides<Option<u32>>,
}

impl TcpFlow {
    /// A connection of which nothing is known yet, or nothing but its service, whose bytes may
    /// be anything.
    pub fn new(is_plain: bool) -> TcpFlow {
        let reader = if is_plain {
            Reader::plain()
        } else {
            Reader::default()
        };
        TcpFlow {
            reader,
            ..TcpFlow::default()
        }
    }
}

/// Header fields that a PDU takes over from the last segment it was made of.
#[derive(Clone, Debug)]
pub struct SegmentHeaders {
    ip: IpHeader<'static>,
    tcp: TcpHeader<'static>,
    encapsulation: u32,
    layers: u8,
}

impl SegmentHeaders {
    /// Those of a segment, without its options and payload.
    pub fn of(packet: &Packet<'_>, tcp: &TcpHeader<'_>) -> SegmentHeaders {
        let ip = &packet.ip;
        SegmentHeaders {
            ip: IpHeader {
                src: ip.src,
                dst: ip.dst,
                protocol: ip.protocol,
                ttl: ip.ttl,
                tos: ip.tos,
                id: ip.id,
                fragment: Fragment::default(),
                options: &[],
                payload: &[],
            },
            tcp: TcpHeader {
                src_port: tcp.src_port,
                dst_port: tcp.dst_port,
                seq: tcp.seq,
                ack: tcp.ack,
                flags: tcp.flags,
                window: tcp.window,
                urgent: tcp.urgent,
                options: &[],
            },
            encapsulation: packet.encapsulation,
            layers: packet.layers,
        }
    }

    /// As a packet without payload.
    pub fn packet(&self) -> Packet<'_> {
        Packet {
            ip: self.ip.clone(),
            transport: Transport::Tcp(self.tcp),
            payload: &[],
            encapsulation: self.encapsulation,
            rebuilt: false,
            gso_size: 0,
            layers: self.layers,
        }
    }
}
