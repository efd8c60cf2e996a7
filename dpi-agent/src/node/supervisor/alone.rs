//! One agent to a state directory.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
};

use rustix::fs::{FlockOperation, flock};

use super::NodeError;

/// Takes the directory for this process; the lock is held as long as the file.
pub(super) fn lock(directory: &Path) -> Result<File, NodeError> {
    let path = directory.join("lock");
    let failed = |source| NodeError::StateDir {
        path: directory.to_owned(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut pid = String::new();
        let _ = file.read_to_string(&mut pid);
        return Err(NodeError::AnotherAgent {
            path: directory.to_owned(),
            pid: Some(pid.trim().to_owned()).filter(|pid| !pid.is_empty()),
        });
    }
    // Only for the other one's message.
    let _ = file.set_len(0);
    let _ = writeln!(file, "{}", std::process::id());
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(
            error.contains(&format!("another agent (pid {pid})")),
            "{error}"
        );
        drop(first);
        assert!(lock(folder.path()).is_ok());
    }
}
