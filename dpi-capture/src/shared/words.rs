//! Atomic words in a memfd, mapped by both processes.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::AtomicU64,
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

/// Why shared memory cannot be made or mapped.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// A system call failed.
    #[error("shared memory: {call}: {source}")]
    System {
        /// Its name.
        call: &'static str,
        /// Its error.
        source: Errno,
    },
    /// The descriptor's file has another size.
    #[error(
        "shared memory has {found} bytes instead of {expected}: supervisor and worker are of different builds"
    )]
    Size {
        /// Bytes that this build lays out.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The file could still be cut under the mapping.
    #[error(
        "shared memory is not sealed against shrinking and growing: it was not made by the supervisor"
    )]
    NotSealed,
    /// The page was laid out by something else.
    #[error("shared memory holds no ring cursor of this build")]
    NotACursor,
    /// More blocks or larger ones than a position can name.
    #[error(
        "a ring of {blocks} blocks of {block_size} bytes: blocks must be a power of two from 4 KiB to 16 MiB, and there must be at least two"
    )]
    Geometry {
        /// Bytes a block.
        block_size: u32,
        /// Blocks.
        blocks: u32,
    },
}

const SEALS: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

/// A mapped memfd of 64-bit atomics.
#[derive(Debug)]
pub(super) struct Words {
    fd: OwnedFd,
    start: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the mapping lives as long as the value, and all access goes through atomics.
unsafe impl Send for Words {}
// SAFETY: as above; `&Words` gives out `&AtomicU64` only.
unsafe impl Sync for Words {}

impl Words {
    /// A new memfd of `count` words, all 0, sealed.
    pub(super) fn create(name: &str, count: usize) -> Result<Words, SharedError> {
        let system = |call| move |source| SharedError::System { call, source };
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = memfd_create(name, flags).map_err(system("memfd_create"))?;
        ftruncate(&fd, (count * 8) as u64).map_err(system("ftruncate"))?;
        fcntl_add_seals(&fd, SEALS).map_err(system("fcntl(F_ADD_SEALS)"))?;
        Words::open(fd, count)
    }

    /// Maps what [`Words::create`] made, here or in another process.
    pub(super) fn open(fd: OwnedFd, count: usize) -> Result<Words, SharedError> {
        let system = |call| move |source| SharedError::System { call, source };
        let seals = fcntl_get_seals(&fd).map_err(|_| SharedError::NotSealed)?;
        if !seals.contains(SealFlags::SHRINK | SealFlags::GROW) {
            return Err(SharedError::NotSealed);
        }
        let found = u64::try_from(fstat(&fd).map_err(system("fstat"))?.st_size).unwrap_or(0);
        let expected = (count * 8) as u64;
        if found != expected {
            return Err(SharedError::Size { expected, found });
        }
        // SAFETY: a new shared mapping at an address of the kernel's choice; the file has
        // `count * 8` bytes and is sealed, so that no access can fault.
        let start = unsafe {
            mmap(
                std::ptr::null_mut(),
                count * 8,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &fd,
                0,
            )
        }
        .map_err(system("mmap"))?;
        let start = NonNull::new(start.cast()).ok_or(SharedError::System {
            call: "mmap",
            source: Errno::NOMEM,
        })?;
        Ok(Words { fd, start, count })
    }

    /// All of them.
    pub(super) fn all(&self) -> &[AtomicU64] {
        // SAFETY: `start` is page-aligned and maps `count` words until `self` is dropped;
        // any bit pattern is an `AtomicU64`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }
}

impl AsFd for Words {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no reference outlives `self`.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.count * 8) };
    }
}
