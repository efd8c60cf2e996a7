//! Whether rule files have changed, seen from outside.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::load::MAX_DEPTH;

/// Entries that are looked at; a directory of more is no directory of rules.
const MAX_ENTRIES: usize = 10_000;

/// A directory of rules, looked at from time to time. Names, sizes and times are compared,
/// which finds every change on every kind of volume: files written in place, files moved in,
/// the swapped links of a mounted `ConfigMap`. No file is opened.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    /// What is known to whoever asks.
    known: u64,
    /// What was seen at the last look.
    seen: u64,
}

impl Watch {
    /// Takes the directory as it is now for known.
    pub fn new(directory: &Path) -> Self {
        let known = fingerprint(directory);
        Self {
            directory: directory.to_owned(),
            known,
            seen: known,
        }
    }

    /// Whether it differs from what is known, and has been so since the last look: files that
    /// are still being written are left alone. What is told is known from then on.
    pub fn changed(&mut self) -> bool {
        let now = fingerprint(&self.directory);
        let settled = now == self.seen;
        self.seen = now;
        let changed = settled && now != self.known;
        if changed {
            self.known = now;
        }
        changed
    }
}

fn fingerprint(directory: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut left = MAX_ENTRIES;
    add(directory, 0, &mut left, &mut hasher);
    hasher.finish()
}

fn add(directory: &Path, depth: usize, left: &mut usize, hasher: &mut DefaultHasher) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).take(*left).collect();
    *left -= paths.len();
    paths.sort();
    for path in paths {
        path.hash(hasher);
        // Of what a link leads to: that is what is read.
        let Ok(entry) = fs::metadata(&path) else {
            continue;
        };
        (entry.dev(), entry.ino(), entry.len()).hash(hasher);
        (
            entry.mtime(),
            entry.mtime_nsec(),
            entry.ctime(),
            entry.ctime_nsec(),
        )
            .hash(hasher);
        if entry.is_dir() && depth < MAX_DEPTH {
            add(&path, depth + 1, left, hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Each step changes something; it is told once, at the second look.
    #[test]
    fn every_change_is_told_once_it_has_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("..one")).unwrap();
        fs::create_dir_all(path("..two")).unwrap();
        fs::write(path("..one/c.rules"), "one").unwrap();
        fs::write(path("..two/c.rules"), "two").unwrap();
        symlink("..one", path("..data")).unwrap();
        symlink("..data/c.rules", path("c.rules")).unwrap();
        let mut watch = Watch::new(folder.path());
        assert!(!watch.changed());
        let steps: [(&str, &dyn Fn()); 6] = [
            ("a new file", &|| fs::write(path("a.rules"), "a").unwrap()),
            ("written in place", &|| {
                fs::write(path("a.rules"), "b").unwrap();
            }),
            ("a folder", &|| fs::create_dir(path("deep")).unwrap()),
            ("a file in it", &|| {
                fs::write(path("deep/b.rules"), "").unwrap();
            }),
            ("a mounted ConfigMap", &|| {
                symlink("..two", path("..new")).unwrap();
                fs::rename(path("..new"), path("..data")).unwrap();
            }),
            ("a file gone", &|| fs::remove_file(path("a.rules")).unwrap()),
        ];
        for (what, step) in steps {
            step();
            assert!(!watch.changed(), "{what}: not settled yet");
            assert!(watch.changed(), "{what}");
            assert!(!watch.changed(), "{what}: told already");
        }
    }

    #[test]
    fn a_file_that_is_still_being_written_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(folder.path());
        let mut text = String::new();
        for _ in 0..3 {
            text.push_str("more\n");
            fs::write(folder.path().join("a.rules"), &text).unwrap();
            assert!(!watch.changed());
        }
        assert!(watch.changed());
    }

    #[test]
    fn a_directory_that_goes_and_comes_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules");
        let mut watch = Watch::new(&rules);
        assert!(!watch.changed());
        fs::create_dir(&rules).unwrap();
        fs::write(rules.join("a.rules"), "").unwrap();
        assert!(!watch.changed());
        assert!(watch.changed());
        fs::remove_dir_all(&rules).unwrap();
        assert!(!watch.changed());
        assert!(watch.changed());
    }
}
