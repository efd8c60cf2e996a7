//! Rules that ask for built-in events, and what becomes of an event when it is raised.

use std::net::IpAddr;

use super::{Detection, Event, Scratch};
use crate::{
    builtin::{BuiltinEvent, EventSet, Source},
    filters::Moment,
    frame::Slot,
    output::{Action, FlowEndpoints},
    parser::{Ends, Protocol, Rule},
    time::MonoTime,
};

/// The rules that ask for events.
#[derive(Debug, Default)]
pub(super) struct Builtins {
    /// By rising id.
    rules: Vec<(BuiltinEvent, Rule)>,
    wanted: EventSet,
    /// Who raises any of them: one bit a source, asked for each packet.
    sources: u8,
}

impl Builtins {
    /// Takes those rules out of all.
    pub(super) fn take_from(rules: Vec<Rule>) -> (Builtins, Vec<Rule>) {
        let mut builtins = Builtins::default();
        let mut others = Vec::with_capacity(rules.len());
        for rule in rules {
            let Some(event) = BuiltinEvent::find(rule.id).filter(|_| rule.options.is_empty())
            else {
                others.push(rule);
                continue;
            };
            builtins.wanted.insert(event);
            builtins.sources |= bit(event.source());
            builtins.rules.push((event, rule));
        }
        (builtins, others)
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|(_, rule)| rule)
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }
}

impl Detection {
    /// The events that rules ask for.
    pub fn wanted_events(&self) -> &EventSet {
        &self.builtins.wanted
    }

    /// Whether rules ask for any event of a source.
    pub(crate) fn wants(&self, source: Source) -> bool {
        self.builtins.sources & bit(source) != 0
    }

    /// Tells raised events that rules ask for, as far as their headers and the filters let
    /// them through.
    pub(crate) fn raise(
        &self,
        events: EventSet,
        (endpoints, rebuilt): (&FlowEndpoints, bool),
        (slot, now): (Slot, MonoTime),
        scratch: &mut Scratch,
        emit: &mut dyn FnMut(&Event<'_>),
    ) {
        if !events.meets(&self.builtins.wanted) {
            return;
        }
        let at = Moment {
            slot,
            ends: (endpoints.src, endpoints.dst),
            now,
        };
        for (event, rule) in &self.builtins.rules {
            if !events.contains(*event) || !is_meant(rule, endpoints) {
                continue;
            }
            if let Some(filter) = rule.detection_filter
                && !scratch.filters.detects(rule.id, filter, at)
            {
                continue;
            }
            let action = scratch
                .filters
                .action(rule.id, rule.action, &scratch.set, at);
            if matches!(action, Action::Pass | Action::Log) {
                continue;
            }
            if scratch.filters.lets_through(rule.id, &scratch.set, at) {
                emit(&Event {
                    rule,
                    action,
                    rebuilt,
                });
            }
        }
    }
}

const fn bit(source: Source) -> u8 {
    1 << source as u8
}

/// Whether the rule's header, if it has one, fits.
fn is_meant(rule: &Rule, endpoints: &FlowEndpoints) -> bool {
    let is_v6 = matches!(endpoints.src, IpAddr::V6(_));
    let header = &rule.header;
    let fits = match header.protocol {
        Protocol::Ip | Protocol::Service(_) => true,
        Protocol::Tcp => endpoints.protocol == 6,
        Protocol::Udp => endpoints.protocol == 17,
        Protocol::Icmp => endpoints.protocol == if is_v6 { 58 } else { 1 },
    };
    let ends = Ends {
        src: endpoints.src,
        dst: endpoints.dst,
        src_port: endpoints.src_port,
        dst_port: endpoints.dst_port,
    };
    fits && header.matches(&ends, matches!(endpoints.protocol, 6 | 17))
}
