//! A cgroup's path to the id that the kernel reports for a packet's socket.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::snapshot::CgroupPath;

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

/// Where cgroup2 is mounted, by `/proc/PID/mountinfo` (proc(5)): the mount point is the
/// fifth field, the type stands first behind the lone `-`.
fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let is_cgroup2 = file_system.split(' ').next()? == "cgroup2";
        let point = mount.split(' ').nth(4)?;
        is_cgroup2.then(|| PathBuf::from(point))
    })
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
}
