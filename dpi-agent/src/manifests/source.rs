//! The thread that follows the directory.

use std::{
    io,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};
use tokio::sync::watch as channel;

use super::{
    directory::Directory,
    pending::{Changes, Pending},
    problem::{Level, Problem},
    watch::{Watch, Watching},
};
use crate::snapshot::Snapshot;

/// Files are looked at this often whatever inotify says: it does not tell of changes
/// behind a symbolic link or made by another host of a network file system.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A directory that is gone is looked for this often.
const LOOK_FOR: Duration = Duration::from_millis(200);

/// Follows a directory of manifests until it is dropped.
#[derive(Debug)]
pub struct DirectorySource {
    snapshots: channel::Receiver<Arc<Snapshot>>,
    problems: channel::Receiver<Arc<[Problem]>>,
    stop: OwnedFd,
    thread: Option<thread::JoinHandle<()>>,
}

/// Why a directory cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be watched or read.
    #[error(
        "manifests directory {path}: {source}; name an existing directory that the agent may read by \
         --manifests"
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// No thread or descriptor is to be had.
    #[error("cannot follow the manifests directory: {0}; raise the limits of processes and files")]
    Resources(#[from] io::Error),
}

impl DirectorySource {
    /// Reads `path` once, then follows it. `node` is the name of this node: pods bound
    /// to another node only name peers; `None` takes every pod as this node's.
    pub fn start(path: PathBuf, node: Option<String>) -> Result<Self, SourceError> {
        let mut directory = Directory::new(path, node);
        let failed = |directory: &Directory, source| SourceError::Directory {
            path: directory.path().to_owned(),
            source,
        };
        // Watched before it is read, so that no change falls in between.
        let watch = Watch::new(directory.path()).map_err(|e| failed(&directory, e))?;
        let first = directory.rescan(&Changes::default());
        first.map_err(|e| failed(&directory, e))?;
        let (snapshot, problems) = directory.publish();
        log_changes(&[], &problems);
        let (snapshot_tx, snapshots) = channel::channel(Arc::new(snapshot));
        let (problem_tx, problem_rx) = channel::channel(Arc::from(problems));
        let stop = eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?;
        let follower = Follower {
            directory,
            watch: Some(watch),
            pending: Pending::default(),
            snapshots: snapshot_tx,
            problems: problem_tx,
            stop: stop.try_clone()?,
        };
        let thread = thread::Builder::new()
            .name("manifests".to_owned())
            .spawn(move || follower.run())?;
        Ok(Self {
            snapshots,
            problems: problem_rx,
            stop,
            thread: Some(thread),
        })
    }

    /// The latest snapshot, and notice of each change.
    pub fn snapshots(&self) -> channel::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Everything that is wrong in the directory now.
    pub fn problems(&self) -> channel::Receiver<Arc<[Problem]>> {
        self.problems.clone()
    }
}

impl Drop for DirectorySource {
    fn drop(&mut self) {
        // If the write fails, the thread goes on until the process ends; joining would hang.
        if rustix::io::write(&self.stop, &1u64.to_ne_bytes()).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that follows the manifests directory panicked");
        }
    }
}

struct Follower {
    directory: Directory,
    watch: Option<Watch>,
    pending: Pending,
    snapshots: channel::Sender<Arc<Snapshot>>,
    problems: channel::Sender<Arc<[Problem]>>,
    stop: OwnedFd,
}

impl Follower {
    fn run(mut self) {
        let mut look_again = Instant::now() + LOOK_AGAIN;
        loop {
            let wake = self
                .pending
                .due()
                .map_or(look_again, |due| due.min(look_again));
            match self.wait(wake) {
                Ok(Woken::Stop) => return,
                Ok(Woken::Other) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot wait for changes of the manifests directory");
                    return;
                }
            }
            self.drain();
            let now = Instant::now();
            let changes = self.pending.take(now);
            if changes.is_none() && now < look_again {
                continue;
            }
            self.rescan(&changes.unwrap_or_else(|| Changes {
                held: self.pending.held(),
                ..Changes::default()
            }));
            let pause = if self.watch.is_some() {
                LOOK_AGAIN
            } else {
                LOOK_FOR
            };
            look_again = now + pause;
        }
    }

    /// Waits for an event, the call to stop, or `wake`.
    fn wait(&self, wake: Instant) -> Result<Woken, io::Error> {
        let left = wake.saturating_duration_since(Instant::now());
        // Rounded up to a millisecond: waking a moment too early would only spin.
        let timeout = Timespec::try_from(left + Duration::from_millis(1)).ok();
        let mut fds = vec![PollFd::new(&self.stop, PollFlags::IN)];
        if let Some(watch) = &self.watch {
            fds.push(PollFd::from_borrowed_fd(watch.fd(), PollFlags::IN));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let stop = fds.first().is_some_and(|fd| !fd.revents().is_empty());
        Ok(if stop { Woken::Stop } else { Woken::Other })
    }

    fn drain(&mut self) {
        let Some(watch) = &self.watch else {
            return;
        };
        match watch.drain(&mut self.pending) {
            Ok(Watching::Yes) => {}
            Ok(Watching::No) => self.watch = None,
            Err(error) => {
                tracing::warn!(%error, "inotify failed; the manifests directory is watched anew");
                self.watch = None;
                self.pending.everything(Instant::now());
            }
        }
    }

    fn rescan(&mut self, changes: &Changes) {
        let mut all = Changes::default();
        let changes = if self.watch.is_none() {
            self.watch = Watch::new(self.directory.path()).ok();
            all.all = true;
            &all
        } else {
            changes
        };
        if self.directory.rescan(changes).is_err() {
            self.watch = None;
        }
        let (snapshot, problems) = self.directory.publish();
        self.snapshots.send_if_modified(|old| {
            let changed = **old != snapshot;
            if changed {
                *old = Arc::new(snapshot);
            }
            changed
        });
        self.problems.send_if_modified(|old| {
            let changed = **old != *problems;
            if changed {
                log_changes(old, &problems);
                *old = problems.into();
            }
            changed
        });
    }
}

enum Woken {
    Stop,
    Other,
}

/// Tells of each problem once, when it comes, and of the end of them all.
fn log_changes(old: &[Problem], new: &[Problem]) {
    for problem in new.iter().filter(|problem| !old.contains(problem)) {
        match problem.level() {
            Level::Warning => tracing::warn!("{problem}"),
            Level::Error => tracing::error!("{problem}"),
        }
    }
    if new.is_empty() && !old.is_empty() {
        tracing::info!("all manifests can be read again");
    }
}
