//! What an intruder in the worker would try with a ring's socket, so that tests of its
//! confinement can try it, too. Nothing else calls this.

use std::{
    io,
    os::fd::{AsFd, AsRawFd as _},
};

/// A `virtio_net_hdr` that says nothing, as a socket with `PACKET_VNET_HDR` wants it first.
const NO_OFFLOADS: [u8; 10] = [0; 10];

/// Sends a frame by way of another interface than the ring's.
pub fn send_to(ring: impl AsFd, ifindex: u32, frame: &[u8]) -> io::Result<()> {
    let bytes = [&NO_OFFLOADS, frame].concat();
    let address = address(ifindex);
    // SAFETY: `bytes` and `address` are readable for their sizes.
    let sent = unsafe {
        libc::sendto(
            ring.as_fd().as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            0,
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    };
    told(sent)
}

/// Binds the ring to another interface, whose packets it would show from then on.
pub fn bind_to(ring: impl AsFd, ifindex: u32) -> io::Result<()> {
    let address = address(ifindex);
    // SAFETY: `address` is readable for its size.
    let bound = unsafe {
        libc::bind(
            ring.as_fd().as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    };
    told(bound as isize)
}

fn address(ifindex: u32) -> libc::sockaddr_ll {
    // SAFETY: all-zero is a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = ifindex.cast_signed();
    address.sll_halen = 6;
    address
}

fn told(result: isize) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
