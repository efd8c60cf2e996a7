//! The nodes' cgroups: in every hierarchy of version 1 and in the unified one.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::layout::Node;

/// What kubelet wants of the unified hierarchy, where there is no other.
const CONTROLLERS: &[&str] = &["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];
const EMPTY: Duration = Duration::from_secs(10);

/// Where hierarchies are mounted.
struct Hierarchies {
    version_1: Vec<PathBuf>,
    unified: Option<PathBuf>,
}

/// Makes a node's cgroup everywhere, and one beside it for its daemons.
pub(super) fn make(node: Node) -> Result<()> {
    let hierarchies = Hierarchies::mounted()?;
    for root in hierarchies.all() {
        let unified = Some(root) == hierarchies.unified.as_ref();
        if unified && hierarchies.version_1.is_empty() {
            enable_controllers(root);
        }
        let cgroup = root.join(node.cgroup());
        make_one(&cgroup)?;
        // A cpuset of version 1 is made with no processor and takes no process.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if !unified && let Ok(all) = fs::read(root.join(file)) {
                let filled = fs::write(cgroup.join(file), all);
                filled.with_context(|| format!("filling {file} of {}", cgroup.display()))?;
            }
        }
    }
    make_one(&hierarchies.daemons(node)?)
}

/// The file by which a daemon, and so all that it starts, joins its node's daemons.
pub(super) fn daemons(node: Node) -> Result<PathBuf> {
    Ok(Hierarchies::mounted()?.daemons(node)?.join("cgroup.procs"))
}

/// Kills what is left in the node's cgroups, and removes them. Nothing but what the node
/// started can be there.
pub(super) fn remove(node: Node) -> Result<()> {
    let hierarchies = Hierarchies::mounted()?;
    let own = hierarchies.all().map(|root| root.join(node.cgroup()));
    let daemons = hierarchies.daemons(node)?;
    let cgroups: Vec<PathBuf> = own.chain([daemons]).filter(|path| path.exists()).collect();
    let begun = Instant::now();
    loop {
        let left: Vec<u32> = cgroups
            .iter()
            .flat_map(|cgroup| processes(cgroup))
            .collect();
        if left.is_empty() {
            break;
        }
        if begun.elapsed() > EMPTY {
            bail!("{}: processes {left:?} do not end", node.name);
        }
        for process in left {
            let number = i32::try_from(process).ok().and_then(Pid::from_raw);
            if let Some(number) = number {
                // It may have ended since.
                let _ = kill_process(number, Signal::KILL);
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    for cgroup in &cgroups {
        remove_tree(cgroup).with_context(|| format!("removing {}", cgroup.display()))?;
    }
    Ok(())
}

impl Hierarchies {
    fn mounted() -> Result<Self> {
        let found = read_mounts(&fs::read_to_string("/proc/self/mountinfo")?);
        if found.version_1.is_empty() && found.unified.is_none() {
            bail!("no cgroup hierarchy is mounted");
        }
        Ok(found)
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.version_1.iter().chain(&self.unified)
    }

    /// In one hierarchy alone: it is to find processes, not to limit them.
    fn daemons(&self, node: Node) -> Result<PathBuf> {
        let pids = self.version_1.iter().find(|root| root.ends_with("pids"));
        let root = pids.or(self.unified.as_ref()).or(self.version_1.first());
        let root = root.context("no cgroup hierarchy is mounted")?;
        Ok(root.join(format!("{}-daemons", node.cgroup())))
    }
}

/// proc(5): the mount point is the fifth field, the type stands first behind the lone `-`.
fn read_mounts(mountinfo: &str) -> Hierarchies {
    let mut found = Hierarchies {
        version_1: Vec::new(),
        unified: None,
    };
    for line in mountinfo.lines() {
        let Some((mount, file_system)) = line.split_once(" - ") else {
            continue;
        };
        let Some(point) = mount.split(' ').nth(4).map(PathBuf::from) else {
            continue;
        };
        match file_system.split(' ').next() {
            Some("cgroup") => found.version_1.push(point),
            Some("cgroup2") => found.unified = found.unified.or(Some(point)),
            _ => {}
        }
    }
    found
}

/// A controller that is not there, or that version 1 has, cannot be enabled: kubelet
/// tells what it misses.
fn enable_controllers(root: &Path) {
    for controller in CONTROLLERS {
        let _ = fs::write(
            root.join("cgroup.subtree_control"),
            format!("+{controller}"),
        );
    }
}

fn make_one(cgroup: &Path) -> Result<()> {
    fs::create_dir_all(cgroup).with_context(|| format!("making {}", cgroup.display()))
}

/// All below a cgroup.
fn processes(cgroup: &Path) -> Vec<u32> {
    let own = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    let mut all: Vec<u32> = own.lines().filter_map(|line| line.parse().ok()).collect();
    for child in children(cgroup) {
        all.extend(processes(&child));
    }
    all
}

fn children(cgroup: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cgroup).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).collect()
}

fn remove_tree(cgroup: &Path) -> std::io::Result<()> {
    for child in children(cgroup) {
        remove_tree(&child)?;
    }
    let begun = Instant::now();
    loop {
        match fs::remove_dir(cgroup) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            // Its last process is still being buried.
            Err(error)
                if error.kind() == std::io::ErrorKind::ResourceBusy && begun.elapsed() < EMPTY =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_told_apart() {
        let hybrid = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw shared:3 - cgroup2 cgroup2 rw\n\
                      31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
        let found = read_mounts(hybrid);
        assert_eq!(found.version_1, [Path::new("/sys/fs/cgroup/cpu")]);
        assert_eq!(found.unified, Some("/sys/fs/cgroup/unified".into()));
        let found = read_mounts("33 24 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        assert!(found.version_1.is_empty());
        assert_eq!(found.unified, Some("/sys/fs/cgroup".into()));
    }
}
