//! What a real Linux socket gives of segments and fragments, beside what ours makes of them.
//!
//! A TUN device in a namespace carries hand-made packets to the kernel's own TCP and IP and
//! brings its answers back; the application at the socket is the oracle. Nothing here decides
//! which packets are worth a try: that is the tests' business.

mod fragments;
mod packets;
mod segments;
mod wire;

pub use fragments::{Fragment, FragmentOracle};
pub use segments::{Given, Opening, Segment, StreamOracle};
pub use wire::Version;
