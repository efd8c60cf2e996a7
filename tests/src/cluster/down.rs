//! Taking the cluster down, whatever state it is in.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::mount::{UnmountFlags, unmount};

use super::{
    Progress, cgroups,
    layout::{Node, PREFIX, STATE_DIR},
    network,
    state::State,
};

const GRACE: Duration = Duration::from_secs(10);
/// What kubelet and the CNI library write outside the directories that they are told.
const LOG_LINKS: &str = "/var/log/containers";
const CNI_RESULTS: &str = "/var/lib/cni/results";

/// Stops every process, and removes mounts, cgroups, namespaces and files. Says `false`
/// if there was nothing.
pub fn down(progress: Progress<'_>) -> Result<bool> {
    let Some(state) = State::read()? else {
        network::remove()?;
        return Ok(false);
    };
    ensure!(
        rustix::process::geteuid().is_root(),
        "taking the cluster down needs root: run with sudo -E"
    );
    progress("stopping processes");
    // The last that was started goes first, so that none misses another for long.
    for daemon in state.daemons.iter().rev() {
        daemon.stop(GRACE)?;
    }
    progress("removing containers, mounts, cgroups and namespaces");
    for node in Node::all() {
        cgroups::remove(node)?;
        remove_traces_of_containers(&node.directory());
    }
    unmount_all(Path::new(STATE_DIR))?;
    network::remove()?;
    remove_traces();
    fs::remove_dir_all(STATE_DIR).with_context(|| format!("removing {STATE_DIR}"))?;
    Ok(true)
}

/// Sockets of the containers' shims lie beside those of other containerds; each bundle
/// names its own. So do results of the loopback plugin, by the container's id.
fn remove_traces_of_containers(node: &Path) {
    let bundles = node.join("containerd/state/io.containerd.runtime.v2.task/k8s.io");
    for bundle in fs::read_dir(bundles).into_iter().flatten().flatten() {
        let address = fs::read_to_string(bundle.path().join("address")).unwrap_or_default();
        if let Some(socket) = address.trim().strip_prefix("unix://") {
            // One that is gone is what is wanted.
            let _ = fs::remove_file(socket);
        }
        let id = bundle.file_name().to_string_lossy().into_owned();
        let result = Path::new(CNI_RESULTS).join(format!("cni-loopback-{id}-lo"));
        let _ = fs::remove_file(result);
    }
}

/// Unmounts everything below a directory. Nothing below it is deleted while anything is
/// mounted there: it may be a directory of the machine.
fn unmount_all(directory: &Path) -> Result<()> {
    for _ in 0..5 {
        let mut mounts = mounts_below(directory)?;
        if mounts.is_empty() {
            return Ok(());
        }
        // Deepest first.
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.as_os_str().len()));
        for mount in mounts {
            // What is mounted twice on one place is looked for again.
            let _ = unmount(&mount, UnmountFlags::DETACH);
        }
    }
    match mounts_below(directory)?.first() {
        Some(mount) => bail!("{} cannot be unmounted", mount.display()),
        None => Ok(()),
    }
}

fn mounts_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo")?;
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    let points = points.map(|point| PathBuf::from(unescape(point)));
    Ok(points
        .filter(|point| point.starts_with(directory))
        .collect())
}

/// Space, tab, line feed and backslash stand as octal numbers (proc(5)).
fn unescape(point: &str) -> String {
    let mut text = point.to_owned();
    for (escaped, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n")] {
        text = text.replace(escaped, character);
    }
    text.replace("\\134", "\\")
}

fn remove_traces() {
    for entry in fs::read_dir(LOG_LINKS).into_iter().flatten().flatten() {
        if fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(STATE_DIR)) {
            let _ = fs::remove_file(entry.path());
        }
    }
    for entry in fs::read_dir(CNI_RESULTS).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn mount_points_are_read_as_they_are() {
        assert_eq!(unescape("/a\\040b\\134c"), "/a b\\c");
        assert_eq!(unescape("/plain"), "/plain");
    }
}
