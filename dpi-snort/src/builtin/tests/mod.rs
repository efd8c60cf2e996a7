//! Every event: raised by what it means if a rule asks for it, and never else.

mod connections;
mod frames;
mod messages;

use std::{collections::BTreeSet, sync::Arc};

use super::BuiltinEvent;
use crate::{
    Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, Output, SlotTable,
    Tag,
    detection::Detection,
    parser::{ClassificationConfig, RuleId, Variables, parse_files},
    testing::wire::{self, Packets},
    time::Now,
};

/// An event, and packets that raise it.
type Case = (BuiltinEvent, Packets);

#[derive(Default)]
struct Ids(BTreeSet<RuleId>);

impl Output for Ids {
    fn alert(&mut self, alert: &Alert<'_>) {
        assert!(!alert.msg.is_empty());
        self.0.insert(RuleId {
            gid: alert.gid,
            sid: alert.sid,
        });
    }
    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

fn compile(text: &str) -> Arc<Detection> {
    let ruleset = parse_files(
        [("builtin", text.as_bytes())],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    assert!(ruleset.errors.is_empty(), "{:?}", ruleset.errors);
    let compiled = Detection::compile(ruleset, &Config::default());
    Arc::new(compiled.unwrap().0)
}

/// The rules for all events but one.
fn all_but(left_out: Option<BuiltinEvent>) -> Arc<Detection> {
    let events = BuiltinEvent::ALL.iter().copied();
    let rules = events.filter(|event| Some(*event) != left_out);
    let rules = rules.map(|event| {
        let RuleId { gid, sid } = event.id();
        format!("alert ( gid:{gid}; sid:{sid}; )\n")
    });
    compile(&rules.collect::<String>())
}

fn run(detection: &Arc<Detection>, packets: &Packets) -> BTreeSet<RuleId> {
    let mut engine = Engine::new(
        Config::default(),
        Arc::clone(detection),
        Arc::new(SlotTable::default()),
    );
    let mut ids = Ids::default();
    let now = Now::default();
    for (link_type, bytes) in packets {
        let frame = Frame {
            bytes,
            link_type: *link_type,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::NotReady,
            tag: Tag::default(),
        };
        engine.process(&frame, now, &mut ids);
    }
    engine.finish(now, &mut ids);
    ids.0
}

fn cases() -> Vec<Case> {
    let mut cases = frames::cases();
    cases.extend(connections::cases());
    cases.extend(messages::cases());
    cases
}

#[test]
fn each_is_raised_where_it_is_asked_for() {
    let all = all_but(None);
    for (event, packets) in cases() {
        let raised = run(&all, &packets);
        assert!(raised.contains(&event.id()), "{event:?}: {raised:?}");
        let without = run(&all_but(Some(event)), &packets);
        let others: BTreeSet<_> = raised.iter().filter(|id| **id != event.id()).collect();
        assert_eq!(without.iter().collect::<BTreeSet<_>>(), others, "{event:?}");
    }
}

#[test]
fn none_is_raised_where_no_rule_asks() {
    let none = compile("alert tcp any any -> any any (content:\"never in here\"; sid:1;)");
    assert!(none.wanted_events().is_empty());
    for (event, packets) in cases() {
        assert_eq!(run(&none, &packets), BTreeSet::new(), "{event:?}");
    }
}

#[test]
fn none_is_without_a_case_and_ordinary_traffic_raises_none() {
    let covered: BTreeSet<RuleId> = cases().iter().map(|(event, _)| event.id()).collect();
    let missing = BuiltinEvent::ALL
        .iter()
        .filter(|event| !covered.contains(&event.id()));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&BuiltinEvent>::new());
    let ids: Vec<RuleId> = BuiltinEvent::ALL.iter().map(|event| event.id()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let ordinary = wire::conversation(
        b"POST /a/b.php?c=d%20e HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok",
    );
    assert_eq!(run(&all_but(None), &ordinary), BTreeSet::new());
}

#[test]
fn headers_filters_and_actions_of_the_rule_hold() {
    let zero_ttl = frames::cases()
        .into_iter()
        .find(|(event, _)| *event == BuiltinEvent::Ipv4ZeroTtl)
        .unwrap()
        .1;
    let raised = |rule: &str| run(&compile(rule), &zero_ttl).len();
    for (rule, count) in [
        ("alert ( gid:116; sid:404; )", 1),
        ("drop ( gid:116; sid:404; msg:\"m\"; classtype:x; )", 1),
        ("alert udp 10.0.0.1 any -> any any ( gid:116; sid:404; )", 1),
        ("alert tcp any any -> any any ( gid:116; sid:404; )", 0),
        ("alert udp 10.9.9.9 any -> any any ( gid:116; sid:404; )", 0),
        ("alert udp any any -> any 7 ( gid:116; sid:404; )", 0),
        ("log ( gid:116; sid:404; )", 0),
        ("pass ( gid:116; sid:404; )", 0),
        (
            "alert ( gid:116; sid:404; detection_filter:track by_src,count 1,seconds 9; )",
            0,
        ),
    ] {
        assert_eq!(raised(rule), count, "{rule}");
    }
}

#[test]
fn all_packets_are_of_interest_where_an_event_is() {
    let detection = compile("alert ( gid:129; sid:1; )");
    let ports = detection.ports();
    assert!(ports.tcp.contains(1) && ports.udp.contains(65_535));
    assert!(ports.icmp && ports.other);
    assert_eq!(detection.len(), 1);
    assert_eq!(
        detection.rules().next().map(|rule| &*rule.msg),
        Some("SYN in an open connection")
    );
}
