//! Codecs: one frame becomes the innermost IP packet it carries.
//!
//! Each file knows one protocol: a checked constructor, then getters that cannot fail.
//! The walk over the layers is in `walk`; it is iterative and bounded, allocates nothing,
//! and where the inside of a tunnel cannot be read it gives the tunnel's own packet.
//! Nothing here keeps state: fragments come out as they are (see `stream::defrag`).
//! Checksums are a question of their own (`checksum`), for the caller to ask where the kernel
//! has finished them.

mod checksum;
mod error;
mod erspan;
mod ethernet;
mod geneve;
mod gre;
mod gtp;
mod icmp;
mod ipv4;
mod ipv6;
mod linux_sll;
mod loopback;
mod mpls;
mod ppp;
mod tcp;
mod teredo;
#[cfg(test)]
mod tests;
mod udp;
mod vlan;
mod vxlan;
mod walk;

pub use checksum::has_bad_checksum;
pub use error::{DecodeError, Layer};
pub(crate) use udp::udp_header;
pub use walk::{DecodeLimits, Decoded, decode, decode_datagram};
