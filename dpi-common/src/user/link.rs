//! Ending a pinned link at once.

use std::{
    ffi::{CString, c_int, c_long},
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

/// `enum bpf_cmd` of `linux/bpf.h`.
const BPF_OBJ_GET: c_int = 7;
const BPF_LINK_DETACH: c_int = 34;

/// Of `union bpf_attr`, for the command.
#[repr(C)]
struct ObjGet {
    pathname: u64,
    bpf_fd: u32,
    file_flags: u32,
}

/// Of `union bpf_attr`, for the command.
#[repr(C)]
struct LinkDetach {
    link_fd: u32,
}

/// Takes the program of the link that is pinned at `path` off its interface
/// (`BPF_LINK_DETACH`, Linux 5.9). The pin stays, and nothing is behind it any more.
///
/// Removing the pin alone detaches too, but some milliseconds later: the kernel gives up
/// the link when it frees the inode, after an RCU grace period. Attaching the same program
/// again meanwhile fails (`EEXIST`). aya offers neither the call nor the descriptor.
///
/// Errors are the system's: `ENOENT` without such a pin, `ENOLINK` if the interface is
/// gone, `EOPNOTSUPP` if links of this kind cannot be detached.
pub fn detach_pinned(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let get = ObjGet {
        pathname: path.as_ptr() as u64,
        bpf_fd: 0,
        file_flags: 0,
    };
    // SAFETY: `path` is NUL-terminated and lives across the call.
    let fd = unsafe { bpf(BPF_OBJ_GET, &get) }?;
    let fd = c_int::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the kernel has just opened it for us; nobody else owns it.
    let link = unsafe { OwnedFd::from_raw_fd(fd) };
    let detach = LinkDetach {
        link_fd: u32::try_from(link.as_raw_fd()).map_err(io::Error::other)?,
    };
    // SAFETY: the attribute holds no pointer.
    unsafe { bpf(BPF_LINK_DETACH, &detach) }.map(|_| ())
}

/// `bpf(2)`. The kernel takes attributes shorter than its own union and reads the rest as
/// zero.
///
/// # Safety
///
/// `attr` is the attribute of `command`, and its pointers are valid for the call.
unsafe fn bpf<T>(command: c_int, attr: &T) -> io::Result<c_long> {
    // SAFETY: the attribute is `size_of::<T>()` readable bytes; the rest is the caller's
    // promise.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attr),
            size_of::<T>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pin_is_refused() {
        for path in ["/nowhere/link", "/proc/version", "/a\0b"] {
            assert!(detach_pinned(Path::new(path)).is_err(), "{path:?}");
        }
    }
}
