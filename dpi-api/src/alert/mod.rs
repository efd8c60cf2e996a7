//! What an alert is on its way out.
//!
//! [`WireAlert`] is what the worker tells the supervisor: plain facts of one
//! match, bounded in size. The supervisor adds who the ends are and makes an
//! [`AlertRecord`] of it, which every sink writes. Neither carries a byte of
//! payload. How a `WireAlert` is framed on the socket is not said here.

mod community_id;
mod record;
mod severity;
mod text;
mod time;
mod wire;

pub use community_id::{FlowTuple, Ports, community_id};
pub use record::{
    AlertRecord, End, Endpoint, EventType, InspectionRef, Kubernetes, Peer, Signature, Suppressed,
    protocol_name,
};
pub use severity::Severity;
pub use text::{Text, TextTooLong};
pub use time::EveTime;
pub use wire::{Action, Direction, IcmpType, WireAlert};

#[cfg(test)]
mod tests;
