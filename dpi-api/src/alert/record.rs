//! The alert as sinks write it: EVE names, with Kubernetes added.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use super::{Action, Direction, EveTime, Severity};

/// One line of output. Field names are those of Suricata's EVE JSON; what EVE
/// does not know (`dpi`, `kubernetes`) stands beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Time of the packet that completed the match.
    pub timestamp: EveTime,
    /// Identity of the flow on this node, below 2⁵³ so that every JSON reader keeps it exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<u64>,
    /// Alert, or a note that alerts were withheld.
    pub event_type: EventType,
    /// Capture file that the packet was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pcap_filename: Option<String>,
    /// Number of the packet in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pcap_cnt: Option<u64>,
    /// Source address of the packet.
    pub src_ip: IpAddr,
    /// Source port; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Destination address of the packet.
    pub dest_ip: IpAddr,
    /// Destination port; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dest_port: Option<u16>,
    /// Name of the IP protocol ("TCP", "IPv6-ICMP"), its number where it has no name.
    pub proto: Cow<'static, str>,
    /// ICMP type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icmp_type: Option<u8>,
    /// ICMP code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icmp_code: Option<u8>,
    /// Service found for the flow ("http").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_proto: Option<String>,
    /// Community ID version 1, the same for both selected ends of a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community_id: Option<String>,
    /// Whether the inspected workload sent (`egress`) or receives (`ingress`) the packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The rule.
    pub alert: Signature,
    /// Inspections that select the workload, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dpi: Vec<InspectionRef>,
    /// Who the two ends are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
    /// How many alerts the limiter withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
}

/// Kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A rule matched.
    Alert,
    /// A rule matched more often than the limiter lets through: `suppressed`
    /// counts the matches that no `alert` record tells of.
    Suppressed,
}

/// The rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Always "allowed": inspection is passive.
    pub action: Cow<'static, str>,
    /// Generator id.
    pub gid: u32,
    /// Rule id.
    pub signature_id: u32,
    /// Rule revision.
    pub rev: u32,
    /// The rule's message.
    pub signature: String,
    /// The classtype's description, its name where there is none, else empty.
    pub category: String,
    /// The rule's priority: 1 is the most severe.
    pub severity: u32,
    /// The priority in words.
    pub severity_label: Severity,
    /// The rule's own action where it is not `alert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_action: Option<Action>,
}

/// Name of a `DeepPacketInspection`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InspectionRef {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl std::fmt::Display for InspectionRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Where the alert was seen and who the ends are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// Node that inspected the packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Which end is the inspected workload.
    pub inspected: End,
    /// What became of naming the other end, where the cluster had to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// The sender, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src: Option<Endpoint>,
    /// The receiver, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dest: Option<Endpoint>,
}

/// One end of a packet, by EVE's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The sender.
    Src,
    /// The receiver.
    Dest,
}

/// What became of naming the end that is not the inspected workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// It is a pod.
    Pod,
    /// It is a Service.
    Service,
    /// No pod and no Service of the cluster has its address.
    Unknown,
    /// The cluster was not asked or did not answer in time.
    Unresolved,
}

/// A pod, or a Service, as an end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The namespace.
    pub namespace: String,
    /// The pod's name; empty for a Service.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// The Service's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The pod's UID, where the source of objects has one.
    #[serde(rename = "podUID", default, skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
    /// The node it runs on, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The pod's own labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The pod's service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.service.as_ref().unwrap_or(&self.pod);
        write!(f, "{}/{name}", self.namespace)
    }
}

/// Matches that no `alert` record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// How many.
    pub count: u64,
    /// Time of the first of them.
    pub first: EveTime,
    /// Time of the last of them.
    pub last: EveTime,
}

/// The name EVE prints for an IP protocol number, else the number.
pub fn protocol_name(protocol: u8) -> Cow<'static, str> {
    Cow::Borrowed(match protocol {
        1 => "ICMP",
        2 => "IGMP",
        4 => "IP-ENCAP",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "IPv6-ICMP",
        132 => "SCTP",
        other => return Cow::Owned(other.to_string()),
    })
}
