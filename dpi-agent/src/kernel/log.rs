//! What the programs say of rare events, on its way to the agent's own log.

use std::fmt;

use aya::Ebpf;
use aya_log::EbpfLogger;

/// The programs' log. It holds the ring that they write to: without it they cannot be
/// loaded, once it was taken.
pub(super) struct ProgramLog(EbpfLogger<&'static dyn log::Log>);

impl ProgramLog {
    /// Takes the ring before the programs are loaded. `None` at level 0, and if the object
    /// has no log: a log is not worth an agent that does not start.
    pub(super) fn take(ebpf: &mut Ebpf, level: u8) -> Option<ProgramLog> {
        if level == 0 {
            return None;
        }
        match EbpfLogger::init(ebpf) {
            Ok(logger) => Some(ProgramLog(logger)),
            Err(error) => {
                tracing::warn!(%error, "the programs' log cannot be read");
                None
            }
        }
    }

    /// Passes on what is there.
    pub(super) fn flush(&mut self) {
        self.0.flush();
    }
}

impl fmt::Debug for ProgramLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramLog").finish_non_exhaustive()
    }
}
