//! A cgroup's path to the id that the kernel reports for a packet's socket.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::process::pod_uid;
use crate::snapshot::{CgroupPath, PodUid};

/// Pods are at most that deep: kubelet's own root, `kubepods`, a class, the pod.
const DEEPEST_POD: u32 = 6;
/// Directories that are looked at for a pod; a node has some hundreds.
const MAX_DIRECTORIES: usize = 20_000;

/// The id and depth of a cgroup: the root has depth 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CgroupId {
    /// What `bpf_skb_ancestor_cgroup_id` returns: the directory's inode number.
    pub id: u64,
    /// Level of the tree.
    pub level: u32,
}

/// Looks up a cgroup of the v2 hierarchy.
pub fn cgroup_id(path: &CgroupPath) -> io::Result<CgroupId> {
    let root = mount_point(&fs::read_to_string("/proc/self/mountinfo")?)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no cgroup2 is mounted"))?;
    let below = path.as_str().trim_start_matches('/');
    let id = fs::metadata(root.join(below))?.ino();
    let level = u32::try_from(Path::new(below).components().count()).unwrap_or(u32::MAX);
    Ok(CgroupId { id, level })
}

/// The cgroup that this process is in, so that it can be exempted; `None` for the root, which
/// no pod is, and where it cannot be told.
///
/// In a cgroup namespace of its own a process sees its cgroup as the root. How deep that is,
/// a mount of the whole hierarchy tells, or the path of a kernel thread: those are all in the
/// real root (`/../../..`).
pub fn own_cgroup() -> Option<CgroupId> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    if path != "/" {
        return cgroup_id(&CgroupPath::new_checked(path).ok()?).ok();
    }
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (point, depth) = own_mount(&mountinfo)?;
    let level = match depth {
        0 => ups(fs::read_to_string("/proc/2/cgroup")
            .ok()?
            .trim_start_matches("0::")),
        depth => depth,
    };
    let id = fs::metadata(point).ok()?.ino();
    (level > 0).then_some(CgroupId { id, level })
}

/// Where the root of our own cgroup namespace is mounted, and how far above it a mount of a
/// larger part begins; 0 if there is none.
fn own_mount(mountinfo: &str) -> Option<(PathBuf, u32)> {
    let mounts = mounts(mountinfo);
    let (_, point) = mounts.iter().find(|(root, _)| *root == "/")?;
    let depth = mounts.iter().map(|(root, _)| ups(root)).max()?;
    Some((PathBuf::from(point), depth))
}

/// How many levels a path leads up.
fn ups(path: &str) -> u32 {
    let ups = path.trim().split('/').filter(|name| *name == "..").count();
    u32::try_from(ups).unwrap_or(0)
}

/// Ids of a cgroup and of all below it, in which its processes are.
pub fn within(path: &CgroupPath) -> io::Result<Vec<u64>> {
    let root = mount_point(&fs::read_to_string("/proc/self/mountinfo")?)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no cgroup2 is mounted"))?;
    let mut waiting = vec![root.join(path.as_str().trim_start_matches('/'))];
    let mut ids = Vec::new();
    while let Some(directory) = waiting.pop() {
        // A container may end at any moment.
        let Ok(found) = fs::metadata(&directory) else {
            continue;
        };
        ids.push(found.ino());
        if ids.len() >= MAX_DIRECTORIES {
            break;
        }
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            }
        }
    }
    Ok(ids)
}

/// The cgroup of a pod, by its UID in the directory's name: for an agent in a cgroup
/// namespace of its own, where `/proc` shows paths from there and the node's hierarchy is
/// mounted all the same.
pub(super) fn of_pod(uid: &PodUid) -> Option<CgroupPath> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    find(&mount_point(&mountinfo)?, uid)
}

