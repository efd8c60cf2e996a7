//! What must outlive the supervisor, on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use dpi_common::{Counters, counters::Counter};
use serde::{Deserialize, Serialize};

use super::account::Account;

/// The account, and where the programs' counters stood when it was written. A file that
/// is lost costs the history, never the balance: the account then begins anew.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) account: Account,
    /// The programs' counters in the order of [`Counter::ALL`]; `None` if no program was
    /// loaded then.
    programs: Option<Vec<u64>>,
    /// The boot in which packets were seen to come to pods past their interfaces.
    #[serde(default)]
    redirect_peer: Option<String>,
}

impl State {
    pub(super) fn new(account: Account, programs: Option<&Counters>) -> Self {
        let values = |counters: &Counters| Counter::ALL.map(|c| counters.get(c)).to_vec();
        Self {
            account,
            programs: programs.map(values),
            redirect_peer: None,
        }
    }

    /// The same with what was found out of the node's network in this boot.
    pub(super) fn with_redirect_peer(mut self, found: bool) -> Self {
        self.redirect_peer = found.then(boot).flatten();
        self
    }

    /// Packets were seen, in this boot, to come to pods past their interfaces.
    pub(super) fn redirect_peer(&self) -> bool {
        self.redirect_peer.is_some() && self.redirect_peer == boot()
    }

    /// The programs' counters, if these programs have as many.
    pub(super) fn programs(&self) -> Option<Counters> {
        let values = self.programs.as_ref()?;
        if values.len() != Counter::COUNT {
            return None;
        }
        let mut counters = Counters::default();
        for (counter, value) in Counter::ALL.into_iter().zip(values) {
            counters.add(counter, *value);
        }
        Some(counters)
    }

    /// Reads it; `None` if there is none that can be read.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let bytes = fs::read(path(directory)).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(state) => Some(state),
            Err(error) => {
                let path = path(directory);
                tracing::warn!(%error, "{} is unreadable; counting begins anew", path.display());
                None
            }
        }
    }

    /// Writes it.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        replace(&path(directory), &serde_json::to_vec(self)?)
    }
}

/// What tells this boot of the machine from others.
fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

fn path(directory: &Path) -> PathBuf {
    directory.join("account.json")
}

/// Writes a file so that readers see the old content or the new, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert!(State::read(folder.path()).is_none());
        let mut counters = Counters::default();
        counters.add(Counter::Seen, 7);
        counters.add(Counter::BypassDeleted, 9);
        let account = Account {
            inspected: 5,
            ..Account::default()
        };
        let state = State::new(account.clone(), Some(&counters)).with_redirect_peer(true);
        state.write(folder.path()).unwrap();
        let back = State::read(folder.path()).unwrap();
        assert_eq!(back.account, account);
        assert_eq!(back.programs(), Some(counters));
        assert!(back.redirect_peer() && !State::default().redirect_peer());
        let other = State {
            redirect_peer: Some("another boot".to_owned()),
            ..State::default()
        };
        assert!(!other.redirect_peer());
        fs::write(path(folder.path()), "{").unwrap();
        assert!(State::read(folder.path()).is_none());
    }

    #[test]
    fn counters_of_other_programs_are_not_used() {
        let state = State {
            programs: Some(vec![1, 2, 3]),
            ..State::default()
        };
        assert_eq!(state.programs(), None);
    }
}
