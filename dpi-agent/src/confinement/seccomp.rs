//! The system calls that are left, by seccomp.

use std::{collections::BTreeMap, os::fd::RawFd};

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Whatever their arguments. Threads, memory, time, waiting, reading; never sending,
/// connecting, executing or reaching into another process.
const ALWAYS: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readlinkat,
    // Rings and their memory come over the socket.
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
];

/// Older names of the same, which newer architectures lack.
#[cfg(target_arch = "x86_64")]
const ON_THIS_ARCHITECTURE: &[i64] = &[
    libc::SYS_lstat,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_stat,
];
#[cfg(not(target_arch = "x86_64"))]
const ON_THIS_ARCHITECTURE: &[i64] = &[];

/// The filters, in the order in which they are to be applied: the last forbids more of them. `socket` and standard error
/// may be written to, and no other descriptor: a write on a ring's socket would send a packet.
pub(super) fn filters(socket: RawFd) -> Result<[BpfProgram; 2], seccompiler::Error> {
    // Its flags are in memory, which a filter cannot see; the C library falls back to
    // clone, whose flags are not. The other filter lets it pass: the stricter one counts.
    let no_clone3 = program(
        Rules::from([(libc::SYS_clone3, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(number(libc::ENOSYS)),
    )?;
    let all = ALWAYS.iter().chain(ON_THIS_ARCHITECTURE);
    let mut rules: Rules = all.map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone3, Vec::new());
    rules.extend(with_conditions(socket)?);
    let refused = SeccompAction::Errno(number(libc::EPERM));
    let allow_list = program(rules, refused, SeccompAction::Allow)?;
    Ok([no_clone3, allow_list])
}

/// Calls of which only some are harmless.
fn with_conditions(socket: RawFd) -> Result<Rules, BackendError> {
    let is = |argument, value: i64| dword(argument, SeccompCmpOp::Eq, value);
    let written = |call| -> Result<(i64, Vec<SeccompRule>), BackendError> {
        let standard_error = any([is(0, i64::from(libc::STDERR_FILENO))?])?;
        Ok((
            call,
            vec![any([is(0, i64::from(socket))?])?, standard_error],
        ))
    };
    let changes = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;
    let read_only = dword(2, masked(changes), i64::from(libc::O_RDONLY))?;
    let thread = i64::from(libc::CLONE_THREAD);
    let thread = dword(0, masked(libc::CLONE_THREAD), thread)?;
    let own = i64::from(std::process::id());
    let abort = [is(0, own)?, is(2, i64::from(libc::SIGABRT))?];
    let queries = [libc::F_GETFD, libc::F_GETFL, libc::F_GET_SEALS];
    let queries = queries.map(|query| any([is(1, i64::from(query))?]));
    Ok(Rules::from([
        written(libc::SYS_write)?,
        written(libc::SYS_writev)?,
        (libc::SYS_openat, vec![any([read_only])?]),
        (libc::SYS_clone, vec![any([thread])?]),
        (
            libc::SYS_prctl,
            vec![any([is(0, i64::from(libc::PR_SET_NAME))?])?],
        ),
        (libc::SYS_tgkill, vec![any(abort)?]),
        (
            libc::SYS_fcntl,
            queries.into_iter().collect::<Result<_, _>>()?,
        ),
    ]))
}

fn any(conditions: impl Into<Vec<SeccompCondition>>) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
}

fn masked(bits: i32) -> SeccompCmpOp {
    SeccompCmpOp::MaskedEq(u64::from(number(bits)))
}

/// A condition on the low half of an argument, which is all that the kernel looks at of
/// descriptors, flags and numbers of processes.
fn dword(
    argument: u8,
    operator: SeccompCmpOp,
    value: i64,
) -> Result<SeccompCondition, BackendError> {
    let value = u64::from(u32::try_from(value).unwrap_or(u32::MAX));
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}

fn program(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()
}

/// Of a constant that the C library has as a signed number.
fn number(constant: i32) -> u32 {
    constant.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that cannot be tried without unsafe code, or that the kernel refuses a process
    /// without capabilities anyway: the list is what keeps them out.
    #[test]
    fn what_reaches_other_processes_or_the_kernel_is_not_on_the_list() {
        let conditional = with_conditions(0).unwrap();
        for call in [
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_kexec_load,
            libc::SYS_add_key,
            libc::SYS_keyctl,
            libc::SYS_unshare,
            libc::SYS_mount,
            libc::SYS_sendmmsg,
            libc::SYS_accept4,
            libc::SYS_execveat,
        ] {
            let listed = ALWAYS.contains(&call)
                || ON_THIS_ARCHITECTURE.contains(&call)
                || conditional.contains_key(&call);
            assert!(!listed, "system call {call}");
        }
    }
}
