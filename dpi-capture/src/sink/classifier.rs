//! Two instructions that drop what enters a veth sink, by bpf(2): a loader would be more
//! code than the program.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;

use super::{error::Reason, tap::owned};

const BPF_PROG_LOAD: i32 = 5;
const BPF_LINK_CREATE: i32 = 28;
const BPF_PROG_TYPE_SCHED_CLS: u32 = 3;
const BPF_TCX_INGRESS: u32 = 46;
/// `r0 = TCX_DROP; exit`.
static DROP: [u64; 2] = [0x0000_0002_0000_00b7_u64.to_le(), 0x95_u64.to_le()];
static LICENSE: &std::ffi::CStr = c"Dual MIT/GPL";

/// The part of `union bpf_attr` for `BPF_PROG_LOAD` that the first kernels had.
#[repr(C)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
}

/// For `BPF_LINK_CREATE` on an interface.
#[repr(C)]
struct Create {
    prog_fd: u32,
    target_ifindex: u32,
    attach_type: u32,
    flags: u32,
}

/// Drops everything that enters the interface for as long as the link returned is open.
pub(super) fn drop_ingress(ifindex: u32) -> Result<OwnedFd, Reason> {
    let load = Load {
        prog_type: BPF_PROG_TYPE_SCHED_CLS,
        insn_cnt: 2,
        insns: DROP.as_ptr() as u64,
        license: LICENSE.as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log_buf: 0,
        kern_version: 0,
        prog_flags: 0,
    };
    let program = bpf(BPF_PROG_LOAD, &load, "BPF_PROG_LOAD").map_err(|reason| match reason {
        Reason::System {
            source: Errno::PERM | Errno::ACCESS,
            call,
        } => Reason::NotPermitted {
            call,
            capability: "BPF",
        },
        reason => reason,
    })?;
    let create = Create {
        prog_fd: program.as_raw_fd().cast_unsigned(),
        target_ifindex: ifindex,
        attach_type: BPF_TCX_INGRESS,
        flags: 0,
    };
    bpf(BPF_LINK_CREATE, &create, "BPF_LINK_CREATE").map_err(|reason| match reason {
        Reason::System {
            source: Errno::INVAL,
            ..
        } => Reason::NoTcx,
        reason => reason,
    })
}

fn bpf<T>(command: i32, attributes: &T, call: &'static str) -> Result<OwnedFd, Reason> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes at `attributes` and takes the rest
    // as 0; the addresses inside are of statics. Both commands return a new descriptor.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            &raw const *attributes,
            size_of::<T>(),
        )
    };
    owned(result, call)
}
