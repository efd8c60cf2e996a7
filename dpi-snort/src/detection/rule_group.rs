//! Rules without a fast pattern, by what makes them worth trying: their ports or service.

use std::collections::BTreeMap;

use super::{
    compile::{Compiled, RuleIndex},
    fast_pattern::{FastPatterns, Layer, layers},
};
use crate::{
    parser::{PortSet, Protocol},
    service_inspectors::services_of_rules,
    unit::InspectionUnit,
};

/// A rule that names more ports than this is kept with those for any port.
const MAX_INDEXED_PORTS: u32 = 64;

/// Rules without a fast pattern, by layer.
#[derive(Debug, Default)]
pub(super) struct RuleGroups {
    layers: BTreeMap<Layer, RuleGroup>,
}

#[derive(Debug, Default)]
struct RuleGroup {
    any_port: Vec<RuleIndex>,
    by_port: BTreeMap<u16, Vec<RuleIndex>>,
    by_service: BTreeMap<Box<str>, Vec<RuleIndex>>,
}

impl RuleGroups {
    /// Sorts the rules that no literal leads to.
    pub(super) fn build(rules: &[Compiled], fast: &FastPatterns) -> RuleGroups {
        let mut groups = RuleGroups::default();
        for (index, compiled) in (0..).zip(rules) {
            if !fast.covers(index) {
                for layer in layers(&compiled.rule.header.protocol) {
                    groups
                        .layers
                        .entry(*layer)
                        .or_default()
                        .add(compiled, index);
                }
            }
        }
        groups
    }

    /// Calls `on_rule` for each rule worth trying; a rule may be named more than once.
    pub(super) fn each(&self, unit: &InspectionUnit<'_>, on_rule: &mut dyn FnMut(RuleIndex)) {
        let Some(group) = self.layers.get(&Layer::of(&unit.packet.transport)) else {
            return;
        };
        let (src, dst) = unit.packet.ports();
        let service = unit.flow.and_then(|flow| flow.service);
        let by_port = [src, dst].map(|port| group.by_port.get(&port));
        let by_service = service
            .into_iter()
            .flat_map(services_of_rules)
            .map(|name| group.by_service.get(name));
        let lists = by_port
            .into_iter()
            .chain(by_service)
            .flatten()
            .chain([&group.any_port]);
        for rule in lists.flatten() {
            on_rule(*rule);
        }
    }
}

impl RuleGroup {
    fn add(&mut self, compiled: &Compiled, index: RuleIndex) {
        let rule = &compiled.rule;
        for service in &rule.services {
            self.by_service
                .entry(service.clone())
                .or_default()
                .push(index);
        }
        let header = &rule.header;
        match &header.protocol {
            Protocol::Service(_) => {}
            Protocol::Tcp | Protocol::Udp => {
                let narrower = if header.dst_ports.is_any() {
                    &header.src_ports
                } else {
                    &header.dst_ports
                };
                self.add_ports(narrower, index);
            }
            Protocol::Ip | Protocol::Icmp => self.any_port.push(index),
        }
    }

    fn add_ports(&mut self, ports: &PortSet, index: RuleIndex) {
        let count: u32 = ports
            .ranges()
            .iter()
            .map(|(first, last)| u32::from(last.saturating_sub(*first)).saturating_add(1))
            .sum();
        if count > MAX_INDEXED_PORTS {
            self.any_port.push(index);
            return;
        }
        for (first, last) in ports.ranges() {
            for port in *first..=*last {
                self.by_port.entry(port).or_default().push(index);
            }
        }
    }
}
