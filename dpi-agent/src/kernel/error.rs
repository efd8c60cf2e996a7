//! What can be wrong, and what to do about it.

use std::{io, path::PathBuf};

use aya::{EbpfError, maps::MapError, pin::PinError, programs::ProgramError};

/// The oldest kernel that the programs run on: `bpf_ktime_get_coarse_ns` came with it.
pub(super) const OLDEST_KERNEL: &str = "5.11";

/// Why the kernel side cannot be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The build has no eBPF object.
    #[error("dpi-agent was built without the eBPF object: run `cargo xtask build`")]
    NoObject,
    /// An ordinary user without capabilities.
    #[error(
        "loading eBPF programs needs privileges: run dpi-agent as root, or with the \
         capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    )]
    NotRoot,
    /// Some capability is missing.
    #[error(
        "missing {}: add it to securityContext.capabilities.add of the container",
        missing.join(" and ")
    )]
    MissingCapability {
        /// Their names.
        missing: Vec<&'static str>,
    },
    /// All capabilities are there, and yet `bpf(2)` is refused.
    #[error(
        "the bpf(2) system call is refused ({source}): allow it in the container's seccomp \
         profile or security module, and check that the kernel is not locked down \
         (/sys/kernel/security/lockdown)"
    )]
    Blocked {
        /// What the call said.
        source: io::Error,
    },
    /// `bpf(2)` does not exist.
    #[error("this kernel has no bpf(2) system call: it needs CONFIG_BPF_SYSCALL")]
    NoBpf,
    /// The kernel refuses the programs, and it is older than they need.
    #[error("kernel {found} is too old: the programs need Linux {OLDEST_KERNEL} or later")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// There is no BPF file system and it could not be mounted.
    #[error(
        "no BPF file system at {}: run `mount -t bpf bpf {}` on the host, and mount it into the \
         container ({source})", dir.display(), dir.display()
    )]
    NoBpffs {
        /// Where it was looked for.
        dir: PathBuf,
        /// Why it could not be mounted.
        source: io::Error,
    },
    /// The pin directory cannot be used.
    #[error("cannot use the pin directory {}: {source}", path.display())]
    PinDir {
        /// The file or directory.
        path: PathBuf,
        /// What was said.
        source: io::Error,
    },
    /// An object could not be pinned.
    #[error("cannot pin {}", path.display())]
    Pin {
        /// Where.
        path: PathBuf,
        /// What was said.
        source: PinError,
    },
    /// The object could not be read or its maps not made.
    #[error("cannot load the eBPF object")]
    Load(#[source] EbpfError),
    /// The object lacks a map or program: it is of another version.
    #[error("the eBPF object has no `{name}`: rebuild with `cargo xtask build`")]
    Lacks {
        /// Its name.
        name: &'static str,
    },
    /// A map could not be read or written.
    #[error("map {name}")]
    Map {
        /// Its name.
        name: &'static str,
        /// What was said.
        source: MapError,
    },
    /// A program could not be loaded.
    #[error("program {name} was refused by the kernel")]
    Program {
        /// Its name.
        name: &'static str,
        /// With the verifier's log.
        source: ProgramError,
    },
    /// A program could not be attached.
    #[error("cannot attach {program} to interface {interface} (index {ifindex})")]
    Attach {
        /// The program.
        program: &'static str,
        /// The interface's name.
        interface: String,
        /// Its index.
        ifindex: u32,
        /// What was said.
        source: ProgramError,
    },
    /// The name does not mean the interface any more.
    #[error("interface {interface} (index {ifindex}) is gone")]
    NoInterface {
        /// The name.
        interface: String,
        /// The index that it should have had.
        ifindex: u32,
    },
    /// The interface has no Ethernet header: its packets could not be cloned to the sink.
    #[error(
        "interface {interface} has no Ethernet header (ARPHRD type {hardware_type}): \
         packets of such devices cannot be handed over"
    )]
    NotEthernet {
        /// The name.
        interface: String,
        /// `/sys/class/net/NAME/type`.
        hardware_type: u32,
    },
    /// A cgroup deeper than the programs look.
    #[error("a cgroup at level {level} is too deep: the programs look at levels 0 to 15")]
    CgroupTooDeep {
        /// Its level.
        level: u32,
    },
}

impl KernelError {
    /// What `error` of loading the object means.
    pub(super) fn of_load(error: EbpfError) -> KernelError {
        match cause(&error) {
            Some(libc_error) => Self::of_system(libc_error).unwrap_or(KernelError::Load(error)),
            None => KernelError::Load(error),
        }
    }

    /// What `source` of loading a program means.
    pub(super) fn of_program(name: &'static str, source: ProgramError) -> KernelError {
        let too_old = aya::util::KernelVersion::current()
            .ok()
            .filter(|version| *version < aya::util::KernelVersion::new(5, 11, 0));
        if too_old.is_some() {
            let found = rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned();
            return KernelError::TooOld { found };
        }
        cause(&source)
            .and_then(Self::of_system)
            .unwrap_or(KernelError::Program { name, source })
    }

    fn of_system(error: &io::Error) -> Option<KernelError> {
        let errno = error.raw_os_error()?;
        match rustix::io::Errno::from_raw_os_error(errno) {
            rustix::io::Errno::PERM => Some(KernelError::Blocked {
                source: io::Error::from_raw_os_error(errno),
            }),
            rustix::io::Errno::NOSYS => Some(KernelError::NoBpf),
            _ => None,
        }
    }
}

/// The system's error at the end of the chain.
fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut error = Some(error);
    while let Some(link) = error {
        if let Some(io) = link.downcast_ref::<io::Error>() {
            return Some(io);
        }
        error = link.source();
    }
    None
}
