//! What becomes of matches: which are told, in which order, and with which action.

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;

use std::sync::Arc;

use common::compile;
use dpi_snort::{
    Action, Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, LinkType,
    Now, Output, Policy, SlotTable, Tag,
    config::{EventQueue, OrderEvents},
    detection::Detection,
    filters::{
        EventFilter, EventFilterKind, FilterSet, RateFilter, RateTrack, RuleScope, Suppress, Track,
    },
    parser::{AddressSet, Alone, ClassificationConfig, Dialect, RuleId, RuleReader, Variables},
};
use frames::ipv4;

#[path = "common/tcp.rs"]
mod tcp;

#[derive(Default)]
struct Told(Vec<(u32, Action)>);

impl Output for Told {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push((alert.sid, alert.action));
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

/// One UDP packet a second from 10.0.0.1, with this payload.
fn told(rules: &str, config: Config, policy: Policy, payload: &[u8], times: u64) -> Told {
    let slots = Arc::new(SlotTable::uniform(policy));
    told_by(
        &mut Engine::new(config, Arc::new(compile(rules)), slots),
        payload,
        times,
    )
}

fn told_by(engine: &mut Engine, payload: &[u8], times: u64) -> Told {
    let mut datagram = vec![0, 1, 0, 2, 0, 0, 0, 0];
    datagram.extend(payload);
    let length = u16::try_from(datagram.len()).unwrap().to_be_bytes();
    datagram[4..6].copy_from_slice(&length);
    let bytes = ipv4(1, 17, 1, 0, &datagram);
    let mut told = Told::default();
    for second in 0..times {
        let frame = Frame {
            bytes: &bytes,
            link_type: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::NotReady,
            tag: Tag::default(),
        };
        engine.process(&frame, Now::from_capture(second * 1_000_000_000), &mut told);
    }
    told
}

fn sids(rules: &str, config: Config, payload: &[u8]) -> Vec<u32> {
    let told = told(rules, config, Policy::default(), payload, 1);
    told.0.iter().map(|(sid, _)| *sid).collect()
}

const ORDERED: &str = r#"
    alert udp any any -> any any (content:"abc"; priority:3; sid:1;)
    alert udp any any -> any any (content:"a"; priority:1; sid:2;)
    alert udp any any -> any any (content:"abcdef"; sid:3;)
    alert udp any any -> any any (content:"abcd"; priority:2; sid:4;)
    alert udp any any -> any any (content:"bc"; content:"bcdef"; priority:2; sid:5;)
"#;

#[test]
fn events_are_told_in_order_and_as_many_as_may_be() {
    use OrderEvents::{ContentLength, Priority};

    let with = |event_queue| Config {
        event_queue,
        ..Config::default()
    };
    let queue = |max_queue, max_log, order| EventQueue {
        max_queue,
        max_log,
        order,
    };
    for (event_queue, expected) in [
        (EventQueue::default(), &[2, 4, 5, 1, 3][..]),
        (queue(9, 9, ContentLength), &[3, 5, 4, 1, 2]),
        (queue(9, 2, Priority), &[2, 4]),
        (EventQueue::STOCK, &[3, 5, 4]),
        (queue(9, 0, Priority), &[]),
    ] {
        let found = sids(ORDERED, with(event_queue), b"abcdef");
        assert_eq!(found, expected, "{event_queue:?}");
    }
}

#[test]
fn actions_say_what_would_have_been_done() {
    for (rules, expected) in [
        (
            "drop udp any any -> any any (sid:1;)",
            &[(1, Action::Drop)][..],
        ),
        (
            "block udp any any -> any any (sid:1;)",
            &[(1, Action::Block)],
        ),
        (
            "reject udp any any -> any any (sid:1;)",
            &[(1, Action::Reject)],
        ),
        (
            "rewrite udp any any -> any any (sid:1;)",
            &[(1, Action::Rewrite)],
        ),
        (
            "react udp any any -> any any (sid:1;)",
            &[(1, Action::React)],
        ),
        ("log udp any any -> any any (sid:1;)", &[]),
        (
            "pass udp any any -> any any (sid:1;)\ndrop udp any any -> any any (sid:2;)",
            &[],
        ),
        (
            "drop udp any any -> any any (sid:1;)\npass udp any any -> any any (content:\"z\"; sid:2;)",
            &[(1, Action::Drop)],
        ),
        (
            "alert udp any any -> any any (flowbits:set,a; flowbits:noalert; content:\"a\"; sid:1;)\n\
             alert udp any any -> any any (flowbits:isset,a; content:\"b\"; sid:2;)",
            &[(2, Action::Alert)],
        ),
    ] {
        let told = told(rules, Config::default(), Policy::default(), b"ab", 1);
        assert_eq!(told.0, expected, "{rules}");
    }
}

const ONE: RuleScope = RuleScope::Rule(RuleId { gid: 1, sid: 1 });
const TWO_RULES: &str =
    "alert udp any any -> any any (sid:1;)\nalert udp any any -> any any (sid:2;)";

fn suppress_one() -> Arc<FilterSet> {
    let mut set = FilterSet::default();
    let addresses = AddressSet::parse("10.0.0.0/24", &Variables::default()).unwrap();
    set.suppress(ONE, Suppress::of(Track::BySrc, addresses));
    Arc::new(set)
}

#[test]
fn filters_come_from_the_policy_else_from_the_configuration() {
    let none = || Some(Arc::new(FilterSet::default()));
    for (of_config, of_policy, expected) in [
        (None, None, &[1, 2][..]),
        (Some(suppress_one()), None, &[2]),
        (None, Some(suppress_one()), &[2]),
        (Some(suppress_one()), none(), &[1, 2]),
    ] {
        let config = Config {
            filters: of_config.unwrap_or_default(),
            ..Config::default()
        };
        let policy = Policy {
            filters: of_policy,
            ..Policy::default()
        };
        let told = told(TWO_RULES, config, policy, b"ab", 1);
        let sids: Vec<u32> = told.0.iter().map(|(sid, _)| *sid).collect();
        assert_eq!(sids, expected);
    }
}

#[test]
fn an_event_filter_thins_out_one_rule() {
    let mut set = FilterSet::default();
    let filter = EventFilter {
        kind: EventFilterKind::Limit,
        track: Track::BySrc,
        count: 1,
        seconds: 3,
        addresses: AddressSet::any(),
    };
    set.event_filter(ONE, filter).unwrap();
    let config = Config {
        filters: Arc::new(set),
        ..Config::default()
    };
    let told = told(TWO_RULES, config, Policy::default(), b"ab", 7);
    let count = |sid| told.0.iter().filter(|(s, _)| *s == sid).count();
    assert_eq!((count(1), count(2)), (3, 7));
}

#[test]
fn a_rate_filter_changes_what_would_have_been_done() {
    use Action::{Alert, Drop, Log, Pass};
    for (new_action, expected) in [
        (Drop, &[Alert, Alert, Drop, Drop][..]),
        (Log, &[Alert, Alert]),
        (Pass, &[Alert, Alert]),
    ] {
        let mut set = FilterSet::default();
        let filter = RateFilter {
            track: RateTrack::BySrc,
            count: 2,
            seconds: 60,
            new_action,
            timeout: 0,
            apply_to: AddressSet::any(),
        };
        set.rate_filter(ONE, filter).unwrap();
        let config = Config {
            filters: Arc::new(set),
            ..Config::default()
        };
        let told = told(TWO_RULES, config, Policy::default(), b"ab", 4);
        let of_one: Vec<Action> = told
            .0
            .iter()
            .filter_map(|(sid, action)| (*sid == 1).then_some(*action))
            .collect();
        assert_eq!(of_one, expected, "{new_action:?}");
        let others = told.0.iter().filter(|told| **told == (2, Alert)).count();
        assert_eq!(others, 4, "{new_action:?}: another rule is left alone");
    }
}

/// Filters of `threshold.conf` may stand among rules of Snort 2, and in them.
#[test]
fn filters_of_rule_files_hold() {
    let rule = |sid, more| {
        format!("alert udp any any -> any any (msg:\"m\"; content:\"x\"; {more}sid:{sid};)\n")
    };
    let text = [
        rule(1, ""),
        rule(2, "threshold:type threshold,track by_src,count 2,seconds 60; "),
        rule(3, ""),
        "suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.0/8\n".to_owned(),
        "event_filter gen_id 1, sig_id 3, type limit, track by_src, count 1, seconds 60\n".to_owned(),
        "rate_filter gen_id 1, sig_id 3, track by_rule, count 3, seconds 0, new_action pass, timeout 0\n"
            .to_owned(),
        "suppress gen_id 1, sig_id 3, ip 10.0.0.1\n".to_owned(),
    ]
    .concat();
    let mut reader = RuleReader::new(Dialect::Snort2, &Variables::stock());
    reader.read("old.rules", text.as_bytes(), &mut Alone);
    let ruleset = reader.finish(&ClassificationConfig::default(), Arc::default());
    let errors: Vec<_> = ruleset.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["old.rules:7:1: missing argument: track"]);
    let (detection, _) = Detection::compile(ruleset, &Config::default()).unwrap();
    let slots = Arc::new(SlotTable::default());
    let mut engine = Engine::new(Config::default(), Arc::new(detection), slots);
    let told = told_by(&mut engine, b"x", 4);
    let sids: Vec<u32> = told.0.iter().map(|(sid, _)| *sid).collect();
    assert_eq!(sids, [3, 2, 2]);
    // Rules without filters take them away again.
    engine.swap(Arc::new(compile(&rule(1, ""))));
    assert_eq!(told_by(&mut engine, b"x", 1).0.len(), 1);
}
