//! The pin directory: `PIN_DIR/abi-N/maps/NAME` and `PIN_DIR/abi-N/links/IFINDEX_HOOK`.
//!
//! The version is in the path, so that pins of another ABI are never opened as ours.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aya::programs::links::{FdLink, PinnedLink};
use dpi_common::{names::ABI_VERSION, user::detach_pinned};
use rustix::mount::{MountFlags, mount};

use super::{KernelError, programs::Hook};

/// `BPF_FS_MAGIC` of `linux/magic.h`.
const BPF_FS_MAGIC: u64 = 0xcafe_4a11;
/// The directory of agents on a BPF file system.
const OWN: &str = "dpi-agent";
/// Where BPF file systems are mounted by custom.
const CUSTOMARY: &str = "/sys/fs/bpf";

/// The directories, which exist.
#[derive(Debug)]
pub(super) struct Pins {
    root: PathBuf,
    version: PathBuf,
}

impl Pins {
    /// Makes the directories on a BPF file system, mounting it if need be, and removes
    /// the pins of other ABI versions.
    pub(super) fn prepare(dir: &Path) -> Result<Pins, KernelError> {
        ensure_bpffs(dir)?;
        let pins = Pins {
            root: dir.to_owned(),
            version: dir.join(format!("abi-{ABI_VERSION}")),
        };
        pins.remove_other_versions()?;
        pins.make_dirs()?;
        Ok(pins)
    }

    fn make_dirs(&self) -> Result<(), KernelError> {
        for dir in [self.maps(), self.links()] {
            fs::create_dir_all(&dir).map_err(|source| KernelError::PinDir { path: dir, source })?;
        }
        Ok(())
    }

    fn remove_other_versions(&self) -> Result<(), KernelError> {
        for path in entries(&self.root)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("abi-") && path != self.version {
                remove_tree(&path)?;
            }
        }
        Ok(())
    }

    fn maps(&self) -> PathBuf {
        self.version.join("maps")
    }

    fn links(&self) -> PathBuf {
        self.version.join("links")
    }

    /// Path of a map's pin.
    pub(super) fn map(&self, name: &str) -> PathBuf {
        self.maps().join(name)
    }

    /// Whether a predecessor left maps.
    pub(super) fn has_maps(&self) -> bool {
        entries(&self.maps()).is_ok_and(|entries| !entries.is_empty())
    }

    fn link(&self, ifindex: u32, hook: Hook) -> PathBuf {
        self.links().join(format!("{ifindex}_{}", hook.name()))
    }

    /// The pinned link of an interface, if there is one.
    pub(super) fn open_link(&self, ifindex: u32, hook: Hook) -> Option<FdLink> {
        PinnedLink::from_pin(self.link(ifindex, hook))
            .ok()
            .map(FdLink::from)
    }

    /// Pins a link; what then keeps it attached is the pin alone.
    pub(super) fn pin_link(
        &self,
        link: FdLink,
        ifindex: u32,
        hook: Hook,
    ) -> Result<(), KernelError> {
        let path = self.link(ifindex, hook);
        match link.pin(&path) {
            Ok(_) => Ok(()),
            Err(source) => Err(KernelError::Pin { path, source }),
        }
    }

    /// Detaches a link and removes its pin; none is no error.
    pub(super) fn unpin_link(&self, ifindex: u32, hook: Hook) -> Result<(), KernelError> {
        remove_link(&self.link(ifindex, hook))
    }

    /// Interfaces and hooks with a pinned link.
    pub(super) fn pinned_links(&self) -> Result<Vec<(u32, Hook)>, KernelError> {
        let paths = entries(&self.links())?;
        Ok(paths.iter().filter_map(|path| parse_link(path)).collect())
    }

    /// Removes all pins and the directories.
    pub(super) fn clear(&self) -> Result<(), KernelError> {
        for path in entries(&self.links())? {
            remove_link(&path)?;
        }
        remove_tree(&self.version)?;
        // The root may be a mount point or not ours alone. What it is in goes too, if it is
        // the customary directory and no other agent's is in it: a pod has that one as a
        // mount, which is not its own to remove.
        if fs::remove_dir(&self.root).is_ok()
            && let Some(above) = self.root.parent()
            && above.file_name().is_some_and(|name| name == OWN)
        {
            let _ = fs::remove_dir(above);
        }
        Ok(())
    }

    /// [`Pins::clear`], ready for new pins.
    pub(super) fn start_over(&self) -> Result<(), KernelError> {
        self.clear()?;
        self.make_dirs()
    }
}

fn parse_link(path: &Path) -> Option<(u32, Hook)> {
    let (ifindex, hook) = path.file_name()?.to_str()?.split_once('_')?;
    Some((ifindex.parse().ok()?, Hook::from_name(hook)?))
}

/// Makes sure that `dir` is a directory on a BPF file system.
fn ensure_bpffs(dir: &Path) -> Result<(), KernelError> {
    let existing = dir.ancestors().find(|path| path.is_dir());
    let mount_point = match existing {
        Some(path) if is_bpffs(path) => None,
        _ if dir.starts_with(CUSTOMARY) => Some(Path::new(CUSTOMARY)),
        _ => Some(dir),
    };
    if let Some(mount_point) = mount_point {
        mount_bpffs(mount_point).map_err(|source| KernelError::NoBpffs {
            dir: mount_point.to_owned(),
            source,
        })?;
    }
    fs::create_dir_all(dir).map_err(|source| KernelError::PinDir {
        path: dir.to_owned(),
        source,
    })
}

fn mount_bpffs(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("bpf", dir, "bpf", flags, Some(c"mode=0700"))?;
    Ok(())
}

fn is_bpffs(path: &Path) -> bool {
    let magic = rustix::fs::statfs(path).map(|fs| fs.f_type);
    magic.is_ok_and(|magic| u64::try_from(magic) == Ok(BPF_FS_MAGIC))
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, KernelError> {
    let error = |source| KernelError::PinDir {
        path: dir.to_owned(),
        source,
    };
    match fs::read_dir(dir) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(error))
            .collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(error(e)),
    }
}

fn remove_tree(dir: &Path) -> Result<(), KernelError> {
    for path in entries(dir)? {
        if path.is_dir() {
            remove_tree(&path)?;
        } else {
            remove_file(&path)?;
        }
    }
    match fs::remove_dir(dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(KernelError::PinDir {
            path: dir.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn remove_link(path: &Path) -> Result<(), KernelError> {
    if let Err(error) = detach_pinned(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        // The interface is gone, or the pin is no link. Without it nothing is attached.
        tracing::debug!(%error, "{} is only unpinned", path.display());
    }
    remove_file(path)
}

fn remove_file(path: &Path) -> Result<(), KernelError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(KernelError::PinDir {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
