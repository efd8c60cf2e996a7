//! inotify on one directory.
//!
//! rustix is here already and has it safely; a crate such as `notify` would add a thread
//! and an abstraction over systems that the agent does not run on.

use std::{
    ffi::{CStr, OsStr},
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    path::{Path, PathBuf},
    time::Instant,
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};

use super::pending::Pending;

/// A watched directory.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: OwnedFd,
    path: PathBuf,
}

/// Whether the directory is still watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watching {
    Yes,
    /// It was removed, renamed or unmounted: what has its name now is another.
    No,
}

impl Watch {
    pub(super) fn new(path: &Path) -> Result<Self, io::Error> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let events = WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::MOVE
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&inotify, path, events)?;
        let path = path.to_owned();
        Ok(Self { inotify, path })
    }

    /// Readable when there are events.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Moves all events there are into `pending`.
    pub(super) fn drain(&self, pending: &mut Pending) -> Result<Watching, io::Error> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut watching = Watching::Yes;
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok(watching),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let name = event.file_name().map(CStr::to_bytes).map(OsStr::from_bytes);
            if self.record(event.events(), name, pending) == Watching::No {
                watching = Watching::No;
            }
        }
    }

    fn record(&self, events: ReadFlags, name: Option<&OsStr>, pending: &mut Pending) -> Watching {
        let now = Instant::now();
        let gone =
            ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED | ReadFlags::UNMOUNT;
        match name {
            _ if events.intersects(gone) => {
                pending.everything(now);
                return Watching::No;
            }
            // The queue overflowed, or the directory's own attributes changed.
            None => pending.everything(now),
            // A ConfigMap volume swaps the link `..data` under links with the files' names.
            Some(name) if name.as_bytes().starts_with(b"..") => pending.everything(now),
            Some(name) if !super::directory::is_manifest(name) => {}
            Some(name) if events.contains(ReadFlags::CREATE) && self.is_whole(name) => {
                pending.settled(name, now);
            }
            Some(name) if events.intersects(ReadFlags::CREATE | ReadFlags::MODIFY) => {
                pending.writing(name, now);
            }
            Some(name) => pending.settled(name, now),
        }
        Watching::Yes
    }

    /// A symbolic link or a further hard link comes with its content; a new file is
    /// still to be written.
    fn is_whole(&self, name: &OsStr) -> bool {
        std::fs::symlink_metadata(self.path.join(name))
            .is_ok_and(|metadata| !metadata.is_file() || metadata.nlink() > 1)
    }
}
