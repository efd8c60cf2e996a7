//! Which groups of rules a unit has to do with.
//!
//! As in Snort: once the service of a flow is known, the rules for it and the rules that name
//! no service, of those only what fits the ports; before, all rules that fit the ports. Each
//! group is made for one way of the flow. A unit has at most three: the rules for its service
//! or for any port, those for its destination port, those for its source port.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dpi_match::PatternError;

use super::{
    compile::{Compiled, RuleIndex},
    matcher::Matcher,
    merged::MergedSets,
    port_group::{PortGroups, PortRules},
    rule_group::{GroupId, GroupMaker, RuleGroup},
};
use crate::{
    buffers::BufferSet,
    ips_options::IpsOption,
    packet::Transport,
    parser::{PortSet, Protocol, RuleHeader},
    service_inspectors::{BORROWING_SERVICES, ports::is_over_udp, services_of_rules},
    unit::InspectionUnit,
};

/// All groups of a set of rules.
#[derive(Debug, Default)]
pub(super) struct Groups {
    layers: [LayerGroups; Layer::ALL.len()],
    size: GroupSize,
    /// Sets of literals of several groups or buffers.
    pub(super) merged: Arc<MergedSets>,
}

/// What groups come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSize {
    /// Different sets of rules that units have to do with.
    pub groups: usize,
    /// Different sets of literals that are searched for.
    pub searches: usize,
    /// Rules of all groups together, a rule counted in each: what making them costs.
    pub memberships: usize,
}

/// The groups of one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected<'d>([Option<&'d RuleGroup>; 3]);

/// What carries the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Tcp,
    Udp,
    Icmp,
    Other,
}

/// The groups for one layer.
#[derive(Debug, Default)]
struct LayerGroups {
    /// For flows of a known service, by its name: the rules for it, and those for any port
    /// that name no service.
    services: BTreeMap<Box<str>, ByWay>,
    /// Rules that name no service.
    known: Ported,
    /// All rules, for flows whose service is not known.
    unknown: Ported,
}

/// Groups by ports.
#[derive(Debug, Default)]
struct Ported {
    any: ByWay,
    dst: PortGroups,
    src: PortGroups,
}

/// A group for units to the server and one for those to the client.
#[derive(Clone, Debug, Default)]
pub(super) struct ByWay([Option<Arc<RuleGroup>>; 2]);

/// Rules on their way into a [`ByWay`], by rising index.
#[derive(Clone, Debug, Default)]
pub(super) struct Members([Vec<RuleIndex>; 2]);

/// The ways, to the server and to the client, on which a rule can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ways([bool; 2]);

/// Rules on their way into a [`Ported`].
#[derive(Debug, Default)]
struct PortedRules {
    any: Members,
    dst: PortRules,
    src: PortRules,
}

impl Groups {
    /// Sorts the rules into groups.
    pub(super) fn build(rules: &[Compiled], max_merged: usize) -> Result<Groups, PatternError> {
        let mut maker = GroupMaker::new(rules)?;
        let mut groups = Groups::default();
        for (layer, into) in Layer::ALL.iter().zip(&mut groups.layers) {
            *into = LayerGroups::build(*layer, rules, &mut maker);
        }
        groups.size = maker.size();
        groups.merged = Arc::new(MergedSets::new(maker.finish(), max_merged));
        Ok(groups)
    }

