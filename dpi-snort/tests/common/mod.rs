//! Packets and rules for tests of detection.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{net::Ipv4Addr, sync::Arc};

use dpi_snort::{
    Config, MonoTime, Slot,
    buffers::NoBuffers,
    detection::{Detection, FlowState, Scratch},
    packet::{Fragment, IpHeader, Packet, Transport},
    parser::{ClassificationConfig, Variables, parse_files},
    unit::{FlowView, InspectionUnit, UnitKind},
};

/// Compiles the text of rules; panics if any is refused.
pub(crate) fn compile(text: &str) -> Detection {
    let ruleset = parse_files(
        [("test.rules", text.as_bytes())],
        &Variables::default(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    assert!(ruleset.errors.is_empty(), "{text}: {}", ruleset.errors[0]);
    let (detection, errors) = Detection::compile(ruleset, &Config::default()).unwrap();
    assert!(errors.is_empty());
    detection
}

/// A UDP packet 10.0.0.1:1000 → 10.0.0.2:2000.
pub(crate) fn udp(payload: &[u8]) -> Packet<'_> {
    Packet {
        ip: IpHeader {
            src: Ipv4Addr::new(10, 0, 0, 1).into(),
            dst: Ipv4Addr::new(10, 0, 0, 2).into(),
            protocol: 17,
            ttl: 64,
            tos: 0,
            id: 7,
            fragment: Fragment::default(),
            options: &[],
            payload,
        },
        transport: Transport::Udp {
            src_port: 1000,
            dst_port: 2000,
        },
        payload,
        encapsulation: 0,
        rebuilt: false,
        gso_size: 0,
        layers: 1,
    }
}

/// Sids that alert on a UDP packet from the client, by the fast path and by the oracle.
pub(crate) fn sids_of(
    detection: &Detection,
    payload: &[u8],
    service: Option<&str>,
) -> (Vec<u32>, Vec<u32>) {
    let packet = udp(payload);
    let unit = InspectionUnit {
        kind: UnitKind::Raw,
        packet: &packet,
        payload,
        raw_payload: payload,
        buffers: &NoBuffers,
        flow: Some(FlowView {
            to_server: true,
            established: true,
            service,
            ports_count: false,
            id: 1,
            client_bytes: payload.len() as u64,
            server_bytes: 0,
        }),
        dsize: u32::try_from(payload.len()).ok(),
        packet_number: 1,
    };
    let mut scratch = Scratch::new(&Config::default());
    let mut fast = Vec::new();
    let mut state = FlowState::default();
    detection.inspect(
        &unit,
        Slot(1),
        Some(&mut state),
        &mut scratch,
        MonoTime(0),
        &mut |event| {
            fast.push(event.rule.id.sid);
        },
    );
    let mut naive = Vec::new();
    let mut state = FlowState::default();
    let mut scratch = Scratch::new(&Config::default());
    detection.inspect_naively(
        &unit,
        Slot(1),
        Some(&mut state),
        &mut scratch,
        MonoTime(0),
        &mut |event| {
            naive.push(event.rule.id.sid);
        },
    );
    (fast, naive)
}

/// Every order of some things.
pub(crate) fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() < 2 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}
