//! A flow that the kernel need not hand over any more.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One flow of one workload. Addresses and ports stand in the order of the packet that
/// brought the verdict; the kernel's key has no direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BypassRecord {
    /// Number of the selected workload.
    pub slot: u32,
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Source port, host byte order.
    pub src_port: u16,
    /// Destination port, host byte order.
    pub dst_port: u16,
    /// The flow's protocol.
    pub transport: Transport,
    /// Epoch of the ruleset that gave the verdict: under another the entry means nothing.
    pub epoch: u32,
    /// Why.
    pub reason: Reason,
}

/// Protocols whose flows can be bypassed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the protocols' own")]
pub enum Transport {
    Tcp,
    Udp,
}

/// Why a flow needs no further inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// No rule can match the rest of it.
    NoRule,
    /// It carries ciphertext from here on.
    Encrypted,
    /// The depth of inspection is reached.
    Depth,
    /// It made the engine panic.
    Panic,
}