/// Looks through the hierarchy, but not into pods.
fn find(root: &Path, uid: &PodUid) -> Option<CgroupPath> {
    let mut waiting = vec![(root.to_owned(), 0)];
    let mut seen = 0;
    while let Some((directory, depth)) = waiting.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            seen += 1;
            if seen > MAX_DIRECTORIES {
                return None;
            }
            let path = entry.path();
            match entry.file_name().to_str().and_then(pod_uid) {
                Some(found) if found == *uid => {
                    let below = path.strip_prefix(root).ok()?.to_str()?;
                    return CgroupPath::new_checked(&format!("/{below}")).ok();
                }
                None if depth + 1 < DEEPEST_POD => waiting.push((path, depth + 1)),
                Some(_) | None => {}
            }
        }
    }
    None
}

/// Where cgroup2 is mounted, by `/proc/PID/mountinfo` (proc(5)): the root within the
/// hierarchy is the fourth field, the mount point the fifth, the type stands first behind
/// the lone `-`. In a cgroup namespace a mount of the whole hierarchy has a root above
/// ours (`/../..`); it comes before a mount of our own part.
fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    let mounts = mounts(mountinfo);
    let whole = mounts.iter().find(|(root, _)| root.starts_with("/.."));
    let (_, point) = whole.or(mounts.first())?;
    Some(PathBuf::from(point))
}

/// Root and mount point of each mount of cgroup2.
fn mounts(mountinfo: &str) -> Vec<(&str, &str)> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, file_system) = line.split_once(" - ")?;
            let is_cgroup2 = file_system.split(' ').next()? == "cgroup2";
            let mut fields = mount.split(' ').skip(3);
            let found = (fields.next()?, fields.next()?);
            is_cgroup2.then_some(found)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_cgroup2_is_found() {
        for (mountinfo, expected) in [
            ("", None),
            (
                "33 24 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate",
                Some("/sys/fs/cgroup"),
            ),
            (
                "30 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n\
                 31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup rw",
                Some("/sys/fs/cgroup/unified"),
            ),
            (
                "31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw",
                None,
            ),
        ] {
            assert_eq!(mount_point(mountinfo), expected.map(PathBuf::from));
        }
    }

    /// In a container: its own part alone, and beside it the node's hierarchy.
    #[test]
    fn how_deep_a_namespace_of_its_own_is() {
        let own = "1 0 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw";
        let whole = "2 0 0:27 /../../../.. /host/cgroup ro - cgroup2 cgroup rw";
        for (mountinfo, expected) in [
            (String::new(), None),
            (whole.to_owned(), None),
            (own.to_owned(), Some(("/sys/fs/cgroup", 0))),
            (format!("{whole}\n{own}"), Some(("/sys/fs/cgroup", 4))),
        ] {
            let expected = expected.map(|(point, depth)| (PathBuf::from(point), depth));
            assert_eq!(own_mount(&mountinfo), expected, "{mountinfo}");
        }
        assert_eq!((ups("/../..\n"), ups("/a/b"), ups("/")), (2, 0, 0));
    }

    #[test]
    fn a_pod_is_found_in_the_hierarchy() {
        const UID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        let uid = PodUid(UID.to_owned());
        let slice = format!(
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice",
            UID.replace('-', "_")
        );
        let other = UID.replace("3f", "4f");
        for (path, expected) in [
            (format!("kubepods/besteffort/pod{UID}"), true),
            (slice, true),
            (format!("a/b/kubepods/burstable/pod{UID}"), true),
            // Another pod's, and what is within another pod.
            (format!("kubepods/pod{other}"), false),
            (format!("kubepods/pod{other}/pod{UID}"), false),
            // Too deep for one of kubelet's.
            (format!("a/b/c/d/e/f/pod{UID}"), false),
        ] {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir_all(root.path().join(&path).join("container")).unwrap();
            let found = find(root.path(), &uid).map(|found| found.to_string());
            assert_eq!(found, expected.then(|| format!("/{path}")), "{path}");
        }
    }
}
