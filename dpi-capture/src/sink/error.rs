//! Why no sink device could be made: what was tried, each with its reason.

use std::fmt;

use rustix::io::Errno;

use super::SinkKind;

/// Why there is no sink.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The name cannot be an interface's.
    #[error("{0:?} cannot name the sink: 1 to 13 letters, digits, '-', '_' or '.'")]
    Name(String),
    /// No kind worked.
    #[error("no sink device: {}", List(attempts))]
    Impossible {
        /// Each kind that was tried.
        attempts: Vec<Attempt>,
    },
}

/// A kind that did not work.
#[derive(Debug)]
pub struct Attempt {
    /// Which.
    pub kind: SinkKind,
    /// Why, with the remedy.
    pub reason: Reason,
}

/// Why one kind did not work.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// No right to change interfaces.
    #[error(
        "{call}: not permitted; run as root or add {capability} to the container's capabilities"
    )]
    NotPermitted {
        /// What was done.
        call: &'static str,
        /// What it needs.
        capability: &'static str,
    },
    /// The driver is not there.
    #[error("the kernel has no {driver} driver; load it on the host: modprobe {driver}")]
    NoDriver {
        /// Its module.
        driver: &'static str,
    },
    /// `/dev/net/tun` is missing.
    #[error(
        "/dev/net/tun is missing; mount it into the container or load the module: modprobe tun"
    )]
    NoTunDevice,
    /// Another device has the name.
    #[error(
        "a {kind} device named {name} exists, in use or made by others; delete it or choose another name"
    )]
    Taken {
        /// The name.
        name: String,
        /// What the other is.
        kind: String,
    },
    /// The device was deleted at once.
    #[error("the device was deleted by another process while it was set up; try again")]
    Vanished,
    /// TCX is not there.
    #[error("the kernel has no TCX; use Linux 6.6 or later, or load dummy or tun on the host")]
    NoTcx,
    /// A system call failed.
    #[error("{call}: {source}")]
    System {
        /// What was done.
        call: &'static str,
        /// Its error.
        source: Errno,
    },
    /// An answer that cannot be read.
    #[error("rtnetlink's answer cannot be read")]
    Malformed,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.reason)
    }
}

struct List<'a>(&'a [Attempt]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(f, "{comma}{attempt}")?;
        }
        Ok(())
    }
}
