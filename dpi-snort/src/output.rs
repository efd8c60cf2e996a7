//! What leaves the engine.

use std::net::IpAddr;

use crate::{frame::Tag, time::WallTime};

/// Receiver of everything the engine finds. Called from within
/// [`Engine::process`](crate::Engine::process); what is lent must be copied to be kept.
pub trait Output {
    /// A rule matched.
    fn alert(&mut self, alert: &Alert<'_>);

    /// The engine needs nothing more of this flow: the caller may stop handing
    /// it over. Offered only for whole, untunnelled flows.
    fn bypass(&mut self, tag: Tag, flow: &FlowEndpoints, reason: BypassReason);
}

/// One match of one rule.
#[derive(Clone, Debug)]
pub struct Alert<'a> {
    /// Time of the packet that completed the match.
    pub time: WallTime,
    /// Workload and direction of that packet.
    pub tag: Tag,
    /// Source and destination of that packet (innermost IP header).
    pub flow: FlowEndpoints,
    /// Type and code, if that packet is an ICMP message.
    pub icmp: Option<IcmpType>,
    /// Identity of the flow within this engine, stable for its life; `None` without a flow.
    pub flow_id: Option<u64>,
    /// Service name found for the flow ("http"), if any.
    pub app_proto: Option<&'a str>,
    /// Generator id.
    pub gid: u32,
    /// Rule id.
    pub sid: u32,
    /// Rule revision.
    pub rev: u32,
    /// The rule's message.
    pub msg: &'a str,
    /// `classtype` name, if the rule has one.
    pub classtype: Option<&'a str>,
    /// The classtype's description, as `classification.config` gives it.
    pub category: Option<&'a str>,
    /// 1 (most severe) to 4 by stock classifications; any number a rule states.
    pub priority: u32,
    /// What the rule would have done.
    pub action: Action,
    /// Whether the match was on a rebuilt PDU or datagram and not on a raw packet.
    pub rebuilt: bool,
}

/// Addresses, ports and protocol in packet order (source first), ports 0 where
/// the protocol has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowEndpoints {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Source port; 0 without ports.
    pub src_port: u16,
    /// Destination port; 0 without ports.
    pub dst_port: u16,
    /// IP protocol number.
    pub protocol: u8,
}

/// Type and code of an ICMP or ICMPv6 message; the two have numbers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IcmpType {
    /// ICMP type.
    pub icmp_type: u8,
    /// ICMP code.
    pub icmp_code: u8,
}

/// Rule actions. The engine is passive: they only say what would have been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// Why a flow needs no further inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BypassReason {
    /// No rule can match the rest of this flow.
    NoRule,
    /// The flow carries ciphertext from here on.
    Encrypted,
    /// The configured depth of inspection is reached.
    Depth,
    /// A packet of this flow made the engine panic; the flow is quarantined.
    Panic,
}
