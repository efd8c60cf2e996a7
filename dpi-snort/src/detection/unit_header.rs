//! What rule headers ask of a unit, read once for all rules.

use super::compile::Compiled;
use crate::{
    packet::Transport,
    parser::{Ends, Protocol, RuleHeader},
    service_inspectors::{ports::is_over_udp, services_of_rules},
    unit::InspectionUnit,
};

/// Service, protocol, ports and addresses of a unit.
pub(super) struct UnitHeader<'u> {
    service: Option<&'u str>,
    /// Ports tell the rules of the service apart.
    ports_count: bool,
    transport: &'u Transport<'u>,
    /// Rules for TCP are tried on its datagrams, too.
    is_over_udp: bool,
    ends: Ends,
}

/// What a rule header leaves open, so that packets need not be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    addresses: bool,
    ports: bool,
}

impl Open {
    pub(super) fn of(header: &RuleHeader) -> Open {
        Open {
            addresses: header.src.is_any() && header.dst.is_any(),
            ports: header.src_ports.is_any() && header.dst_ports.is_any(),
        }
    }
}

impl<'u> UnitHeader<'u> {
    pub(super) fn of(unit: &InspectionUnit<'u>) -> UnitHeader<'u> {
        let (src_port, dst_port) = unit.packet.ports();
        let service = unit.flow.and_then(|flow| flow.service);
        let transport = &unit.packet.transport;
        let is_udp = matches!(transport, Transport::Udp { .. });
        UnitHeader {
            service,
            ports_count: unit.flow.is_some_and(|flow| flow.ports_count),
            transport,
            is_over_udp: is_udp && service.is_some_and(is_over_udp),
            ends: Ends {
                src: unit.packet.ip.src,
                dst: unit.packet.ip.dst,
                src_port,
                dst_port,
            },
        }
    }

    /// Whether protocol, service, ports and addresses let the rule be tried at all.
    ///
    /// A service takes the place of protocol and ports once the flow's service is known; until
    /// then these decide ("service or port").
    pub(super) fn fits(&self, compiled: &Compiled) -> bool {
        let Compiled { rule, open, .. } = compiled;
        let header = &rule.header;
        let is_wanted = |name: &str| rule.services.iter().any(|wanted| **wanted == *name);
        let by_service = match self.service.filter(|_| !rule.services.is_empty()) {
            Some(name) if services_of_rules(name).any(is_wanted) => !self.ports_count,
            Some(_) => return false,
            None => false,
        };
        let (is_tcp, is_udp) = (
            matches!(self.transport, Transport::Tcp(_)),
            matches!(self.transport, Transport::Udp { .. }),
        );
        let protocol = match &header.protocol {
            Protocol::Ip => true,
            Protocol::Tcp => is_tcp || (by_service && self.is_over_udp),
            Protocol::Udp => is_udp || (by_service && is_tcp),
            Protocol::Icmp => matches!(self.transport, Transport::Icmp { .. }),
            Protocol::Service(_) => self.service.is_some(),
        };
        if !protocol {
            return false;
        }
        let check_ports = (is_tcp || is_udp) && !by_service && !open.ports;
        (open.addresses && !check_ports) || header.matches(&self.ends, check_ports)
    }
}
