//! Which service a flow is of, apart from the bytes of its stream: by its port, by what
//! another flow has announced, by its datagrams.

use super::Engine;
use crate::{
    detection::FlowState,
    flow::{ExpectedFlow, Flow},
    frame::{Slot, Tag},
    packet::{Packet, TcpHeader, Transport},
    service_inspectors::{
        Announced, identify_datagram,
        ports::{is_assigned, service_of_port},
    },
    stats::Counter,
    time::Now,
};

/// Datagrams of a flow that are looked at: what its first ones are not, it hardly becomes.
const MAX_LOOKS: u8 = 4;

/// The service to assume of the server's port.
pub(super) fn of_port(packet: &Packet<'_>, is_client: bool) -> Option<&'static str> {
    match &packet.transport {
        Transport::Tcp(_) | Transport::Udp { .. } => {
            service_of_port(server_port(packet, is_client))
        }
        Transport::Icmp { .. } | Transport::Other => None,
    }
}

/// Port of the end that did not begin.
pub(super) fn server_port(packet: &Packet<'_>, from_client: bool) -> u16 {
    let (src, dst) = packet.ports();
    if from_client { dst } else { src }
}

/// Names the flow's service by a datagram: at once if it went to a port of that service, else
/// from the next one on after the other end has answered.
pub(super) fn of_datagram(flow: &mut Flow<FlowState>, packet: &Packet<'_>, from_client: bool) {
    if !matches!(packet.transport, Transport::Udp { .. }) {
        return;
    }
    if flow.seen.client && flow.seen.server {
        flow.service = flow.suspicion.service.take().or(flow.service);
    }
    if packet.payload.is_empty() || flow.suspicion.looks >= MAX_LOOKS {
        return;
    }
    flow.suspicion.looks = flow.suspicion.looks.saturating_add(1);
    let Some(service) = identify_datagram(packet.payload) else {
        return;
    };
    flow.suspicion.looks = MAX_LOOKS;
    if is_assigned(service, server_port(packet, from_client)) {
        flow.service = Some(service);
    } else {
        flow.suspicion.service = Some(service);
    }
}

impl Engine {
    /// Remembers connections that a segment has announced.
    pub(super) fn expect(
        &mut self,
        announced: &[Announced],
        packet: &Packet<'_>,
        from_client: bool,
        (tag, now): (Tag, Now),
    ) {
        for Announced {
            to_client,
            address,
            port,
        } in announced
        {
            let (src, dst) = (packet.ip.src, packet.ip.dst);
            let (client, server) = if from_client { (src, dst) } else { (dst, src) };
            let (from, own) = if *to_client {
                (server, client)
            } else {
                (client, server)
            };
            // Behind address translation an end may name an address that is none here.
            let named = address.filter(|address| *address != own);
            for to in std::iter::once(own).chain(named) {
                let flow = ExpectedFlow {
                    slot: tag.slot,
                    from,
                    to,
                    port: *port,
                };
                self.stats.count(Counter::FlowsExpected);
                if self.expected.announce(flow, "ftp-data", now.monotonic) {
                    self.stats.count(Counter::FlowsExpectedFull);
                }
            }
        }
    }

    /// The service of a connection that begins with this packet, if it was announced.
    pub(super) fn expected_service(
        &self,
        packet: &Packet<'_>,
        slot: Slot,
        now: Now,
    ) -> Option<&'static str> {
        let Transport::Tcp(header) = &packet.transport else {
            return None;
        };
        if self.expected.is_empty() {
            return None;
        }
        let ((src, dst), (src_port, dst_port)) = ((packet.ip.src, packet.ip.dst), packet.ports());
        let find = |from, to, port| {
            let flow = ExpectedFlow {
                slot,
                from,
                to,
                port,
            };
            self.expected.service_of(&flow, now.monotonic)
        };
        let forth = || find(src, dst, dst_port);
        let back = || find(dst, src, src_port);
        match header.flags & (TcpHeader::SYN | TcpHeader::ACK) {
            TcpHeader::SYN => forth(),
            // The answer to a SYN, or a connection that is met in its middle.
            _ => back().or_else(forth),
        }
    }
}
