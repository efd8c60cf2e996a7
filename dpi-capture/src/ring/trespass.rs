//! What an intruder in the worker would try, with a ring's socket and without, so that tests
//! of its confinement can try it, too. Nothing else calls this.

use std::{
    io,
    os::fd::{AsFd, AsRawFd as _},
};

/// A `virtio_net_hdr` that says nothing, as a socket with `PACKET_VNET_HDR` wants it first.
const NO_OFFLOADS: [u8; 10] = [0; 10];

/// Ways out of a process: into another one, into the kernel, into other namespaces, to the
/// network, to another program. `fork` is left out, since it has no arguments to be wrong.
const WAYS_OUT: [(&str, libc::c_long); 32] = [
    ("ptrace", libc::SYS_ptrace),
    ("process_vm_readv", libc::SYS_process_vm_readv),
    ("process_vm_writev", libc::SYS_process_vm_writev),
    ("pidfd_open", libc::SYS_pidfd_open),
    ("pidfd_getfd", libc::SYS_pidfd_getfd),
    ("kcmp", libc::SYS_kcmp),
    ("kill", libc::SYS_kill),
    ("bpf", libc::SYS_bpf),
    ("perf_event_open", libc::SYS_perf_event_open),
    ("userfaultfd", libc::SYS_userfaultfd),
    ("io_uring_setup", libc::SYS_io_uring_setup),
    ("io_uring_enter", libc::SYS_io_uring_enter),
    ("init_module", libc::SYS_init_module),
    ("finit_module", libc::SYS_finit_module),
    ("add_key", libc::SYS_add_key),
    ("keyctl", libc::SYS_keyctl),
    ("unshare", libc::SYS_unshare),
    ("setns", libc::SYS_setns),
    ("mount", libc::SYS_mount),
    ("umount2", libc::SYS_umount2),
    ("pivot_root", libc::SYS_pivot_root),
    ("open_by_handle_at", libc::SYS_open_by_handle_at),
    ("execve", libc::SYS_execve),
    ("execveat", libc::SYS_execveat),
    ("memfd_create", libc::SYS_memfd_create),
    ("socket", libc::SYS_socket),
    ("connect", libc::SYS_connect),
    ("accept4", libc::SYS_accept4),
    ("sendmsg", libc::SYS_sendmsg),
    ("sendmmsg", libc::SYS_sendmmsg),
    ("seccomp", libc::SYS_seccomp),
    ("setuid", libc::SYS_setuid),
];

/// Tries each way out with arguments that no kernel accepts; its error, if it has one. A
/// filter answers before the kernel looks at arguments.
pub fn ways_out() -> [(&'static str, Option<i32>); WAYS_OUT.len()] {
    WAYS_OUT.map(|(name, number)| {
        let wrong = usize::MAX;
        // SAFETY: all arguments are -1: neither a descriptor nor a process nor an address of
        // this process nor a flag that any of the calls above knows, so that none of them
        // reads or writes memory or changes anything.
        let result = unsafe { libc::syscall(number, wrong, wrong, wrong, wrong, wrong, wrong) };
        let error = told(result as isize).err();
        (name, error.and_then(|error| error.raw_os_error()))
    })
}

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
