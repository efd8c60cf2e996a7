//! One capture file through a fresh engine.

use std::{io, path::Path, sync::Arc};

use dpi_api::alert::{
    AlertRecord, EveTime, EventType, FlowTuple, IcmpType, Ports, Severity, Signature, community_id,
    protocol_name,
};
use dpi_snort::{
    Action, Alert, BypassReason, ChecksumState, Config, Engine, FlowEndpoints, Frame, Now, Output,
    SlotTable, Tag,
    detection::{Detection, TraceStep},
    parser::RuleId,
};

use super::capture::{CaptureError, ReadError, read};

/// Nanoseconds of packet time between two looks for idle flows.
const EXPIRE_EVERY: u64 = 1_000_000_000;

/// What became of a file.
#[derive(Debug)]
pub struct Inspected {
    /// Packets read.
    pub packets: u64,
    /// Why the file was not read to its end; what was read has been inspected.
    pub error: Option<CaptureError>,
    /// Counters of the engine.
    pub counters: Vec<(&'static str, u64)>,
}

/// What became of a rule that is followed, and by which packet.
#[derive(Debug)]
pub struct Traced {
    /// Number of the packet within its file.
    pub packet: u64,
    /// What was looked at, and where the rule stopped.
    pub step: TraceStep,
}

/// A rule to be followed, and who is told of it.
type Trace<'t> = (RuleId, &'t mut dyn FnMut(&Traced));

/// Inspects a file and gives its alerts to `emit`. The error is `emit`'s own.
pub fn inspect(
    path: &Path,
    detection: &Arc<Detection>,
    config: &Config,
    emit: &mut dyn FnMut(&AlertRecord) -> io::Result<()>,
) -> io::Result<Inspected> {
    inspect_traced(path, detection, config, None, emit)
}

/// The same while a rule is followed.
pub fn inspect_traced(
    path: &Path,
    detection: &Arc<Detection>,
    config: &Config,
    mut trace: Option<Trace<'_>>,
    emit: &mut dyn FnMut(&AlertRecord) -> io::Result<()>,
) -> io::Result<Inspected> {
    let slots = Arc::new(SlotTable::default());
    let mut engine = Engine::new(config.clone(), Arc::clone(detection), slots);
    if let Some((rule, _)) = &trace {
        engine.trace(*rule);
    }
    let name = path.display().to_string();
    let mut alerts = Alerts {
        file: &name,
        number: 0,
        emit,
        result: Ok(()),
    };
    let mut last = Now::default();
    let mut next_expiry = 0;
    let result = read(path, &mut |packet| {
        alerts.number = packet.number;
        // Captures merged from several sources may step back in time; flows may not.
        let monotonic = packet.nanos.max(last.monotonic.0);
        let now = Now {
            monotonic: dpi_snort::MonoTime(monotonic),
            ..Now::from_capture(packet.nanos)
        };
        last = now;
        if monotonic >= next_expiry {
            engine.expire(now, &mut alerts);
            next_expiry = monotonic.saturating_add(EXPIRE_EVERY);
        }
        let frame = Frame {
            bytes: packet.bytes,
            link_type: packet.link_type,
            wire_len: packet.wire_len,
            vlan: None,
            gso_size: 0,
            checksum: ChecksumState::Unknown,
            tag: Tag::default(),
        };
        engine.process(&frame, now, &mut alerts);
        if let Some((_, told)) = &mut trace {
            tell(&mut engine, packet.number, told);
        }
        std::mem::replace(&mut alerts.result, Ok(()))
    });
    engine.finish(last, &mut alerts);
    if let Some((_, told)) = &mut trace {
        tell(&mut engine, alerts.number, told);
    }
    alerts.result?;
    let error = match result {
        Ok(_) => None,
        Err(ReadError::Capture(error)) => Some(error),
        Err(ReadError::Visit(error)) => return Err(error),
    };
    let mut counters = Vec::new();
    engine.each_counter(|name, value| counters.push((name, value)));
    Ok(Inspected {
        packets: alerts.number,
        error,
        counters,
    })
}

fn tell(engine: &mut Engine, packet: u64, told: &mut dyn FnMut(&Traced)) {
    for step in engine.take_trace() {
        told(&Traced { packet, step });
    }
}

struct Alerts<'a> {
    file: &'a str,
    number: u64,
    emit: &'a mut dyn FnMut(&AlertRecord) -> io::Result<()>,
    result: io::Result<()>,
}

impl Output for Alerts<'_> {
    fn alert(&mut self, alert: &Alert<'_>) {
        if self.result.is_ok() {
            self.result = (self.emit)(&record(alert, self.file, self.number));
        }
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

fn record(alert: &Alert<'_>, file: &str, number: u64) -> AlertRecord {
    let flow = alert.flow;
    let has_ports = matches!(flow.protocol, 6 | 17 | 132);
    let port = |port| has_ports.then_some(port);
    AlertRecord {
        timestamp: EveTime::from_nanos(alert.time.0),
        flow_id: alert.flow_id,
        event_type: EventType::Alert,
        pcap_filename: Some(file.to_owned()),
        pcap_cnt: Some(number),
        src_ip: flow.src,
        src_port: port(flow.src_port),
        dest_ip: flow.dst,
        dest_port: port(flow.dst_port),
        proto: protocol_name(flow.protocol),
        icmp_type: alert.icmp.map(|icmp| icmp.icmp_type),
        icmp_code: alert.icmp.map(|icmp| icmp.icmp_code),
        app_proto: alert.app_proto.map(str::to_owned),
        community_id: flow_tuple(alert).map(|tuple| community_id(0, &tuple)),
        direction: None,
        alert: signature(alert),
        dpi: Vec::new(),
        kubernetes: None,
        suppressed: None,
    }
}

/// What the community id is made of. ICMP is told apart by its type, without which its flow
/// has no name.
fn flow_tuple(alert: &Alert<'_>) -> Option<FlowTuple> {
    let flow = alert.flow;
    let ports = match (flow.protocol, alert.icmp) {
        (6 | 17 | 132, _) => Ports::Pair(flow.src_port, flow.dst_port),
        (1 | 58, Some(icmp)) => Ports::Icmp(IcmpType {
            icmp_type: icmp.icmp_type,
            icmp_code: icmp.icmp_code,
        }),
        (1 | 58, None) => return None,
        _ => Ports::None,
    };
    Some(FlowTuple {
        src: flow.src,
        dest: flow.dst,
        protocol: flow.protocol,
        ports,
    })
}

fn signature(alert: &Alert<'_>) -> Signature {
    let category = alert.category.or(alert.classtype).unwrap_or_default();
    Signature {
        action: "allowed".into(),
        gid: alert.gid,
        signature_id: alert.sid,
        rev: alert.rev,
        signature: alert.msg.to_owned(),
        category: category.to_owned(),
        severity: alert.priority,
        severity_label: Severity::from_priority(alert.priority),
        rule_action: rule_action(alert.action),
    }
}

fn rule_action(action: Action) -> Option<dpi_api::alert::Action> {
    use dpi_api::alert::Action as Told;
    match action {
        Action::Alert => None,
        Action::Log => Some(Told::Log),
        Action::Pass => Some(Told::Pass),
        Action::Drop => Some(Told::Drop),
        Action::Block => Some(Told::Block),
        Action::Reject => Some(Told::Reject),
        Action::Rewrite => Some(Told::Rewrite),
        Action::React => Some(Told::React),
    }
}
