//! What the worker cannot know: which pods the ends of an alert are.

use std::net::IpAddr;

use dpi_api::alert::{
    Action, AlertRecord, Direction, End, Endpoint, EveTime, EventType, FlowTuple, Kubernetes,
    Ports, Severity, Signature, WireAlert, community_id, protocol_name,
};

use crate::{
    desired,
    snapshot::{Pod, Snapshot},
};

/// JSON keeps integers exact below this.
pub(super) const EXACT: u64 = 1 << 53;

/// Names the ends of an alert. `owner` is the selected workload that its slot stands for.
pub fn record(
    alert: &WireAlert,
    owner: Option<&desired::Endpoint>,
    snapshot: &Snapshot,
    node: Option<&str>,
) -> AlertRecord {
    let inspected = match alert.direction {
        Direction::Egress => End::Src,
        Direction::Ingress => End::Dest,
    };
    let peer = |ip: IpAddr| snapshot.pod_by_ip(ip).map(|pod| endpoint(pod));
    let own = || owner.map(|owner| endpoint(&owner.pod));
    let (src, dest) = match inspected {
        End::Src => (own().or_else(|| peer(alert.src_ip)), peer(alert.dest_ip)),
        End::Dest => (peer(alert.src_ip), own().or_else(|| peer(alert.dest_ip))),
    };
    let ports = matches!(alert.protocol, 6 | 17 | 132);
    AlertRecord {
        timestamp: EveTime::from_nanos(alert.time_ns),
        flow_id: alert.flow_id.map(|id| id % EXACT),
        event_type: EventType::Alert,
        pcap_filename: None,
        pcap_cnt: None,
        src_ip: alert.src_ip,
        src_port: ports.then_some(alert.src_port),
        dest_ip: alert.dest_ip,
        dest_port: ports.then_some(alert.dest_port),
        proto: protocol_name(alert.protocol),
        icmp_type: alert.icmp.map(|icmp| icmp.icmp_type),
        icmp_code: alert.icmp.map(|icmp| icmp.icmp_code),
        app_proto: alert.app_proto.as_ref().map(ToString::to_string),
        community_id: flow_tuple(alert).map(|tuple| community_id(0, &tuple)),
        direction: Some(alert.direction),
        alert: signature(alert),
        dpi: owner
            .map(|owner| owner.inspections.clone())
            .unwrap_or_default(),
        kubernetes: Some(Kubernetes {
            node: node.map(str::to_owned),
            inspected,
            peer: None,
            src,
            dest,
        }),
        suppressed: None,
    }
}

fn signature(alert: &WireAlert) -> Signature {
    let category = alert.category.as_deref().or(alert.classtype.as_deref());
    Signature {
        action: "allowed".into(),
        gid: alert.gid,
        signature_id: alert.sid,
        rev: alert.rev,
        signature: alert.msg.to_string(),
        category: category.unwrap_or_default().to_owned(),
        severity: alert.priority,
        severity_label: Severity::from_priority(alert.priority),
        rule_action: (alert.action != Action::Alert).then_some(alert.action),
    }
}

/// ICMP is told apart by its type, without which its flow has no name.
fn flow_tuple(alert: &WireAlert) -> Option<FlowTuple> {
    let ports = match (alert.protocol, alert.icmp) {
        (6 | 17 | 132, _) => Ports::Pair(alert.src_port, alert.dest_port),
        (1 | 58, Some(icmp)) => Ports::Icmp(icmp),
        (1 | 58, None) => return None,
        _ => Ports::None,
    };
    Some(FlowTuple {
        src: alert.src_ip,
        dest: alert.dest_ip,
        protocol: alert.protocol,
        ports,
    })
}

fn endpoint(pod: &Pod) -> Endpoint {
    // Files that name no UID have `namespace/name` in its place.
    let own = !pod.uid.0.contains('/');
    Endpoint {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        service: None,
        pod_uid: own.then(|| pod.uid.0.clone()),
        node: pod.node.clone(),
        labels: pod.labels.clone(),
        service_account: pod.service_account.clone(),
    }
}
