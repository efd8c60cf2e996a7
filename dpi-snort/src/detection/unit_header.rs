//! What rule headers ask of a unit, read once for all rules.

use super::compile::Compiled;
use crate::{
    packet::Transport,
    parser::{Ends, Protocol, RuleHeader},
    service_inspectors::services_of_rules,
    unit::InspectionUnit,
};

/// Service, protocol, ports and addresses of a unit.
pub(super) struct UnitHeader<'u> {
    service: Option<&'u str>,
    transport: &'u Transport<'u>,
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
        UnitHeader {
            service: unit.flow.and_then(|flow| flow.service),
            transport: &unit.packet.transport,
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
    /// A service takes the place of the ports once the flow's service is known; until then
    /// the ports decide ("service or port").
    pub(super) fn fits(&self, compiled: &Compiled) -> bool {
        let Compiled { rule, open, .. } = compiled;
        let header = &rule.header;
        let protocol = match &header.protocol {
            Protocol::Ip => true,
            Protocol::Tcp => matches!(self.transport, Transport::Tcp(_)),
            Protocol::Udp => matches!(self.transport, Transport::Udp { .. }),
            Protocol::Icmp => matches!(self.transport, Transport::Icmp { .. }),
            Protocol::Service(_) => self.service.is_some(),
        };
        if !protocol {
            return false;
        }
        let by_service = match self.service {
            Some(name) if !rule.services.is_empty() => {
                let is_wanted = |name: &str| rule.services.iter().any(|wanted| **wanted == *name);
                if !services_of_rules(name).any(is_wanted) {
                    return false;
                }
                true
            }
            _ => false,
        };
        let has_ports = matches!(self.transport, Transport::Tcp(_) | Transport::Udp { .. });
        let check_ports = has_ports && !by_service && !open.ports;
        (open.addresses && !check_ports) || header.matches(&self.ends, check_ports)
    }
}
