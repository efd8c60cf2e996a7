//! `setsockopt(SOL_PACKET, …)` and `bind`, which rustix does not have.

use std::os::fd::{AsFd, AsRawFd};

use rustix::io::Errno;

use super::open::RingError;

pub(super) fn set<T>(
    fd: impl AsFd,
    level: i32,
    option: i32,
    call: &'static str,
    value: &T,
) -> Result<(), RingError> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: `value` is readable for `length` bytes, and the kernel copies it.
    let result = unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const *value).cast(),
            length,
        )
    };
    check(result, call)
}

/// Reads a plain integer structure.
pub(super) fn get<T: Copy>(
    fd: impl AsFd,
    option: i32,
    call: &'static str,
    mut value: T,
) -> Result<T, RingError> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: `value` is writable for `length` bytes; the callers' types are `repr(C)`
    // integers, for which any bytes are a value.
    let result = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_PACKET,
            option,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    check(result, call).map(|()| value)
}

pub(super) fn bind(fd: impl AsFd, ifindex: u32) -> Result<(), RingError> {
    // SAFETY: all-zero is a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = ifindex.cast_signed();
    // SAFETY: `address` is readable for its size.
    let result = unsafe {
        libc::bind(
            fd.as_fd().as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    };
    check(result, "bind to the sink")
}

fn check(result: i32, call: &'static str) -> Result<(), RingError> {
    if result == 0 {
        return Ok(());
    }
    let code = std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO);
    Err(RingError::System {
        call,
        source: Errno::from_raw_os_error(code),
    })
}
