//! One match as the worker reports it to the supervisor.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Text;

/// Facts of one match of one rule, without payload and without Kubernetes names.
///
/// The worker parses hostile bytes, so the supervisor takes every field as a
/// claim: texts are bounded when read, numbers are only printed or looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireAlert {
    /// Number of the selected workload whose packet matched (0 to 2²⁴−1).
    pub slot: u32,
    /// Whether the workload sent or receives that packet.
    pub direction: Direction,
    /// Time of the packet that completed the match, nanoseconds since 1970-01-01T00:00:00Z.
    pub time_ns: u64,
    /// Source address of that packet (innermost IP header).
    pub src_ip: IpAddr,
    /// Destination address of that packet.
    pub dest_ip: IpAddr,
    /// Source port, host byte order; 0 where the protocol has none.
    pub src_port: u16,
    /// Destination port, host byte order; 0 where the protocol has none.
    pub dest_port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// ICMP type and code, where the protocol is ICMP and they are known.
    pub icmp: Option<IcmpType>,
    /// Service found for the flow (Snort's name, "http"), if any.
    pub app_proto: Option<Text<{ WireAlert::MAX_NAME }>>,
    /// Identity of the flow within one worker; `None` without a flow.
    pub flow_id: Option<u64>,
    /// Generator id of the rule.
    pub gid: u32,
    /// Rule id.
    pub sid: u32,
    /// Rule revision.
    pub rev: u32,
    /// The rule's `msg`.
    pub msg: Text<{ WireAlert::MAX_MSG }>,
    /// The rule's `classtype` ("web-application-attack"), if any.
    pub classtype: Option<Text<{ WireAlert::MAX_NAME }>>,
    /// What `classification.config` says of the classtype.
    pub category: Option<Text<{ WireAlert::MAX_CATEGORY }>>,
    /// 1 (most severe) to 4 by stock classifications; any number a rule states.
    pub priority: u32,
    /// What the rule would have done.
    pub action: Action,
    /// Whether the match was on a rebuilt PDU or datagram and not on a raw packet.
    pub rebuilt: bool,
    /// Epoch of the ruleset that the rule belongs to.
    pub ruleset_epoch: u32,
}

impl WireAlert {
    /// Longest `msg` in bytes; the longest of the stock rules has about 200.
    pub const MAX_MSG: usize = 512;
    /// Longest classtype or service name in bytes.
    pub const MAX_NAME: usize = 64;
    /// Longest description of a classtype in bytes.
    pub const MAX_CATEGORY: usize = 256;
}

/// Which way a packet goes, seen from the workload, in the words of Kubernetes' `NetworkPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The workload sent it.
    Egress,
    /// The workload receives it.
    Ingress,
}

/// Type and code of an ICMP or ICMPv6 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IcmpType {
    /// ICMP type.
    pub icmp_type: u8,
    /// ICMP code.
    pub icmp_code: u8,
}

/// Rule actions of Snort 3. Inspection is passive: they say what would have been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are Snort's own action words")]
pub enum Action {
    #[default]
    Alert,
    Log,
    Pass,
    Drop,
    Block,
    Reject,
    Rewrite,
    React,
}
