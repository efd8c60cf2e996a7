//! The processes of pods, by the pod's UID in their cgroups' paths.
//!
//! `/proc/PID/cgroup` is readable by everyone, but shows the node's processes only with
//! `hostPID: true`. It has a line for each hierarchy of version 1 and one (`0::`) for the
//! unified one; the UID stands in whichever the runtime uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::snapshot::{CgroupPath, PodUid};

/// So many of a pod's processes are remembered, the oldest: one of them is its sandbox.
const MAX_PROCESSES: usize = 8;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    /// When it was started, in clock ticks since the boot: numbers are used again.
    started: u64,
    /// Its number.
    pub(super) pid: u32,
}

/// What was found of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Processes {
    /// The oldest first.
    pub(super) oldest: Vec<Process>,
    /// The pod's cgroup in the unified hierarchy, if its path can be told from here.
    pub(super) cgroup: Option<CgroupPath>,
}

/// Remembers which processes belong to which pod: looking through all of them is dear
/// (some 10 µs each).
#[derive(Debug)]
pub(super) struct ProcessTable {
    proc: PathBuf,
    pods: BTreeMap<PodUid, Processes>,
}

impl Default for ProcessTable {
    fn default() -> Self {
        Self::of("/proc".into())
    }
}

impl ProcessTable {
    /// Reads another directory than `/proc`.
    pub(super) fn of(proc: PathBuf) -> Self {
        Self {
            proc,
            pods: BTreeMap::new(),
        }
    }

    /// The processes of these pods. All are looked through only if a pod has none yet, or
    /// none any more.
    pub(super) fn find(&mut self, pods: &BTreeSet<&PodUid>) -> &BTreeMap<PodUid, Processes> {
        let proc = &self.proc;
        self.pods.retain(|uid, found| {
            found.oldest.retain(|process| lives(proc, *process));
            pods.contains(uid) && !found.oldest.is_empty()
        });
        if pods.iter().any(|uid| !self.pods.contains_key(*uid)) {
            self.pods = look_through(&self.proc, pods);
        }
        &self.pods
    }
}

fn lives(proc: &Path, process: Process) -> bool {
    started(proc, process.pid) == Some(process.started)
}

fn look_through(proc: &Path, pods: &BTreeSet<&PodUid>) -> BTreeMap<PodUid, Processes> {
    let mut found: BTreeMap<PodUid, Processes> = BTreeMap::new();
    for entry in fs::read_dir(proc).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may end at any moment.
        let Ok(text) = fs::read_to_string(entry.path().join("cgroup")) else {
            continue;
        };
        let Some(uid) = pod_of(&text).filter(|uid| pods.contains(uid)) else {
            continue;
        };
        if let Some(started) = started(proc, pid) {
            let processes = found.entry(uid).or_default();
            processes.oldest.push(Process { started, pid });
            processes.cgroup = processes.cgroup.take().or_else(|| pod_cgroup(&text));
        }
    }
    for processes in found.values_mut() {
        processes.oldest.sort_unstable();
        processes.oldest.truncate(MAX_PROCESSES);
    }
    found
}

/// Start time, field 22 of `stat` (proc(5)). The name before it may hold anything.
fn started(proc: &Path, pid: u32) -> Option<u64> {
    let text = fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(19)?.trim().parse().ok()
}

/// The pod that a process belongs to, of its `/proc/PID/cgroup`.
fn pod_of(text: &str) -> Option<PodUid> {
    let mut paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths.find_map(|path| path.split('/').find_map(pod_uid))
}

/// The pod's cgroup in the unified hierarchy. A path that leads out of the root of our own
/// cgroup namespace (`/../..`) does not tell where it is.
fn pod_cgroup(text: &str) -> Option<CgroupPath> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mut names = Vec::new();
    for name in path.split('/') {
        names.push(name);
        if pod_uid(name).is_some() {
            return CgroupPath::new_checked(&names.join("/")).ok();
        }
    }
    None
}

