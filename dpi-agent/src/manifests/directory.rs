//! The directory's files as last read.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    document::documents,
    object::{Located, Object, read},
    pending::Changes,
    problem::{Level, Problem, Reason},
};
use crate::snapshot::{Annotations, Builder, Snapshot};

/// Longest file that is read, in bytes.
pub(super) const MAX_FILE: u64 = 8 << 20;

/// Everything read so far, and how to read it again.
#[derive(Debug)]
pub(super) struct Directory {
    path: Arc<PathBuf>,
    node: Option<String>,
    files: BTreeMap<OsString, File>,
    /// The directory itself cannot be read now.
    lost: Option<Reason>,
}

/// One file as last read.
#[derive(Debug)]
struct File {
    path: Arc<PathBuf>,
    stamp: Option<Stamp>,
    objects: Vec<Located>,
    problems: Vec<Problem>,
    /// Objects of an earlier reading that this one, being bad, does not name.
    stale: Vec<Located>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    modified: (i64, i64),
    changed: (i64, i64),
    len: u64,
}

impl Directory {
    pub(super) fn new(path: PathBuf, node: Option<String>) -> Self {
        Self {
            path: Arc::new(path),
            node,
            files: BTreeMap::new(),
            lost: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what changed: the files that `changes` names, and those that look
    /// changed. What is being written is left for later. If the directory cannot be
    /// listed, all stays as it was, and the next [`Directory::publish`] says so.
    pub(super) fn rescan(&mut self, changes: &Changes) -> Result<(), io::Error> {
        let names = match list(&self.path) {
            Ok(names) => names,
            Err(error) => {
                self.lost = Some(Reason::unreadable(&error));
                return Err(error);
            }
        };
        self.lost = None;
        self.files.retain(|name, _| names.contains(name));
        for name in names {
            if !changes.held.contains(&name) {
                self.refresh(name, changes);
            }
        }
        Ok(())
    }

    fn refresh(&mut self, name: OsString, changes: &Changes) {
        let path = self.path.join(&name);
        let stamp = fs::metadata(&path).ok().as_ref().map(Stamp::of);
        let forced = changes.all || changes.names.contains(&name);
        let old = self.files.get_mut(&name);
        if let (false, Some(file)) = (forced, &old)
            && file.stamp == stamp
        {
            return;
        }
        let before = old.map(|file| {
            let fresh = std::mem::take(&mut file.objects);
            fresh
                .into_iter()
                .chain(std::mem::take(&mut file.stale))
                .collect()
        });
        let file = File::read(path, stamp, before.unwrap_or_default());
        self.files.insert(name, file);
    }

    /// The snapshot of all files, and everything wrong with them, in the order of
    /// the files' names.
    pub(super) fn publish(&self) -> (Snapshot, Vec<Problem>) {
        let mut builder = Builder::new(self.node.clone());
        let mut problems = Vec::new();
        problems.extend(self.lost.clone().map(|reason| Problem {
            file: Arc::clone(&self.path),
            line: None,
            reason,
        }));
        for file in self.files.values() {
            problems.extend(file.problems.iter().cloned());
            problems.extend(file.stale_problem());
            for located in &file.objects {
                let outcome = add(&mut builder, &located.object);
                problems.extend(outcome.map(|(line, reason)| Problem {
                    file: Arc::clone(&file.path),
                    line: Some(line.unwrap_or(located.line)),
                    reason,
                }));
            }
        }
        // Last, and silently where a good file names the same object by now.
        for located in self.files.values().flat_map(|file| &file.stale) {
            let _ = add(&mut builder, &located.object);
        }
        (builder.build(), problems)
    }
}

/// Gives an object to the builder; the problem, if there is one, may know a better line
/// than the object's first.
fn add(builder: &mut Builder, object: &Object) -> Option<(Option<u64>, Reason)> {
    let outcome = match object {
        Object::Inspection(object, line) => match builder.inspection(object) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let inspection = format!(
                    "{}/{}",
                    object.metadata.namespace.as_deref().unwrap_or_default(),
                    object.metadata.name.as_deref().unwrap_or_default()
                );
                return Some((*line, Reason::Selector { inspection, error }));
            }
            Err(error) => Err(error),
        },
        Object::Pod(object) => builder.pod(object, Annotations::Honour),
        Object::Namespace(object) => builder.namespace(object),
        Object::ServiceAccount(object) => builder.service_account(object),
    };
    outcome.err().map(|error| (None, Reason::Object(error)))
}

impl File {
    /// Reads the file at `path`, which held `before`.
    fn read(path: PathBuf, stamp: Option<Stamp>, before: Vec<Located>) -> Self {
        let mut file = Self {
            path: Arc::new(path),
            stamp,
            objects: Vec::new(),
            problems: Vec::new(),
            stale: Vec::new(),
        };
        match load(&file.path) {
            Ok(text) => file.parse(&text),
            Err(reason) => file.report(None, reason),
        }
        if file.problems.iter().any(|p| p.level() == Level::Error) {
            let named: BTreeSet<String> = file.objects.iter().map(name).collect();
            file.stale = before;
            file.stale.retain(|located| !named.contains(&name(located)));
        }
        file
    }

    fn parse(&mut self, text: &str) {
        for document in documents(text) {
            let (objects, problems) = read(&document);
            self.objects.extend(objects);
            for (line, reason) in problems {
                self.report(Some(line), reason);
            }
        }
    }

    fn report(&mut self, line: Option<u64>, reason: Reason) {
        let file = Arc::clone(&self.path);
        self.problems.push(Problem { file, line, reason });
    }

    fn stale_problem(&self) -> Option<Problem> {
        if self.stale.is_empty() {
            return None;
        }
        Some(Problem {
            file: Arc::clone(&self.path),
            line: None,
            reason: Reason::Stale {
                objects: self.stale.iter().map(name).collect(),
            },
        })
    }
}

fn name(located: &Located) -> String {
    located.object.to_string()
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            len: metadata.len(),
        }
    }
}

fn load(path: &Path) -> Result<String, Reason> {
    let metadata = fs::metadata(path).map_err(|e| Reason::unreadable(&e))?;
    let len = metadata.len();
    if len > MAX_FILE {
        let max = MAX_FILE;
        return Err(Reason::TooLarge { len, max });
    }
    if !metadata.is_file() {
        // A FIFO would hold the reader for ever.
        let error = io::Error::from(if metadata.is_dir() {
            io::ErrorKind::IsADirectory
        } else {
            io::ErrorKind::InvalidInput
        });
        return Err(Reason::unreadable(&error));
    }
    let bytes = fs::read(path).map_err(|e| Reason::unreadable(&e))?;
    String::from_utf8(bytes).map_err(|_| Reason::NotUtf8)
}

fn list(path: &Path) -> Result<BTreeSet<OsString>, io::Error> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if is_manifest(&name) {
            names.insert(name);
        }
    }
    Ok(names)
}

/// `*.yaml`, `*.yml` and `*.json`, unless hidden: editors and `ConfigMap` volumes keep
/// their own files under names with a leading dot.
pub(super) fn is_manifest(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    let hidden = name.as_encoded_bytes().starts_with(b".");
    !hidden && matches!(extension, Some("yaml" | "yml" | "json"))
}
