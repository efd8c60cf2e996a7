//! Files as they are to lie in a container.

use std::collections::{BTreeMap, BTreeSet};

use tar::{Builder, EntryType, Header};

use crate::ImageError;

/// Files, links and directories, owned by root, of the time 0. Directories above an entry are
/// made with it.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// By path without a leading `/`, so that the order of insertion does not matter.
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    Directory(u32),
    File(u32, Vec<u8>),
    Link(String),
}

impl Layer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a directory of this mode.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.with(path, Entry::Directory(mode))
    }

    /// The same with a file of this mode.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, bytes: Vec<u8>) -> Self {
        self.with(path, Entry::File(mode, bytes))
    }

    /// The same with a symbolic link to `target`.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.with(path, Entry::Link(target.to_owned()))
    }

    fn with(mut self, path: &str, entry: Entry) -> Self {
        let path = path.trim_matches('/').to_owned();
        self.entries.insert(path, entry);
        self
    }

    /// The layer as a tar archive, parents before what is in them.
    pub fn to_tar(&self) -> Result<Vec<u8>, ImageError> {
        let mut tar = Builder::new(Vec::new());
        let mut made = BTreeSet::new();
        for (path, entry) in &self.entries {
            for (at, _) in path.match_indices('/') {
                let parent = &path[..at];
                if !self.entries.contains_key(parent) && made.insert(parent) {
                    directory(&mut tar, parent, 0o755)?;
                }
            }
            match entry {
                Entry::Directory(mode) => directory(&mut tar, path, *mode)?,
                Entry::File(mode, bytes) => file(&mut tar, path, *mode, bytes)?,
                Entry::Link(target) => {
                    let mut header = header(EntryType::Symlink, 0o777, 0);
                    tar.append_link(&mut header, path, target)?;
                }
            }
        }
        Ok(tar.into_inner()?)
    }
}

fn directory(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32) -> Result<(), ImageError> {
    let mut header = header(EntryType::Directory, mode, 0);
    Ok(tar.append_data(&mut header, format!("{path}/"), &[][..])?)
}

/// A file of an archive, with nothing in its header but what is said here.
pub(crate) fn file<W: std::io::Write>(
    tar: &mut Builder<W>,
    path: &str,
    mode: u32,
    bytes: &[u8],
) -> Result<(), ImageError> {
    let mut header = header(EntryType::Regular, mode, bytes.len() as u64);
    Ok(tar.append_data(&mut header, path, bytes)?)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_the_order_of_insertion_does_not_matter() {
        let one = Layer::new()
            .file("/a/b/c", 0o644, b"c".to_vec())
            .directory("tmp", 0o1777)
            .link("a/d", "b/c");
        let other = Layer::new()
            .link("a/d", "b/c")
            .directory("/tmp/", 0o1777)
            .file("a/b/c", 0o644, b"c".to_vec());
        let tar = one.to_tar().unwrap();
        assert_eq!(tar, other.to_tar().unwrap());
        let mut archive = tar::Archive::new(&tar[..]);
        let entries: Vec<(String, u32)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                (path, entry.header().mode().unwrap())
            })
            .collect();
        let expected = [
            ("a/", 0o755),
            ("a/b/", 0o755),
            ("a/b/c", 0o644),
            ("a/d", 0o777),
            ("tmp/", 0o1777),
        ];
        assert_eq!(
            entries,
            expected.map(|(path, mode)| (path.to_owned(), mode))
        );
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let layer =
            Layer::new()
                .file("x", 0o644, b"old".to_vec())
                .file("/x", 0o600, b"new".to_vec());
        let tar = layer.to_tar().unwrap();
        assert!(tar.windows(3).any(|w| w == b"new"));
        assert!(!tar.windows(3).any(|w| w == b"old"));
    }
}