    /// The groups that a unit has to do with.
    pub(super) fn of(&self, unit: &InspectionUnit<'_>) -> Selected<'_> {
        // Rules for one way want a flow, so without one either group will do.
        let to_server = unit.flow.is_none_or(|flow| flow.to_server);
        let service = unit.flow.and_then(|flow| flow.service);
        let packet = unit.packet;
        self.select(&packet.transport, packet.ports(), service, to_server)
    }

    /// The groups for units of this kind; ports are source and destination.
    pub(super) fn select(
        &self,
        transport: &Transport<'_>,
        (src, dst): (u16, u16),
        service: Option<&str>,
        to_server: bool,
    ) -> Selected<'_> {
        let layer = Layer::of(transport);
        let Some(groups) = self.layers.get(layer as usize) else {
            return Selected([None; 3]);
        };
        let (first, ported) = match service {
            None => (&groups.unknown.any, &groups.unknown),
            Some(name) => {
                let service = groups.services.get(name);
                (service.unwrap_or(&groups.known.any), &groups.known)
            }
        };
        Selected([
            first.get(to_server),
            ported.dst.get(dst, to_server),
            ported.src.get(src, to_server),
        ])
    }

    pub(super) fn size(&self) -> GroupSize {
        self.size
    }
}

impl<'d> Selected<'d> {
    /// Calls `on_rule` for each rule that no literal leads to.
    pub(super) fn unled(&self, on_rule: &mut dyn FnMut(RuleIndex)) {
        for group in self.iter() {
            for rule in &group.unled {
                on_rule(*rule);
            }
        }
    }

    /// Buffers in which a literal leads to a rule of any group.
    pub(super) fn buffers(&self) -> BufferSet {
        let sets = self.iter().map(|group| group.buffers);
        sets.fold(BufferSet::default(), BufferSet::union)
    }

    /// The groups that have to do with some buffers; the others do not count.
    pub(super) fn with(self, buffers: BufferSet) -> Selected<'d> {
        let Selected(groups) = self;
        Selected(groups.map(|group| group.filter(|group| group.buffers.meets(buffers))))
    }

    pub(super) fn ids(&self) -> [Option<GroupId>; 3] {
        self.0.map(|group| group.map(|group| group.id))
    }

    /// Searches for what leads to rules in some buffers.
    pub(super) fn matchers(&self, buffers: BufferSet) -> impl Iterator<Item = &'d Arc<Matcher>> {
        let all = self.0.into_iter().flatten().flat_map(RuleGroup::matchers);
        let wanted = all.filter(move |(buffer, _)| buffers.contains(*buffer));
        wanted.map(|(_, matcher)| matcher)
    }

    fn iter(&self) -> impl Iterator<Item = &'d RuleGroup> {
        self.0.into_iter().flatten()
    }
}

impl Layer {
    const ALL: [Layer; 4] = [Layer::Tcp, Layer::Udp, Layer::Icmp, Layer::Other];

    fn of(transport: &Transport<'_>) -> Layer {
        match transport {
            Transport::Tcp(_) => Layer::Tcp,
            Transport::Udp { .. } => Layer::Udp,
            Transport::Icmp { .. } => Layer::Icmp,
            Transport::Other => Layer::Other,
        }
    }

    fn has_ports(self) -> bool {
        matches!(self, Layer::Tcp | Layer::Udp)
    }

    /// Whether a rule for the service can match a packet of the layer: the protocol of its
    /// header does not matter once the service is known.
    fn carries(self, service: &str, protocol: &Protocol) -> bool {
        let by_service = match (self, protocol) {
            (Layer::Tcp, Protocol::Udp) => true,
            (Layer::Udp, Protocol::Tcp) => is_over_udp(service),
            _ => false,
        };
        by_service || self.is_meant_by(protocol)
    }

    /// Whether a rule of this protocol can match a packet of the layer.
    fn is_meant_by(self, protocol: &Protocol) -> bool {
        match protocol {
            Protocol::Tcp => self == Layer::Tcp,
            Protocol::Udp => self == Layer::Udp,
            Protocol::Icmp => self == Layer::Icmp,
            Protocol::Service(_) => self.has_ports(),
            Protocol::Ip => true,
        }
    }
}

