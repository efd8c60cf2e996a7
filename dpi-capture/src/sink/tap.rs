//! The tap device that takes every packet and passes none on.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::{
    fs::{Mode, OFlags, open as open_file},
    io::Errno,
};

use super::error::Reason;

/// `TUN_F_CSUM | TSO4 | TSO6 | TSO_ECN | USO4 | USO6`: without them the kernel would cut
/// and checksum super-packets before a ring sees them. USO is there since Linux 6.2.
const OFFLOADS: [u64; 2] = [0x6f, 0x0f];

/// A tap that nobody reads: its filter refuses every packet after the rings have seen it.
pub(super) fn open(name: &str) -> Result<OwnedFd, Reason> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = open_file("/dev/net/tun", flags, Mode::empty()).map_err(|source| match source {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => Reason::NoTunDevice,
        source => refused("open /dev/net/tun", source),
    })?;
    // SAFETY: all-zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The name is at most 13 ASCII bytes, so that the last byte stays 0.
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    let mode = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_TUN_EXCL;
    request.ifr_ifru.ifru_flags = (mode & 0xffff) as u16 as i16;
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, which `request` is.
    let made = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    check(made, "TUNSETIFF")?;
    refuse_all(&fd)?;
    let mut offloaded = Ok(());
    for offloads in OFFLOADS {
        // SAFETY: TUNSETOFFLOAD takes its argument by value.
        let set = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TUNSETOFFLOAD, offloads) };
        offloaded = check(set, "TUNSETOFFLOAD");
        if offloaded.is_ok() {
            break;
        }
    }
    offloaded.map(|()| fd)
}

fn refuse_all(fd: &OwnedFd) -> Result<(), Reason> {
    let mut refuse = [libc::sock_filter {
        code: 0x06,
        jt: 0,
        jf: 0,
        k: 0,
    }];
    let program = libc::sock_fprog {
        len: 1,
        filter: refuse.as_mut_ptr(),
    };
    // SAFETY: TUNATTACHFILTER reads one `sock_fprog`, whose instruction lives until after
    // the call; the kernel copies both.
    let set = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TUNATTACHFILTER, &raw const program) };
    check(set, "TUNATTACHFILTER")
}

fn check(result: i32, call: &'static str) -> Result<(), Reason> {
    if result >= 0 {
        return Ok(());
    }
    Err(refused(call, last_error()))
}

fn refused(call: &'static str, source: Errno) -> Reason {
    match source {
        Errno::PERM | Errno::ACCESS => Reason::NotPermitted {
            call,
            capability: "NET_ADMIN",
        },
        source => Reason::System { call, source },
    }
}

pub(super) fn last_error() -> Errno {
    let code = std::io::Error::last_os_error().raw_os_error();
    Errno::from_raw_os_error(code.unwrap_or(libc::EIO))
}

/// Takes a descriptor that a raw system call returned.
pub(super) fn owned(result: i64, call: &'static str) -> Result<OwnedFd, Reason> {
    match i32::try_from(result) {
        // SAFETY: the callers pass what a system call returned as a new descriptor, which
        // nobody else has.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(Reason::System {
            call,
            source: last_error(),
        }),
    }
}
