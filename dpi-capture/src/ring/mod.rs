//! AF_PACKET `TPACKET_V3` rings.
//!
//! [`Ring`] is the supervisor's side: it opens, binds, joins the fanout group and reads
//! `PACKET_STATISTICS`. [`RingReader`] is the worker's: it maps a ring whose descriptor it
//! was given and walks it. Neither parses a packet.

mod frame;
mod geometry;
mod layout;
mod open;
mod reader;
mod socket;
pub mod trespass;

pub use frame::{Checksum, Frame, Gso, GsoKind, Tag, Timestamp, Vlan};
pub use geometry::Geometry;
pub use open::{Ring, RingError, RingOptions, RingStatistics};
pub use reader::{Block, RingReader};
