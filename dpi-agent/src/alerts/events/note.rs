//! An alert as an Event.

use std::fmt::Write;

use dpi_api::alert::{AlertRecord, Direction, End, Endpoint, InspectionRef};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use sha1::{Digest, Sha1};

use crate::error_line::cut;

/// Longest note in bytes (kubernetes, `pkg/apis/core/validation/events.go`: 1024).
pub(super) const MAX_NOTE: usize = 1024;
/// Longest `reportingInstance`.
const MAX_INSTANCE: usize = 128;
/// Longest part of an object's name before the hash: names have 253 bytes at most.
const MAX_PREFIX: usize = 253 - 1 - 16;
const CONTROLLER: &str = "dpi-agent.dev/agent";

/// What an Event says of the other end. Whoever may read Events in the pod's namespace
/// reads it, and the other end may be another tenant's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PeerDetail {
    /// Nothing.
    None,
    /// Its address, which the pod itself sees too; its name if it is of the same namespace.
    #[default]
    Address,
    /// Its name, whosever it is.
    Name,
}

/// An Event's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EventName {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// What is to be told of one alert to one inspection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notice {
    pub(super) name: EventName,
    pub(super) event: Event,
    /// For when it is held back.
    pub(super) summary: Box<(EventName, Event)>,
    pub(super) time: Timestamp,
    /// For whoever looks at the inspection: that there was an alert at all. Made once, and
    /// neither counted nor held back with a word.
    pub(super) first: Option<Box<(EventName, Event)>>,
}

/// The notices of an alert: one for each inspection that selects the pod. `uid` knows
/// the inspections' UIDs.
pub(super) fn notices(
    record: &AlertRecord,
    peer: PeerDetail,
    mut uid: impl FnMut(&InspectionRef) -> Option<String>,
) -> Vec<Notice> {
    let Some((pod, node)) = inspected(record) else {
        return Vec::new();
    };
    let time = record.timestamp.to_utc().timestamp();
    let rule = format!("{}:{}", record.alert.gid, record.alert.signature_id);
    let text = note(record, pod, peer);
    let each = record.dpi.iter().map(|inspection| {
        let uid = uid(inspection);
        let related = inspection_reference(inspection, uid.as_deref());
        let identity = uid.unwrap_or_else(|| inspection.to_string());
        let pod_identity = pod.pod_uid.as_deref().unwrap_or(&pod.pod);
        let name = EventName {
            namespace: pod.namespace.clone(),
            name: name(&pod.pod, &[&identity, pod_identity, &rule]),
        };
        let event = Event {
            action: Some(format!(
                "Match-{}-{}",
                record.alert.gid, record.alert.signature_id
            )),
            reason: Some("DPIAlert".to_owned()),
            note: Some(text.clone()),
            regarding: Some(pod_reference(pod)),
            related: Some(related.clone()),
            ..template(&name, node, time)
        };
        let summary = EventName {
            namespace: inspection.namespace.clone(),
            name: name_of_summary(inspection, &identity, node),
        };
        let suppressed = Event {
            action: Some("RateLimit".to_owned()),
            reason: Some("DPIAlertsSuppressed".to_owned()),
            note: Some(format!(
                "Alerts on node {node} came faster than Events may be written; the count of this \
                 Event says how many have none. Each is in the alert output."
            )),
            regarding: Some(related),
            ..template(&summary, node, time)
        };
        let first = EventName {
            namespace: inspection.namespace.clone(),
            name: self::name(&inspection.name, &[&identity, "first", node]),
        };
        let announced = Event {
            action: Some("Match".to_owned()),
            reason: Some("DPIFirstAlert".to_owned()),
            note: Some(cut(
                format!(
                    "The first alert on node {node}: pod {}, {text}. The pods' own Events tell of \
                     each rule that matched.",
                    pod.pod
                ),
                MAX_NOTE,
            )),
            regarding: event.related.clone(),
            related: event.regarding.clone(),
            ..template(&first, node, time)
        };
        Notice {
            name,
            event,
            summary: Box::new((summary, suppressed)),
            time,
            first: Some(Box::new((first, announced))),
        }
    });
    each.collect()
}

