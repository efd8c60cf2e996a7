//! Reading rule files: a file is taken as it is, a folder gives its `*.rules`, sorted, at
//! any depth, the `classification.config` in it, and its own `snort.lua`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_snort::{
    detection::FlowbitRegistry,
    parser::{ClassificationConfig, RuleReader, Ruleset},
};
use thiserror::Error;

use super::{
    Dialect,
    include::{Disk, Seen},
    snort_lua::{self, At, Fault, NoEffect, RefusedEntry, Settings},
};

/// Classes known without a file: those of public rules and of the starter rules.
const CLASSIFICATIONS: &str = include_str!("../../../rules/classification.config");
/// Folders below folders, beyond which a link that leads back is assumed.
pub(super) const MAX_DEPTH: usize = 16;
/// Bytes of a file: ten times what the largest public ruleset has in one.
const MAX_FILE: u64 = 64 << 20;

/// A rule file or folder that could not be read.
#[derive(Debug, Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct LoadError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Rules, errors and warnings.
    pub ruleset: Ruleset,
    /// Files and folders that could not be read; the others were.
    pub unreadable: Vec<LoadError>,
    /// Each `snort.lua` that has no effect at all.
    pub faults: Vec<At<Fault>>,
    /// Filters of a `snort.lua` that were refused; the rest of it holds.
    pub refused: Vec<At<RefusedEntry>>,
    /// What a `snort.lua` sets that has no effect.
    pub no_effect: Vec<At<NoEffect>>,
    /// How many rule files were read.
    pub files: usize,
}

/// Reads rules from files and folders. Errors leave out what they name and nothing else.
pub fn load(paths: &[PathBuf], dialect: Dialect, flowbits: Arc<FlowbitRegistry>) -> Loaded {
    load_with(paths, dialect, flowbits, &mut |_| {})
}

/// The same; what the files hold is shown to `listener`, in their order.
pub fn load_with(
    paths: &[PathBuf],
    dialect: Dialect,
    flowbits: Arc<FlowbitRegistry>,
    listener: &mut dyn FnMut(Seen<'_>),
) -> Loaded {
    let mut found = Found::default();
    for path in paths {
        found.add_named(path);
    }
    let classes = found.classes.unwrap_or_else(|| CLASSIFICATIONS.to_owned());
    let (classifications, _) = ClassificationConfig::parse(&classes);
    let mut settings = Settings::default();
    let faults = found.settings.iter();
    let faults = faults
        .filter_map(|path| settings.read(path).err())
        .collect();
    let mut reader = RuleReader::new(dialect.into(), &settings.variables);
    let mut disk = Disk { listener };
    let mut files = 0;
    for path in found.rules {
        match read(&path) {
            Ok(bytes) => {
                files += 1;
                reader.read(&path.to_string_lossy(), &bytes, &mut disk);
            }
            Err(source) => found.unreadable.push(LoadError { path, source }),
        }
    }
    let mut ruleset = reader.finish(&classifications, flowbits);
    ruleset.filters.extend(&settings.filters);
    Loaded {
        ruleset,
        unreadable: found.unreadable,
        faults,
        refused: settings.errors,
        no_effect: settings.warnings,
        files,
    }
}

/// A file's bytes. What is no file is not opened: a pipe would be waited for.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let refused = |words: String| Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    let file = fs::metadata(path)?;
    if !file.is_file() {
        return refused("neither a file nor a folder".to_owned());
    }
    if file.len() > MAX_FILE {
        let len = file.len();
        return refused(format!("{len} bytes; a rule file has at most {MAX_FILE}"));
    }
    fs::read(path)
}

#[derive(Default)]
struct Found {
    rules: Vec<PathBuf>,
    classes: Option<String>,
    settings: Vec<PathBuf>,
    unreadable: Vec<LoadError>,
}

impl Found {
    /// A file, or a folder with its `snort.lua`; one in a folder below is read if it is included.
    fn add_named(&mut self, path: &Path) {
        if path.is_dir() {
            let settings = path.join(snort_lua::FILE);
            if settings.symlink_metadata().is_ok() {
                self.settings.push(settings);
            }
        } else if path.file_name().is_some_and(|name| name == snort_lua::FILE) {
            self.settings.push(path.to_path_buf());
            return;
        }
        self.add(path, 0);
    }

    fn add(&mut self, path: &Path, depth: usize) {
        if !path.is_dir() {
            self.rules.push(path.to_path_buf());
            return;
        }
        match entries(path) {
            Ok(entries) => {
                for entry in entries {
                    self.add_entry(&entry, depth);
                }
            }
            Err(source) => self.unreadable.push(LoadError {
                path: path.to_path_buf(),
                source,
            }),
        }
    }

