//! The inspection unit: what rules are evaluated on.

use crate::{buffers::BufferSource, packet::Packet, service_inspectors::is_of_lines};

/// One packet or rebuilt PDU with everything a rule may ask about it.
#[derive(Clone, Copy)]
pub struct InspectionUnit<'a> {
    /// Raw packet or what kind of rebuilt data.
    pub kind: UnitKind,
    /// Headers: of the raw packet, or of the packet that completed the PDU
    /// (with source and destination as the PDU went).
    pub packet: &'a Packet<'a>,
    /// `pkt_data`: payload of the packet, or the PDU.
    pub payload: &'a [u8],
    /// `raw_data`: the payload before any normalisation.
    pub raw_payload: &'a [u8],
    /// Buffers of the flow's inspector.
    pub buffers: &'a dyn BufferSource,
    /// What is known of the flow; `None` for packets without a tracked flow.
    pub flow: Option<FlowView<'a>>,
    /// `dsize`: payload bytes of the segment as on the wire; `None` where `dsize`
    /// cannot hold (a plain rebuilt PDU).
    pub dsize: Option<u32>,
    /// Which packet of its engine this is, or completed the unit; from 1 (`pkt_num`).
    pub packet_number: u64,
}

/// How the bytes of a unit came together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A packet as captured.
    Raw,
    /// A datagram rebuilt from fragments.
    RebuiltDatagram,
    /// A piece of a TCP stream without an inspector's buffers.
    RebuiltStream,
    /// The same before it is flushed: its bytes will be part of a `RebuiltStream` as well.
    HeldStream,
    /// A message (or section of one) of a service inspector.
    RebuiltPdu,
}

impl UnitKind {
    /// Whether it is a flushed piece of the stream as its segments had it, in a flow of this
    /// service: what was alerted on a segment is not alerted again on it.
    pub(crate) fn repeats_segments(self, service: Option<&str>) -> bool {
        match self {
            UnitKind::RebuiltStream => true,
            UnitKind::RebuiltPdu => service.is_some_and(is_of_lines),
            UnitKind::Raw | UnitKind::RebuiltDatagram | UnitKind::HeldStream => false,
        }
    }
}

/// State of the flow at this unit.
#[derive(Clone, Copy, Debug)]
pub struct FlowView<'a> {
    /// Whether this unit goes to the server (the end that did not send first).
    pub to_server: bool,
    /// TCP: handshake done. UDP: both ends have sent.
    pub established: bool,
    /// Service name ("http"), once known.
    pub service: Option<&'a str>,
    /// The service has several ports that mean different things, and one of them is in use:
    /// its rules are tried by their ports too.
    pub ports_count: bool,
    /// Identity of the flow in this engine.
    pub id: u64,
    /// Sequence numbers used so far by the client, this unit's and a SYN's included
    /// (`stream_size`).
    pub client_bytes: u64,
    /// The same for the server.
    pub server_bytes: u64,
}
