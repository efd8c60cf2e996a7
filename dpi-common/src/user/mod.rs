//! User space: addresses as `std` has them, the promise that aya may copy the types to and
//! from maps as bytes, and the one call of `bpf(2)` that aya lacks.

mod link;

use std::net::IpAddr;

pub use link::detach_pinned;

use crate::{
    BoundPort, Bypass, Control, Counters, FlowKey, FlowTuple, FragKey, FragValue, Interface, PodIp,
    PortBitmap, Sides,
    flow::{Address, IPV4, IPV6},
};

/// Family and words of `ip`, as a packet would show them.
pub fn address(ip: IpAddr) -> (u8, Address) {
    match ip {
        IpAddr::V4(ip) => (IPV4, [u32::from_ne_bytes(ip.octets()), 0, 0, 0]),
        IpAddr::V6(ip) => {
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(ip.octets().chunks_exact(4)) {
                *word = bytes.try_into().map_or(0, u32::from_ne_bytes);
            }
            (IPV6, words)
        }
    }
}

impl FlowTuple {
    /// The tuple of a flow between two addresses of the same family, in either order;
    /// `None` if the families differ.
    pub fn from_ends(protocol: u8, a: (IpAddr, u16), b: (IpAddr, u16)) -> Option<FlowTuple> {
        let ((family, from), (other, to)) = (address(a.0), address(b.0));
        (family == other).then(|| FlowTuple::new(family, protocol, (&from, a.1), (&to, b.1)))
    }
}

impl From<IpAddr> for PodIp {
    fn from(ip: IpAddr) -> PodIp {
        let (family, address) = address(ip);
        PodIp {
            address,
            family: u32::from(family),
        }
    }
}

impl BoundPort {
    /// A port on one address of the node.
    pub fn new(protocol: u8, ip: IpAddr, port: u16) -> BoundPort {
        let (family, address) = address(ip);
        BoundPort {
            address,
            port,
            protocol,
            family,
        }
    }
}

macro_rules! pod {
    ($($name:ty),* $(,)?) => {$(
        // SAFETY: the type is `#[repr(C)]` and made of integers alone, its size is asserted
        // beside it to be the sum of its fields (hence no padding), and every bit pattern
        // of those integers is a value.
        unsafe impl aya::Pod for $name {}
    )*};
}

pod!(
    BoundPort, Bypass, Control, Counters, FlowKey, FlowTuple, FragKey, FragValue, Interface, PodIp,
    PortBitmap, Sides,
);
