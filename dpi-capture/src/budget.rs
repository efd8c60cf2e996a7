//! How much memory rings and engines may take.

use std::{
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use crate::ring::Geometry;

const MIB: u64 = 1 << 20;
/// Both processes' code, rules, maps and the supervisor's tables.
const BASE: u64 = 96 * MIB;
const ENGINE_MIN: u64 = 16 * MIB;
const RING_MIN: u64 = 4 * MIB;
/// A prompt reader lost nothing with 32 to 64 MiB on a busy machine.
const RING_MAX: u64 = 64 * MIB;

/// Shares of one memory limit. `base + readers * (ring + engine)` is at most 80 % of it:
/// ring pages are not charged to the cgroup, hence they are subtracted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Of each ring.
    pub ring: Geometry,
    /// Bytes for each engine's flows and buffers.
    pub engine: u64,
    /// Bytes for everything that does not grow with the readers.
    pub base: u64,
    /// Rings and engines.
    pub readers: NonZeroU32,
}

impl Budget {
    /// All of it, bytes.
    pub fn total(&self) -> u64 {
        self.base + u64::from(self.readers.get()) * (self.ring.bytes() as u64 + self.engine)
    }
}

/// Why no budget can be made.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// Not enough for that many readers.
    #[error(
        "memory limit of {limit} bytes is too small for {readers} readers: set at least {needed} or fewer readers"
    )]
    TooSmall {
        /// Of the cgroup.
        limit: u64,
        /// Smallest limit that works.
        needed: u64,
        /// Asked for.
        readers: u32,
    },
    /// A limit's file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Of the file.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
    /// A limit that is no number.
    #[error("{}: {text:?} is neither a number of bytes nor max", path.display())]
    Malformed {
        /// Of the file.
        path: PathBuf,
        /// What it holds.
        text: String,
    },
}

/// Shares out `limit` bytes.
pub fn ring_budget(limit: u64, readers: NonZeroU32) -> Result<Budget, BudgetError> {
    let count = u64::from(readers.get());
    let least = BASE + count * (RING_MIN + ENGINE_MIN);
    let usable = limit / 5 * 4;
    let Some(spare) = usable.checked_sub(least) else {
        let needed = least.div_ceil(4) * 5;
        return Err(BudgetError::TooSmall {
            limit,
            needed,
            readers: readers.get(),
        });
    };
    let each = spare / count;
    let ring = Geometry::within((RING_MIN + each / 3).min(RING_MAX));
    let engine = ENGINE_MIN + each - (ring.bytes() as u64 - RING_MIN);
    Ok(Budget {
        ring,
        engine,
        base: BASE,
        readers,
    })
}

/// The smallest memory limit on the way from the process's cgroup to the root; `None` if
/// there is none. `root` is `/sys/fs/cgroup`, `membership` the text of
/// `/proc/self/cgroup`. Knows version 2 (also under `unified`) and version 1 (`memory`).
pub fn memory_limit(root: &Path, membership: &str) -> Result<Option<u64>, BudgetError> {
    let mut smallest = None;
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (mounts, file): (&[&str], &str) = match controllers {
            "" => (&["", "unified"], "memory.max"),
            list if list.split(',').any(|name| name == "memory") => {
                (&["memory"], "memory.limit_in_bytes")
            }
            _ => continue,
        };
        for mount in mounts {
            // Inside a container the path may name a directory of the host that the mount
            // does not show; its own cgroup is then the mount's root.
            for directory in Path::new(path.trim_start_matches('/')).ancestors() {
                let file = root.join(mount).join(directory).join(file);
                smallest = smaller(smallest, read_limit(&file)?);
            }
        }
    }
    Ok(smallest)
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn read_limit(path: &Path) -> Result<Option<u64>, BudgetError> {
    // Version 1 says "no limit" by the largest multiple of a page.
    const UNLIMITED: u64 = i64::MAX as u64 / 2;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(BudgetError::Read {
                path: path.into(),
                source,
            });
        }
    };
    match text.trim() {
        "max" => Ok(None),
        text => match text.parse() {
            Ok(limit) => Ok((limit < UNLIMITED).then_some(limit)),
            Err(_) => Err(BudgetError::Malformed {
                path: path.into(),
                text: text.into(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_within_four_fifths() {
        for limit in [150, 160, 256, 512, 1000, 1024, 4096, 100_000].map(|mib| mib * MIB) {
            for readers in [1, 2, 3, 4, 8, 64].map(|n| NonZeroU32::new(n).expect("not 0")) {
                match ring_budget(limit, readers) {
                    Ok(budget) => {
                        assert!(budget.total() <= limit / 5 * 4, "{budget:?} of {limit}");
                        assert!(budget.engine >= ENGINE_MIN);
                        assert!((RING_MIN..=RING_MAX).contains(&(budget.ring.bytes() as u64)));
                    }
                    Err(BudgetError::TooSmall { needed, .. }) => {
                        assert!(needed > limit);
                        ring_budget(needed, readers).expect("the limit it asked for");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        let two = NonZeroU32::new(2).expect("not 0");
        let usual = ring_budget(1024 * MIB, two).expect("1 GiB is enough");
        assert_eq!(usual.ring.bytes() as u64, RING_MAX);
    }

    #[test]
    fn the_smallest_limit_on_the_way_up_counts() {
        let root = std::env::temp_dir().join(format!("dpi-budget-{}", std::process::id()));
        let file = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("temporary folder");
            fs::write(path, text).expect("temporary file");
        };
        file("a/memory.max", "2000\n");
        file("a/b/memory.max", "max\n");
        file("memory/v1/x/memory.limit_in_bytes", "9223372036854771712\n");
        file("memory/v1/memory.limit_in_bytes", "777\n");
        file("bad/memory.max", "lots\n");
        let limit = |membership: &str| memory_limit(&root, membership);
        assert_eq!(limit("0::/a/b\n").expect("v2"), Some(2000));
        assert_eq!(limit("0::/nowhere\n").expect("none"), None);
        assert_eq!(limit("4:memory:/v1/x\n0::/a\n").expect("hybrid"), Some(777));
        assert_eq!(limit("5:cpu:/a\ngarbage\n").expect("none"), None);
        assert!(matches!(
            limit("0::/bad"),
            Err(BudgetError::Malformed { .. })
        ));
        fs::remove_dir_all(&root).expect("temporary folder");
    }
}
