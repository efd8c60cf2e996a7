//! What supervisor and worker say to each other over one `SOCK_SEQPACKET` socket.
//!
//! One message a datagram, at most [`MAX_MESSAGE`] bytes, encoded by postcard.
//! The worker parses hostile bytes, so the supervisor takes everything it says
//! as a claim: texts and lists are bounded when read, trailing bytes are refused.
//! File descriptors travel beside [`ToWorker::Rings`] and are not described here;
//! counters and cursors are shared memory and no messages.

mod bypass;
mod codec;
mod ports;
mod rules;
mod supervisor;
mod worker;

pub use bypass::{BypassRecord, Reason, Transport};
pub use codec::{DecodeError, EncodeError, MAX_MESSAGE, decode, encode};
pub use ports::{PORT_BYTES, PortBytes, PortMap};
pub use rules::{RuleProblem, RulesReport};
pub use supervisor::{EngineLimits, RuleDialect, Start, ToWorker};
pub use worker::{BYPASSES_A_MESSAGE, ToSupervisor};

#[cfg(test)]
mod tests;