    fn add_entry(&mut self, path: &Path, depth: usize) {
        if path.is_dir() {
            if depth < MAX_DEPTH {
                self.add(path, depth + 1);
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rules")
        {
            self.rules.push(path.to_path_buf());
        } else if path
            .file_name()
            .is_some_and(|name| name == "classification.config")
        {
            self.classes = fs::read_to_string(path).ok();
        }
    }
}

/// Entries of a folder by name; those whose names begin with a dot are left out, since a
/// mounted ConfigMap has its files twice: as links, and in a hidden folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_rule_files_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let rule = |sid: u32| format!("alert tcp any any -> any any (classtype:own; sid:{sid};)\n");
        fs::create_dir_all(folder.path().join("sub/..data")).unwrap();
        fs::write(folder.path().join("b.rules"), rule(2)).unwrap();
        fs::write(folder.path().join("sub/a.rules"), rule(1)).unwrap();
        fs::write(folder.path().join("sub/..data/c.rules"), rule(3)).unwrap();
        fs::write(folder.path().join("notes.txt"), rule(4)).unwrap();
        let classes = "config classification: own,Our own,2\n";
        fs::write(folder.path().join("classification.config"), classes).unwrap();
        let missing = folder.path().join("none.rules");
        let loaded = load(
            &[folder.path().to_path_buf(), missing.clone()],
            Dialect::Auto,
            Arc::default(),
        );
        let sids: Vec<u32> = loaded
            .ruleset
            .rules
            .iter()
            .map(|rule| rule.id.sid)
            .collect();
        assert_eq!(sids, [1, 2]);
        assert_eq!(loaded.ruleset.rules[0].priority, 2);
        assert_eq!(loaded.files, 2);
        assert_eq!(loaded.unreadable.len(), 1);
        assert_eq!(loaded.unreadable[0].path, missing);
    }

    #[test]
    fn a_folders_snort_lua_sets_what_its_rules_name_and_filters_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("below")).unwrap();
        fs::write(path("a.rules"), "alert tcp $OWN any -> any any (sid:1;)\n").unwrap();
        fs::write(path("below/snort.lua"), "nonsense").unwrap();
        let own = "ips = { variables = { nets = { OWN = '10.0.0.1' } } }\n";
        let text = format!("{own}suppress = {{ {{ gid = 1, sid = 1 }}, {{}} }}\nwizard = {{}}");
        fs::write(path("snort.lua"), &text).unwrap();
        let load = |path: &Path| load(&[path.to_path_buf()], Dialect::Auto, Arc::default());
        let loaded = load(folder.path());
        assert_eq!((loaded.ruleset.rules.len(), loaded.files), (1, 1));
        assert!(!loaded.ruleset.filters.is_empty() && loaded.faults.is_empty());
        assert_eq!((loaded.refused[0].line, loaded.no_effect[0].line), (2, 3));
        // A folder that a file leads through has none.
        assert_eq!(load(&path("a.rules")).ruleset.errors.len(), 1);
        fs::write(path("snort.lua"), format!("{text}\nwhile true do end")).unwrap();
        let loaded = load(folder.path());
        assert_eq!((loaded.faults.len(), loaded.faults[0].line), (1, 4));
        assert_eq!(loaded.ruleset.errors.len(), 1, "the variable is not set");
        assert!(loaded.ruleset.filters.is_empty());
    }

    #[test]
    fn what_is_no_rule_file_is_named_and_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(
            path("good.rules"),
            "alert tcp any any -> any any (sid:1;)\n",
        )
        .unwrap();
        let large = fs::File::create(path("large.rules")).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        let pipe = std::ffi::CString::new(path("pipe.rules").to_str().unwrap()).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            pipe.as_c_str(),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", path("gone.rules")).unwrap();
        let loaded = load(
            &[folder.path().to_path_buf()],
            Dialect::Auto,
            Arc::default(),
        );
        assert_eq!(loaded.ruleset.rules.len(), 1);
        let errors: Vec<String> = loaded.unreadable.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        for (error, name, words) in [
            (&errors[0], "gone.rules", "No such file"),
            (
                &errors[1],
                "large.rules",
                "67108865 bytes; a rule file has at most 67108864",
            ),
            (&errors[2], "pipe.rules", "neither a file nor a folder"),
        ] {
            assert!(error.contains(name) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn included_files_are_read_and_loops_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("sub")).unwrap();
        let rule = |sid: u32| format!("alert tcp any any -> any any (sid:{sid};)\n");
        let top = format!(
            "var WHERE sub\ninclude $WHERE/b.rules\n{}include gone.rules\n",
            rule(1)
        );
        fs::write(path("top.rules"), top).unwrap();
        fs::write(path("sub/b.rules"), "include ../top.rules\ninclude c.txt\n").unwrap();
        fs::write(path("sub/c.txt"), rule(3)).unwrap();
        let loaded = load(&[path("top.rules")], Dialect::Auto, Arc::default());
        let sids: Vec<u32> = loaded
            .ruleset
            .rules
            .iter()
            .map(|rule| rule.id.sid)
            .collect();
        assert_eq!(sids, [1, 3]);
        let errors: Vec<String> = loaded
            .ruleset
            .errors
            .iter()
            .map(|error| format!("{}: {}", error.line, error.reason))
            .collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].ends_with("it includes itself"), "{errors:?}");
        assert!(
            errors[1].starts_with("4: \"gone.rules\" cannot be included"),
            "{errors:?}"
        );
    }
}
