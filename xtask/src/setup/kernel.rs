//! What this machine's kernel and the caller's rights allow.

use std::fs;

/// One line for each thing that tests or the demo may miss.
pub(crate) fn report() -> Vec<String> {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut lines = vec![format!("kernel: {release}{}", tcx(&release))];
    if rustix::process::geteuid().is_root() {
        lines.push("rights: root".to_owned());
    } else {
        lines.push(
            "rights: not root: kernel tests and demo are left out (run with sudo)".to_owned(),
        );
    }
    let bpffs = fs::read_to_string("/proc/filesystems").is_ok_and(|list| list.contains("\tbpf\n"));
    if !bpffs {
        lines.push(
            "bpffs: this kernel has none (CONFIG_BPF_SYSCALL): the agent cannot run".to_owned(),
        );
    }
    lines
}

fn tcx(release: &str) -> &'static str {
    match version(release) {
        Some(version) if version < (5, 10) => ": too old, 5.10 is the oldest that the agent knows",
        Some(version) if version < (6, 6) => ": without TCX, programs are attached by clsact",
        Some(_) => "",
        None => ": version not understood",
    }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{tcx, version};

    #[test]
    fn releases_are_read() {
        for (release, expected) in [
            ("6.18.44-fc-v595", Some((6, 18))),
            ("5.15.0-91-generic", Some((5, 15))),
            ("6.1", Some((6, 1))),
            ("six", None),
            ("", None),
        ] {
            assert_eq!(version(release), expected, "{release}");
        }
    }

    #[test]
    fn old_kernels_are_told() {
        assert_eq!(tcx("6.6.1"), "");
        assert!(tcx("6.5.0").contains("clsact"));
        assert!(tcx("4.19.0").contains("too old"));
    }
}
