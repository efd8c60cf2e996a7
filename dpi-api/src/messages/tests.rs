use std::{fmt::Debug, net::IpAddr, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::alert::{Action, Direction, IcmpType, Text, WireAlert};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn alert() -> WireAlert {
    WireAlert {
        slot: 0x00ff_ffff,
        direction: Direction::Ingress,
        time_ns: u64::MAX,
        src_ip: ip("2001:db8::1"),
        dest_ip: ip("10.0.0.1"),
        src_port: 65_535,
        dest_port: 0,
        protocol: 1,
        icmp: Some(IcmpType {
            icmp_type: 8,
            icmp_code: 0,
        }),
        app_proto: Some(Text::cut("http")),
        flow_id: None,
        gid: 1,
        sid: 9_000_001,
        rev: 2,
        msg: Text::cut(&"m".repeat(600)),
        classtype: Some(Text::cut("web-application-attack")),
        category: None,
        priority: 1,
        action: Action::Alert,
        rebuilt: true,
        ruleset_epoch: 7,
    }
}

fn bypass(reason: Reason) -> BypassRecord {
    BypassRecord {
        slot: 5,
        src: ip("10.0.0.1"),
        dst: ip("10.0.0.2"),
        src_port: 40_000,
        dst_port: 443,
        transport: Transport::Tcp,
        epoch: 3,
        reason,
    }
}

fn longest_problem() -> RuleProblem {
    RuleProblem {
        file: Text::cut(&"f".repeat(9999)),
        line: u32::MAX,
        sid: Some(u32::MAX),
        option: Some(Text::cut(&"o".repeat(9999))),
        reason: Text::cut(&"r".repeat(9999)),
    }
}

fn report(problems: usize) -> RulesReport {
    RulesReport {
        epoch: u32::MAX,
        files: 1,
        loaded: 60,
        inactive: 2,
        failed: 3,
        warnings: 0,
        problems: vec![longest_problem(); problems],
        ports: PortMap::all(),
        millis: 12,
    }
}

fn to_supervisor() -> Vec<ToSupervisor> {
    vec![
        ToSupervisor::Hello {
            version: Text::cut("0.1.0"),
        },
        ToSupervisor::RulesCompiled(report(0)),
        ToSupervisor::RulesCompiled(report(RulesReport::MAX_PROBLEMS)),
        ToSupervisor::RulesFailed {
            reason: Text::cut("no such directory"),
        },
        ToSupervisor::Running,
        ToSupervisor::Alert(alert()),
        ToSupervisor::Bypass(vec![
            bypass(Reason::NoRule),
            bypass(Reason::Encrypted),
            bypass(Reason::Depth),
            bypass(Reason::Panic),
        ]),
        ToSupervisor::Bypass(vec![bypass(Reason::NoRule); BYPASSES_A_MESSAGE]),
        ToSupervisor::Failed {
            reason: Text::cut(""),
        },
    ]
}

fn to_worker() -> Vec<ToWorker> {
    vec![
        ToWorker::Start(Start {
            rules: PathBuf::from("/usr/etc/snort/rules"),
            dialect: RuleDialect::Snort2,
            epoch: 1,
            hash_seed: u64::MAX,
            limits: EngineLimits {
                max_flows: 1 << 18,
                reassembly_memory: 64 << 20,
            },
        }),
        ToWorker::Rings { count: 2 },
        ToWorker::Slots { slots: Vec::new() },
        ToWorker::Slots {
            slots: vec![0x00ff_ffff; ToWorker::MAX_SLOTS],
        },
        ToWorker::ReloadRules,
        ToWorker::Shutdown,
    ]
}

fn bytes_of<T: Serialize>(message: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    encode(message, &mut buffer).unwrap();
    buffer
}

/// The message comes back whole; every shorter datagram and one with a byte more is refused.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let mut bytes = bytes_of(message);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(message));
    let step = (bytes.len() / 512).max(1);
    for len in (0..bytes.len()).step_by(step) {
        let cut = decode::<T>(&bytes[..len]);
        assert!(cut.is_err(), "{len} of {} bytes: {cut:?}", bytes.len());
    }
    let len = bytes.len() + 1;
    bytes.push(0);
    assert_eq!(
        decode::<T>(&bytes),
        Err(DecodeError::Trailing { len, trailing: 1 })
    );
}

#[test]
fn every_message_comes_back_and_no_part_of_it_does() {
    to_supervisor().iter().for_each(check);
    to_worker().iter().for_each(check);
}

#[test]
fn one_buffer_serves_a_long_message_and_then_a_short_one() {
    let mut buffer = Vec::new();
    encode(&ToSupervisor::RulesCompiled(report(32)), &mut buffer).unwrap();
    encode(&ToSupervisor::Running, &mut buffer).unwrap();
    assert_eq!(decode(&buffer), Ok(ToSupervisor::Running));
}

#[test]
fn a_message_longer_than_a_datagram_is_not_sent() {
    let mut buffer = Vec::new();
    let message = ToSupervisor::RulesCompiled(report(200));
    assert_eq!(encode(&message, &mut buffer), Err(EncodeError::TooLong));
    assert!(buffer.is_empty());
}

#[test]
fn what_is_no_message_is_refused() {
    let long = vec![0; MAX_MESSAGE + 1];
    let unknown_kind = [0xff, 0xff, 0x03];
    // The report with a bitmap one byte short.
    let mut bitmap = bytes_of(&PortBytes::all());
    assert_eq!(bitmap[..2], [0x80, 0x40], "the length comes first");
    bitmap[0] = 0xff;
    bitmap[1] = 0x3f;
    bitmap.pop();
    // A text longer than its field.
    let text = bytes_of(&"v".repeat(65));
    let hello = [&[0][..], &text].concat();

    assert!(matches!(
        decode::<ToWorker>(&long),
        Err(DecodeError::TooLong { len }) if len == MAX_MESSAGE + 1
    ));
    for (what, refused) in [
        ("empty to the worker", decode::<ToWorker>(&[]).is_err()),
        (
            "empty to the supervisor",
            decode::<ToSupervisor>(&[]).is_err(),
        ),
        (
            "unknown kind to the worker",
            decode::<ToWorker>(&unknown_kind).is_err(),
        ),
        (
            "unknown kind to the supervisor",
            decode::<ToSupervisor>(&unknown_kind).is_err(),
        ),
        ("short bitmap", decode::<PortBytes>(&bitmap).is_err()),
        ("version too long", decode::<ToSupervisor>(&hello).is_err()),
    ] {
        assert!(refused, "{what}");
    }
}

#[test]
fn ports_are_bits() {
    let mut ports = PortBytes::none();
    for port in [0, 7, 8, 80, 65_535] {
        assert!(!ports.contains(port));
        ports.insert(port);
        assert!(ports.contains(port));
    }
    assert_eq!(ports.count(), 5);
    assert_eq!(ports.as_bytes()[0], 0x81);
    assert_eq!(ports.as_bytes()[10], 0x01);
    assert_eq!(ports.as_bytes()[PORT_BYTES - 1], 0x80);
    assert_eq!(ports.iter().collect::<Vec<_>>(), [0, 7, 8, 80, 65_535]);
    assert_eq!(PortBytes::all().count(), 65_536);
    assert!(PortBytes::all().is_all() && !ports.is_all());
    let mut words = [0; PORT_BYTES / 8];
    words[0] = 1 << 0 | 1 << 7 | 1 << 8;
    words[1] = 1 << 16;
    words[1023] = 1 << 63;
    assert_eq!(PortBytes::from_words(&words), ports);
}