impl LayerGroups {
    fn build(layer: Layer, rules: &[Compiled], maker: &mut GroupMaker) -> LayerGroups {
        let mut services: BTreeMap<Box<str>, Members> = BTreeMap::new();
        let mut known = PortedRules::default();
        let mut unknown = PortedRules::default();
        for (index, compiled) in (0..).zip(rules) {
            let rule = &compiled.rule;
            let ways = Ways::of(&compiled.header_tests);
            for service in &rule.services {
                if layer.carries(service, &rule.header.protocol) {
                    services
                        .entry(service.clone())
                        .or_default()
                        .add(index, ways);
                }
            }
            if !layer.is_meant_by(&rule.header.protocol) {
                continue;
            }
            if !matches!(rule.header.protocol, Protocol::Service(_)) {
                unknown.add(layer, &rule.header, index, ways);
                if rule.services.is_empty() {
                    known.add(layer, &rule.header, index, ways);
                }
            }
        }
        let (known, any) = known.build(maker);
        let (unknown, _) = unknown.build(maker);
        let mut by_service = BTreeMap::new();
        let borrowing = BORROWING_SERVICES.map(Box::from);
        let names: BTreeSet<Box<str>> = services.keys().cloned().chain(borrowing).collect();
        for name in names {
            let mut members = any.clone();
            for members_of in services_of_rules(&name).filter_map(|name| services.get(name)) {
                members.extend(members_of);
            }
            by_service.insert(name, members.build(maker));
        }
        LayerGroups {
            services: by_service,
            known,
            unknown,
        }
    }
}

impl PortedRules {
    fn add(&mut self, layer: Layer, header: &RuleHeader, rule: RuleIndex, ways: Ways) {
        let (src, dst) = (&header.src_ports, &header.dst_ports);
        if !layer.has_ports() || (src.is_any() && dst.is_any()) {
            self.any.add(rule, ways);
            return;
        }
        // Both must fit, so that one side is enough: the destination's where it is stated.
        let mut one_way = |src_ports: &PortSet, dst_ports: &PortSet| {
            if src_ports.is_any() || !dst_ports.is_any() {
                self.dst.add(dst_ports, rule, ways);
            } else {
                self.src.add(src_ports, rule, ways);
            }
        };
        one_way(src, dst);
        if header.bidirectional {
            one_way(dst, src);
        }
    }

    /// The groups, and the rules for any port.
    fn build(self, maker: &mut GroupMaker) -> (Ported, Members) {
        let mut any = self.any;
        let dst = self.dst.build(maker, &mut any);
        let src = self.src.build(maker, &mut any);
        let ported = Ported {
            any: any.clone().build(maker),
            dst,
            src,
        };
        (ported, any)
    }
}

impl ByWay {
    pub(super) fn get(&self, to_server: bool) -> Option<&RuleGroup> {
        let [server, client] = &self.0;
        if to_server { server } else { client }.as_deref()
    }
}

impl Members {
    pub(super) fn add(&mut self, rule: RuleIndex, Ways(ways): Ways) {
        for (rules, is_wanted) in self.0.iter_mut().zip(ways) {
            if is_wanted {
                rules.push(rule);
            }
        }
    }

    pub(super) fn extend(&mut self, more: &Members) {
        for (rules, more) in self.0.iter_mut().zip(&more.0) {
            rules.extend(more);
        }
    }

    /// Rules of both ways together.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    pub(super) fn build(mut self, maker: &mut GroupMaker) -> ByWay {
        for rules in &mut self.0 {
            rules.sort_unstable();
            rules.dedup();
        }
        let [server, client] = &self.0;
        ByWay([maker.group(server), maker.group(client)])
    }
}

impl Ways {
    /// The ways that a rule's `flow` options leave.
    fn of(options: &[IpsOption]) -> Ways {
        let mut ways = [true, true];
        for option in options {
            if let IpsOption::Flow(flow) = option
                && let Some(to_server) = flow.to_server
            {
                let [server, client] = &mut ways;
                *server &= to_server;
                *client &= !to_server;
            }
        }
        Ways(ways)
    }
}
