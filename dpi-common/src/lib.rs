//! Kernel ABI shared by the eBPF programs and user space.
//!
//! Everything here is plain data or a pure function: what a map's key and value look
//! like, how slot, direction and flow travel in `skb->hash`, what a packet's verdict is.
//! The eBPF programs and the tests of user space use the same code, so that a packet
//! seen on the sink can be checked against what the kernel should have done with it.
//!
//! Layouts are `#[repr(C)]` without implicit padding; a change of any of them must raise
//! [`names::ABI_VERSION`].
#![cfg_attr(not(feature = "user"), no_std)]
#![cfg_attr(not(feature = "user"), forbid(unsafe_code))]
#![allow(
    clippy::inline_always,
    reason = "in the eBPF object a call costs a stack frame of the 512 bytes there are"
)]

pub mod control;
pub mod counters;
pub mod flow;
pub mod fragment;
pub mod hash;
pub mod names;
pub mod packet;
pub mod ports;
pub mod prefilter;
pub mod select;
pub mod slot;
#[cfg(feature = "user")]
pub mod user;

pub use control::Control;
pub use counters::{Counter, Counters};
pub use flow::{Bypass, FlowKey, FlowTuple};
pub use fragment::{FragKey, FragValue};
pub use hash::{Direction, FlowHash, SkbHash};
pub use packet::{Fragment, Packet, Unparsed};
pub use ports::PortBitmap;
pub use prefilter::Verdict;
pub use select::{BoundPort, Interface, PodIp, Sides};
pub use slot::Slot;
