//! What the worker gives up before it reads a rule or a packet.
//!
//! Whoever takes over the process that parses hostile bytes is to find nothing in it: no
//! capability, no way to get one (`no_new_privs`), no file but the rules (`landlock`), no
//! system call beyond those of reading, computing and answering (`seccomp`). A ring's socket
//! that was passed to it cannot be bound elsewhere or written to.
//!
//! The worker stays user 0: another user would need `SETUID` and `SETGID` in the pod, two
//! capabilities more for the supervisor, and files that user 0 may read are out of reach by
//! Landlock anyway. Executable memory stays possible, since PCRE2 compiles to it.

mod landlock;
mod seccomp;

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
    path::Path,
};

use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_no_new_privs,
};

pub use landlock::FileAccess;

/// Why a worker cannot give up what it must not have. It does not run then.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    /// Capabilities.
    #[error("capabilities cannot be dropped: {0}")]
    Capabilities(io::Error),
    /// `PR_SET_NO_NEW_PRIVS`.
    #[error("no_new_privs cannot be set: {0}")]
    NoNewPrivileges(io::Error),
    /// Landlock.
    #[error("files cannot be put out of reach (Landlock): {0}")]
    Landlock(#[from] ::landlock::RulesetError),
    /// Seccomp.
    #[error(
        "system calls cannot be filtered (seccomp): {0}; the kernel needs CONFIG_SECCOMP_FILTER"
    )]
    Seccomp(#[from] seccompiler::Error),
}

/// Confines the calling thread, and those that it starts from now on, for good. `rules` may
/// be read, `socket` and standard error written to.
pub fn confine(rules: &Path, socket: BorrowedFd<'_>) -> Result<FileAccess, ConfinementError> {
    let filters = seccomp::filters(socket.as_raw_fd())?;
    set_no_new_privs(true).map_err(|e| ConfinementError::NoNewPrivileges(e.into()))?;
    let access = landlock::restrict(rules)?;
    drop_capabilities().map_err(ConfinementError::Capabilities)?;
    // Last: the calls above are not among those that it lets pass.
    for filter in &filters {
        seccompiler::apply_filter(filter)?;
    }
    Ok(access)
}

/// All sets but the bounding set, which only `SETPCAP` may change, and which is no source of
/// capabilities under `no_new_privs`.
fn drop_capabilities() -> io::Result<()> {
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    Ok(set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )?)
}

#[cfg(test)]
mod tests;
