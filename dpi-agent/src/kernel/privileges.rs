//! Whether the process may do what it has to.

use std::fs;

use super::KernelError;

/// A capability by number (`linux/capability.h`) and name.
type Capability = (u32, &'static str);

const SYS_ADMIN: u32 = 21;
const NEEDED: [Capability; 3] = [(12, "CAP_NET_ADMIN"), (38, "CAP_PERFMON"), (39, "CAP_BPF")];

/// Names the capabilities that are missing, before a system call fails for want of them.
pub(super) fn check() -> Result<(), KernelError> {
    // Without /proc the system calls themselves must tell.
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return Ok(());
    };
    match effective(&status) {
        Some(capabilities) => lacking(capabilities, rustix::process::geteuid().is_root()),
        None => Ok(()),
    }
}

/// The effective set in the text of `/proc/PID/status`.
fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn lacking(capabilities: u64, is_root: bool) -> Result<(), KernelError> {
    let has = |number: u32| capabilities & (1 << number) != 0;
    let missing: Vec<&str> = NEEDED
        .into_iter()
        // Linux 5.8 split BPF and PERFMON off SYS_ADMIN, which still includes them.
        .filter(|(number, _)| !has(*number) && (*number == 12 || !has(SYS_ADMIN)))
        .map(|(_, name)| name)
        .collect();
    match (missing.is_empty(), is_root) {
        (true, _) => Ok(()),
        (false, false) if capabilities == 0 => Err(KernelError::NotRoot),
        (false, _) => Err(KernelError::MissingCapability { missing }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_capabilities_are_read() {
        for (status, want) in [
            (
                "Name:\tx\nCapEff:\t000001ffffffffff\n",
                Some(0x1ff_ffff_ffff),
            ),
            ("CapEff:\t0000000000000000\n", Some(0)),
            ("CapPrm:\t0000000000000001\n", None),
            ("CapEff:\tnonsense\n", None),
        ] {
            assert_eq!(effective(status), want, "{status}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        const NET_ADMIN: u64 = 1 << 12;
        const ADMIN: u64 = 1 << SYS_ADMIN;
        const BPF: u64 = 1 << 39;
        const PERFMON: u64 = 1 << 38;
        for (capabilities, root, want) in [
            (u64::MAX, true, ""),
            (NET_ADMIN | BPF | PERFMON, false, ""),
            (NET_ADMIN | ADMIN, false, ""),
            (ADMIN, true, "CAP_NET_ADMIN"),
            (NET_ADMIN, true, "CAP_PERFMON, CAP_BPF"),
            (NET_ADMIN | PERFMON, false, "CAP_BPF"),
            (0, true, "CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF"),
            (0, false, "not root"),
        ] {
            let found = match lacking(capabilities, root) {
                Ok(()) => String::new(),
                Err(KernelError::NotRoot) => "not root".to_owned(),
                Err(KernelError::MissingCapability { missing }) => missing.join(", "),
                Err(other) => other.to_string(),
            };
            assert_eq!(found, want, "{capabilities:#x}");
        }
    }
}
