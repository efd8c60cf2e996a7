//! Processes that are started, recorded and stopped by their number.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::{Deserialize, Serialize};

/// Between two looks at a process that is to end.
const LOOK: Duration = Duration::from_millis(10);
/// The kernel needs some time to end a killed process.
const KILLED: Duration = Duration::from_secs(5);

/// A process of ours, which may outlive us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Daemon {
    /// What it is called in messages and in the name of its log.
    pub(crate) name: String,
    /// Its number.
    pub(crate) pid: u32,
    /// When it was started, as `/proc/PID/stat` says: numbers are used again.
    started: u64,
}

impl Daemon {
    /// Starts one in a process group of its own, so that Ctrl-C does not reach it. What it
    /// says goes to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let pid = child.id();
        let started = stat(pid)
            .with_context(|| format!("{name} ended at once"))?
            .1;
        Ok(Self {
            name: name.to_owned(),
            pid,
            started,
        })
    }

    /// Whether this process, and no later one of the same number, runs.
    pub(crate) fn alive(&self) -> bool {
        self.reap();
        let is_ours = |(state, started): (char, u64)| {
            started == self.started && (state != 'Z' || has_threads(self.pid))
        };
        stat(self.pid).is_some_and(is_ours)
    }

    /// Asks for its end, and after `grace` sees to it; without any grace it is not asked.
    pub(crate) fn stop(&self, grace: Duration) -> Result<()> {
        let steps = [(Signal::TERM, grace), (Signal::KILL, KILLED)];
        for (signal, limit) in steps.into_iter().filter(|(_, limit)| !limit.is_zero()) {
            self.signal(signal);
            let begun = Instant::now();
            while begun.elapsed() < limit {
                if !self.alive() {
                    return Ok(());
                }
                thread::sleep(LOOK);
            }
        }
        bail!("{} (process {}) does not end", self.name, self.pid)
    }

    /// Sends a signal, if it still runs.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.number().filter(|_| self.alive()) {
            // It may end between the look and the signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// A child that ended stays in the table until it is waited for; one that an earlier
    /// process of ours started is no child, and the error says so.
    fn reap(&self) {
        if let Some(pid) = self.number() {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    fn number(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.pid).ok()?)
    }
}

/// Whether a process has other threads than its first. While they end, the first one is a
/// zombie already, and what they share is still open.
fn has_threads(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|tasks| tasks.count() > 1)
}

/// State and start time of a process (proc(5), fields 3 and 22 of `stat`).
fn stat(pid: u32) -> Option<(char, u64)> {
    read_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn read_stat(text: &str) -> Option<(char, u64)> {
    // The name in brackets may hold anything, brackets too.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(2);

    fn sleeping() -> (tempfile::TempDir, Daemon) {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let daemon = Daemon::start("sleep", Command::new("sleep").arg("60"), &log).unwrap();
        (directory, daemon)
    }

    #[test]
    fn state_and_start_are_read_whatever_the_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in ["a", "a b", "a) S 1"] {
            assert_eq!(read_stat(&format!("7 ({name}) {tail}")), Some(('S', 4711)));
        }
        for text in ["", "7 (a)", "7 (a) S 1"] {
            assert_eq!(read_stat(text), None);
        }
    }

    #[test]
    fn a_process_runs_until_it_is_stopped() {
        let (_directory, daemon) = sleeping();
        assert!(daemon.alive());
        daemon.stop(GRACE).unwrap();
        assert!(!daemon.alive());
        daemon.stop(GRACE).unwrap();
    }

    #[test]
    fn a_later_process_of_the_same_number_is_left_alone() {
        let (_directory, daemon) = sleeping();
        let earlier = Daemon {
            started: daemon.started - 1,
            ..daemon.clone()
        };
        assert!(!earlier.alive());
        earlier.stop(GRACE).unwrap();
        assert!(daemon.alive());
        daemon.stop(GRACE).unwrap();
    }
}