fn inspected(record: &AlertRecord) -> Option<(&Endpoint, &str)> {
    let named = record.kubernetes.as_ref()?;
    let pod = match named.inspected {
        End::Src => named.src.as_ref(),
        End::Dest => named.dest.as_ref(),
    };
    Some((pod?, named.node.as_deref().unwrap_or_default()))
}

fn template(name: &EventName, node: &str, time: Timestamp) -> Event {
    Event {
        metadata: ObjectMeta {
            namespace: Some(name.namespace.clone()),
            name: Some(name.name.clone()),
            ..ObjectMeta::default()
        },
        event_time: Some(MicroTime(time)),
        type_: Some("Warning".to_owned()),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(cut(format!("dpi-agent-{node}"), MAX_INSTANCE)),
        ..Event::default()
    }
}

fn pod_reference(pod: &Endpoint) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace.clone()),
        name: Some(pod.pod.clone()),
        uid: pod.pod_uid.clone(),
        ..ObjectReference::default()
    }
}

fn inspection_reference(inspection: &InspectionRef, uid: Option<&str>) -> ObjectReference {
    ObjectReference {
        api_version: Some("projectcalico.org/v3".to_owned()),
        kind: Some("DeepPacketInspection".to_owned()),
        namespace: Some(inspection.namespace.clone()),
        name: Some(inspection.name.clone()),
        uid: uid.map(str::to_owned),
        ..ObjectReference::default()
    }
}

/// One summary for each inspection and node: two agents never write one Event.
fn name_of_summary(inspection: &InspectionRef, identity: &str, node: &str) -> String {
    name(&inspection.name, &[identity, "suppressed", node])
}

/// The object's name, and a hash of what makes the Event the same.
fn name(object: &str, identity: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in identity {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut name = cut(object.to_owned(), MAX_PREFIX);
    name.truncate(name.trim_end_matches(['.', '-']).len());
    name.push('.');
    for byte in &hash.finalize()[..8] {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Rule, direction and first peer. The rule's text is its author's; nothing of the
/// packet but addresses, ports and protocol is told.
fn note(record: &AlertRecord, pod: &Endpoint, peer: PeerDetail) -> String {
    let rule = &record.alert;
    let (way, other, ip, port, own) = match record.direction {
        Some(Direction::Egress) => (
            "to",
            End::Dest,
            record.dest_ip,
            record.dest_port,
            record.src_port,
        ),
        _ => (
            "from",
            End::Src,
            record.src_ip,
            record.src_port,
            record.dest_port,
        ),
    };
    let named = record.kubernetes.as_ref();
    let name = named.and_then(|named| match other {
        End::Src => named.src.as_ref(),
        End::Dest => named.dest.as_ref(),
    });
    let name = name.filter(|name| peer == PeerDetail::Name || name.namespace == pod.namespace);
    let port_of = |port: Option<u16>| port.map(|p| format!(" port {p}")).unwrap_or_default();
    let other = match (peer, name) {
        (PeerDetail::None, _) => String::new(),
        (_, Some(name)) => format!(" {way} {name} ({ip}){}", port_of(port)),
        (_, None) => format!(" {way} {ip}{}", port_of(port)),
    };
    let service = record
        .app_proto
        .as_deref()
        .map(|s| format!("/{s}"))
        .unwrap_or_default();
    let direction = if way == "to" { "sent" } else { "received" };
    let text = format!(
        "[{}:{}:{}] {} (severity {}): {}{service} {direction}{other}, own{}",
        rule.gid,
        rule.signature_id,
        rule.rev,
        rule.signature,
        rule.severity_label,
        record.proto,
        if own.is_some() {
            port_of(own)
        } else {
            " address".to_owned()
        },
    );
    let text = text.chars().map(|c| if c.is_control() { '.' } else { c });
    cut(text.collect(), MAX_NOTE)
}