/// The UID in a directory's name: `podUID` where kubelet's driver is cgroupfs;
/// `kubepods-besteffort-podUID.slice`, with `_` for `-`, where it is systemd. What a pod
/// makes is below that directory, so that the first in a path cannot be forged.
pub(super) fn pod_uid(directory: &str) -> Option<PodUid> {
    let slice = directory.strip_suffix(".slice");
    let uid = match slice {
        Some(slice) => slice.rsplit_once("-pod")?.1.replace('_', "-"),
        None => directory.strip_prefix("pod")?.to_owned(),
    };
    // A UUID, or the digest that a static pod has in its place.
    let is_id = uid.len() >= 32 && uid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_id.then_some(PodUid(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    const OTHER: &str = "0a2504e0-4f89-11d3-9a0c-0305e82c3302";

    #[test]
    fn the_uid_is_read_in_every_arrangement() {
        let underscored = UID.replace('-', "_");
        let text = |template: &str| template.replace("UID", UID).replace("U_ID", &underscored);
        for (cgroup, expected) in [
            // cgroup v2, cgroupfs.
            ("0::/kubepods/burstable/podUID/0123abcd", true),
            // cgroup v2, systemd, containerd and CRI-O.
            (
                "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podU_ID.slice/\
                 cri-containerd-0123.scope",
                true,
            ),
            (
                "0::/kubepods.slice/kubepods-podU_ID.slice/crio-0123.scope/container",
                true,
            ),
            // Seen from within another pod's cgroup namespace.
            ("0::/../../podUID/0123", true),
            ("0::/../cri-containerd-0123.scope", false),
            // cgroup v1, and hybrid where the unified hierarchy is not used.
            (
                "9:name=systemd:/kubepods/podUID/01\n4:memory:/kubepods/podUID/01\n0::/",
                true,
            ),
            (
                "4:cpu,cpuacct:/kubepods.slice/kubepods-podU_ID.slice/x\n",
                true,
            ),
            // A node's own root below.
            ("0::/dpi-cluster-node1/kubepods/podUID/0123", true),
            // Others.
            ("0::/system.slice/containerd.service", false),
            ("0::/user.slice/podman-123.scope", false),
            ("0::/pods/podium", false),
            ("", false),
        ] {
            let found = pod_of(&text(cgroup));
            assert_eq!(found.is_some(), expected, "{cgroup}");
            assert!(found.is_none_or(|uid| uid.0 == UID), "{cgroup}");
        }
    }

    #[test]
    fn a_pod_cannot_pass_for_another() {
        let forged = format!("0::/kubepods/pod{UID}/pod{OTHER}/x");
        assert_eq!(pod_of(&forged), Some(PodUid(UID.to_owned())));
    }

    #[test]
    fn the_cgroup_is_the_pods_not_the_containers() {
        for (text, expected) in [
            ("0::/kubepods/podUID/0123", Some("/kubepods/podUID")),
            (
                "4:memory:/kubepods/podUID/01\n0::/n/podUID/01",
                Some("/n/podUID"),
            ),
            ("0::/../../podUID/0123", None),
            ("4:memory:/kubepods/podUID/01\n0::/", None),
        ] {
            let found = pod_cgroup(&text.replace("UID", UID));
            let found = found.map(|path| path.to_string().replace(UID, "UID"));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    fn write(proc: &Path, pid: u32, started: u64, cgroup: &str) {
        let directory = proc.join(pid.to_string());
        fs::create_dir_all(&directory).unwrap();
        let zeros = "0 ".repeat(18);
        let stat = format!("{pid} (a) b) S {zeros}{started} 0");
        fs::write(directory.join("stat"), stat).unwrap();
        fs::write(directory.join("cgroup"), cgroup).unwrap();
    }

    fn pids(table: &mut ProcessTable, uid: &PodUid) -> Vec<u32> {
        let found = table.find(&BTreeSet::from([uid]));
        let found = found.get(uid).map(|p| p.oldest.as_slice());
        found.unwrap_or_default().iter().map(|p| p.pid).collect()
    }

    #[test]
    fn processes_are_found_oldest_first_and_again_when_they_end() {
        let directory = tempfile::tempdir().unwrap();
        let proc = directory.path();
        let uid = PodUid(UID.to_owned());
        let own = format!("0::/kubepods/pod{UID}/a");
        write(proc, 30, 500, &own);
        write(proc, 40, 400, &own);
        write(proc, 50, 100, "0::/system.slice");
        fs::create_dir(proc.join("self")).unwrap();
        let mut table = ProcessTable::of(proc.to_owned());
        assert_eq!(pids(&mut table, &uid), [40, 30]);
        // One ended; its number is another's now.
        write(proc, 40, 600, "0::/system.slice");
        assert_eq!(pids(&mut table, &uid), [30]);
        // All ended, and one came.
        fs::remove_dir_all(proc.join("30")).unwrap();
        assert_eq!(pids(&mut table, &uid), [0; 0]);
        write(proc, 31, 700, &own);
        assert_eq!(pids(&mut table, &uid), [31]);
        assert_eq!(pids(&mut table, &PodUid(OTHER.to_owned())), [0; 0]);
    }

    #[test]
    fn only_the_oldest_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let own = format!("0::/kubepods/pod{UID}/a");
        for pid in 1..=20 {
            write(directory.path(), pid, u64::from(100 - pid), &own);
        }
        let mut table = ProcessTable::of(directory.path().to_owned());
        let pids = pids(&mut table, &PodUid(UID.to_owned()));
        assert_eq!(pids, [20, 19, 18, 17, 16, 15, 14, 13]);
        assert_eq!(pids.len(), MAX_PROCESSES);
    }
}
