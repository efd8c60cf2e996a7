//! Tables for the alert types.

use super::*;

/// Protocol, source, destination, ports and the id.
type IdCase = (
    u8,
    &'static str,
    &'static str,
    Option<(u16, u16)>,
    &'static str,
);

/// `baseline_deflt.json` and `baseline_seed1.json` of the Community ID specification
/// (facts; ICMP "ports" there are type and code, or type and the answering type).
const COMMUNITY_IDS: &[IdCase] = &[
    (
        6,
        "128.232.110.120",
        "66.35.250.204",
        Some((34855, 80)),
        "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    ),
    (
        6,
        "66.35.250.204",
        "128.232.110.120",
        Some((80, 34855)),
        "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    ),
    (
        6,
        "2001:470:e5bf:dead:4957:2174:e82c:4887",
        "2607:f8b0:400c:c03::1a",
        Some((63943, 25)),
        "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
    ),
    (
        6,
        "2607:f8b0:400c:c03::1a",
        "2001:470:e5bf:dead:4957:2174:e82c:4887",
        Some((25, 63943)),
        "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
    ),
    (
        17,
        "192.168.1.52",
        "8.8.8.8",
        Some((54585, 53)),
        "1:d/FP5EW3wiY1vCndhwleRRKHowQ=",
    ),
    (
        17,
        "8.8.8.8",
        "192.168.1.52",
        Some((53, 54585)),
        "1:d/FP5EW3wiY1vCndhwleRRKHowQ=",
    ),
    (
        132,
        "192.168.170.8",
        "192.168.170.56",
        Some((7, 7)),
        "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=",
    ),
    (
        132,
        "192.168.170.56",
        "192.168.170.8",
        Some((7, 7)),
        "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=",
    ),
    (
        1,
        "192.168.0.89",
        "192.168.0.1",
        Some((8, 0)),
        "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=",
    ),
    (
        1,
        "192.168.0.1",
        "192.168.0.89",
        Some((0, 8)),
        "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=",
    ),
    (
        1,
        "10.0.0.1",
        "10.0.0.2",
        Some((11, 0)),
        "1:YHxtAirCG//0OzkcVAukqKQN9xM=",
    ),
    (
        58,
        "fe80::200:86ff:fe05:80da",
        "fe80::260:97ff:fe07:69ea",
        Some((135, 136)),
        "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=",
    ),
    (
        58,
        "fe80::260:97ff:fe07:69ea",
        "fe80::200:86ff:fe05:80da",
        Some((136, 135)),
        "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=",
    ),
    (
        58,
        "fe80::260:97ff:fe07:69ea",
        "fe80::200:86ff:fe05:80da",
        Some((135, 136)),
        "1:zavyT/cezQr1fmImYCwYnMXbgck=",
    ),
    (
        58,
        "fe80::200:86ff:fe05:80da",
        "fe80::260:97ff:fe07:69ea",
        Some((136, 135)),
        "1:zavyT/cezQr1fmImYCwYnMXbgck=",
    ),
    (
        58,
        "3ffe:501:1800:2345::2",
        "3ffe:507:0:1:200:86ff:fe05:80da",
        Some((3, 0)),
        "1:2ObVBgIn28oZvibYZhZMBgh7WdQ=",
    ),
    (
        58,
        "3ffe:501:410:0:2c0:dfff:fe47:33e",
        "3ffe:507:0:1:200:86ff:fe05:80da",
        Some((1, 4)),
        "1:hLZd0XGWojozrvxqE0dWB1iM6R0=",
    ),
    (
        58,
        "3ffe:507:0:1:200:86ff:fe05:80da",
        "3ffe:501:0:1001::2",
        Some((128, 129)),
        "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=",
    ),
    (
        58,
        "3ffe:501:0:1001::2",
        "3ffe:507:0:1:200:86ff:fe05:80da",
        Some((129, 128)),
        "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=",
    ),
    (
        58,
        "fe80::200:86ff:fe05:80da",
        "ff02::2",
        Some((133, 134)),
        "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0=",
    ),
    (
        58,
        "fe80::260:97ff:fe07:69ea",
        "ff02::1",
        Some((134, 133)),
        "1:pkvHqCL88/tg1k4cPigmZXUtL00=",
    ),
    (
        46,
        "10.1.12.1",
        "10.1.12.2",
        None,
        "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=",
    ),
    (
        46,
        "10.1.12.2",
        "10.1.12.1",
        None,
        "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=",
    ),
];

fn tuple(protocol: u8, src: &str, dest: &str, ports: Option<(u16, u16)>) -> FlowTuple {
    let ports = match (protocol, ports) {
        (_, None) => Ports::None,
        (1 | 58, Some((a, b))) => Ports::Icmp(IcmpType {
            icmp_type: u8::try_from(a).unwrap(),
            icmp_code: u8::try_from(b).unwrap(),
        }),
        (_, Some((a, b))) => Ports::Pair(a, b),
    };
    FlowTuple {
        src: src.parse().unwrap(),
        dest: dest.parse().unwrap(),
        protocol,
        ports,
    }
}

#[test]
fn community_ids_of_the_specification() {
    for &(protocol, src, dest, ports, want) in COMMUNITY_IDS {
        let flow = tuple(protocol, src, dest, ports);
        assert_eq!(community_id(0, &flow), want, "{flow:?}");
    }
}

#[test]
fn the_seed_changes_the_community_id() {
    let flow = tuple(
        58,
        "fe80::200:86ff:fe05:80da",
        "fe80::260:97ff:fe07:69ea",
        Some((135, 136)),
    );
    assert_eq!(community_id(1, &flow), "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY=");
}

#[test]
fn times_are_written_as_eve_writes_them() {
    for (nanos, want) in [
        (0, "1970-01-01T00:00:00.000000+0000"),
        (1_795_514_400_000_000_000, "2026-11-24T10:00:00.000000+0000"),
        (1_795_514_400_000_001_999, "2026-11-24T10:00:00.000001+0000"),
        (1_795_514_400_999_999_999, "2026-11-24T10:00:00.999999+0000"),
        (951_782_399_123_456_000, "2000-02-28T23:59:59.123456+0000"),
        (u64::MAX, "2554-07-21T23:34:33.709551+0000"),
    ] {
        let time = EveTime::from_nanos(nanos);
        assert_eq!(time.to_string(), want);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(serde_json::from_str::<EveTime>(&json).unwrap(), time);
    }
}

#[test]
fn times_that_are_none_are_refused() {
    for text in ["", "2026-11-24", "2026-13-24T10:00:00.000000+0000", "now"] {
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<EveTime>(&json).is_err(), "{text}");
    }
}

#[test]
fn priorities_map_to_severities() {
    for (priority, label, score) in [
        (0, "medium", 60),
        (1, "critical", 100),
        (2, "high", 80),
        (3, "medium", 60),
        (4, "low", 40),
        (u32::MAX, "low", 40),
    ] {
        let severity = Severity::from_priority(priority);
        assert_eq!(
            (severity.to_string().as_str(), severity.score()),
            (label, score)
        );
        assert_eq!(serde_json::to_value(severity).unwrap(), label);
    }
}

#[test]
fn text_is_cut_between_characters() {
    for (text, want) in [
        ("", ""),
        ("abcd", "abcd"),
        ("abcde", "abcd"),
        ("abcé", "abc"),
        ("aéé", "aé"),
        ("💥x", "💥"),
        ("ab💥", "ab"),
    ] {
        assert_eq!(Text::<4>::cut(text).as_str(), want);
    }
}

#[test]
fn text_too_long_is_refused_when_read() {
    assert_eq!(
        serde_json::from_str::<Text<4>>("\"abcd\"")
            .unwrap()
            .as_str(),
        "abcd"
    );
    for json in ["\"abcde\"", "\"abc\\u00e9\"", "7", "null"] {
        assert!(serde_json::from_str::<Text<4>>(json).is_err(), "{json}");
    }
}

#[test]
fn protocols_have_eves_names() {
    for (number, name) in [
        (6, "TCP"),
        (17, "UDP"),
        (1, "ICMP"),
        (58, "IPv6-ICMP"),
        (253, "253"),
    ] {
        assert_eq!(protocol_name(number), name);
    }
}

fn wire() -> WireAlert {
    WireAlert {
        slot: 7,
        direction: Direction::Ingress,
        time_ns: 1_795_514_400_000_000_000,
        src_ip: [10, 0, 0, 1].into(),
        dest_ip: [10, 0, 0, 2].into(),
        src_port: 40000,
        dest_port: 80,
        protocol: 6,
        icmp: None,
        app_proto: Some(Text::cut("http")),
        flow_id: Some(1),
        gid: 1,
        sid: 1_000_001,
        rev: 2,
        msg: Text::cut("a message"),
        classtype: Some(Text::cut("web-application-attack")),
        category: None,
        priority: 1,
        action: Action::Alert,
        rebuilt: true,
        ruleset_epoch: 3,
    }
}

#[test]
fn a_wire_alert_survives_its_encoding() {
    let json = serde_json::to_string(&wire()).unwrap();
    assert_eq!(serde_json::from_str::<WireAlert>(&json).unwrap(), wire());
}

#[test]
fn a_wire_alert_with_an_overlong_field_is_refused() {
    let mut value = serde_json::to_value(wire()).unwrap();
    value["msg"] = "m".repeat(WireAlert::MAX_MSG + 1).into();
    assert!(serde_json::from_value::<WireAlert>(value).is_err());
}
