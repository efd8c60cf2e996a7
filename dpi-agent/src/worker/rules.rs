//! A directory of rule files to one compiled ruleset.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dpi_api::{
    alert::Text,
    messages::{PortBytes, PortMap, RuleProblem, RulesReport},
};
use dpi_snort::{
    Config,
    detection::{CompileError, Detection, FlowbitRegistry},
    parser::RuleError,
};

use crate::ruleset::{self, At, Dialect, Fault, NoEffect, RefusedEntry};

/// A compiled ruleset and what became of each file and rule.
#[derive(Debug)]
pub struct Loaded {
    /// The rules in force.
    pub detection: Detection,
    /// Rule files read.
    pub files: usize,
    /// Rules left out.
    pub errors: Vec<RuleError>,
    /// Rules loaded in another way than their author may expect.
    pub warnings: usize,
    /// Files and folders that cannot be read.
    pub unreadable: Vec<ruleset::LoadError>,
    /// A `snort.lua` without effect.
    pub faults: Vec<At<Fault>>,
    /// Filters of it that were refused.
    pub refused: Vec<At<RefusedEntry>>,
    /// What it sets that has no effect.
    pub no_effect: Vec<At<NoEffect>>,
}

/// Why no ruleset could be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory cannot be read.
    #[error("rules directory {path}: {source}; name an existing directory with *.rules files")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// There are rules, and each was refused.
    #[error("rules directory {path}: all {failed} rules are refused, the first one so: {first}")]
    NoneLeft {
        /// The directory.
        path: PathBuf,
        /// Rules refused.
        failed: usize,
        /// What is wrong with the first.
        first: Box<RuleError>,
    },
    /// A file of a directory that was good cannot be read, or run: the rules in force have more
    /// of it.
    #[error("rules directory {directory}: {file}; the rules in force stay")]
    Unreadable {
        /// The directory.
        directory: PathBuf,
        /// The first such file.
        file: String,
    },
    /// The rules cannot be compiled together.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Reads every `*.rules` below `directory` in the order of their paths, and compiles them.
pub fn load(
    directory: &Path,
    dialect: Dialect,
    config: &Config,
    flowbits: Arc<FlowbitRegistry>,
) -> Result<Loaded, LoadError> {
    fs::read_dir(directory).map_err(|source| LoadError::Directory {
        path: directory.to_owned(),
        source,
    })?;
    let ruleset::Loaded {
        mut ruleset,
        unreadable,
        faults,
        refused: refused_entries,
        no_effect,
        files,
    } = ruleset::load(&[directory.to_owned()], dialect, flowbits);
    let mut errors = std::mem::take(&mut ruleset.errors);
    let warnings = ruleset.warnings.len() + no_effect.len();
    let (detection, late) = Detection::compile(ruleset, config)?;
    errors.extend(late);
    let refused = || errors.iter().filter(|error| !error.is_inactive());
    if let Some(first) = refused().next().filter(|_| detection.is_empty()) {
        return Err(LoadError::NoneLeft {
            path: directory.to_owned(),
            failed: refused().count(),
            first: Box::new(first.clone()),
        });
    }
    Ok(Loaded {
        detection,
        files,
        errors,
        warnings,
        unreadable,
        faults,
        refused: refused_entries,
        no_effect,
    })
}

impl Loaded {
    /// The same, unless a file of it could not be read, or its `snort.lua` is without effect:
    /// what takes the place of a ruleset is to be whole.
    pub fn whole(self, directory: &Path) -> Result<Self, LoadError> {
        let files = self.unreadable.iter().map(describe);
        let faults = self
            .faults
            .iter()
            .map(|fault| format!("{fault}{}", denied(fault)));
        match files.chain(faults).next() {
            None => Ok(self),
            Some(file) => Err(LoadError::Unreadable {
                directory: directory.to_owned(),
                file,
            }),
        }
    }

    /// What the supervisor is told of it.
    pub fn report(&self, epoch: u32, took: Duration) -> RulesReport {
        let refused = || self.errors.iter().filter(|error| !error.is_inactive());
        let files = self.unreadable.iter().map(|error| RuleProblem {
            file: Text::cut(&error.path.display().to_string()),
            line: 0,
            sid: None,
            option: None,
            reason: Text::cut(&format!("{}{}", error.source, remedy(error))),
        });
        let faults = self.faults.iter();
        let faults = faults.map(|at| setting(at, &format!("{}{}", at.what, denied(at))));
        let entries = self
            .refused
            .iter()
            .map(|at| setting(at, &at.what.to_string()));
        let unread = self.unreadable.len() + self.faults.len() + self.refused.len();
        let ports = self.detection.ports();
        RulesReport {
            epoch,
            files: count(self.files),
            loaded: count(self.detection.len()),
            inactive: count(self.errors.len() - refused().count()),
            failed: count(refused().count() + unread),
            warnings: count(self.warnings),
            problems: files
                .chain(faults)
                .chain(entries)
                .chain(refused().map(problem))
                .take(RulesReport::MAX_PROBLEMS)
                .collect(),
            ports: PortMap {
                tcp: PortBytes::from_words(ports.tcp.words()),
                udp: PortBytes::from_words(ports.udp.words()),
                icmp: ports.icmp,
                other: ports.other,
            },
            millis: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        }
    }
}

fn describe(error: &ruleset::LoadError) -> String {
    format!("{error}{}", remedy(error))
}

fn remedy(error: &ruleset::LoadError) -> &'static str {
    let denied = error.source.kind() == io::ErrorKind::PermissionDenied;
    remedy_of(denied, &error.path)
}

fn denied(fault: &At<Fault>) -> &'static str {
    let denied = matches!(fault.what, Fault::Denied(_));
    remedy_of(denied, Path::new(&*fault.file))
}

/// A worker is shown the rules directory alone.
fn remedy_of(denied: bool, path: &Path) -> &'static str {
    match (denied, path.is_symlink()) {
        (true, true) => "; it leads out of the rules directory: put the file itself there",
        (true, false) => "; let the agent read it",
        (false, _) => "",
    }
}

fn problem(error: &RuleError) -> RuleProblem {
    RuleProblem {
        file: Text::cut(&error.file),
        line: error.line,
        sid: error.sid,
        option: error.option.as_deref().map(Text::cut),
        reason: Text::cut(&error.reason.to_string()),
    }
}

fn setting<T>(at: &At<T>, reason: &str) -> RuleProblem {
    RuleProblem {
        file: Text::cut(&at.file),
        line: at.line,
        sid: None,
        option: None,
        reason: Text::cut(reason),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"alert tcp any any -> any 80 (msg:"a"; content:"evil"; sid:1;)"#;

    fn load_files(files: &[(&str, &str)]) -> Result<Loaded, LoadError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        load_as(Dialect::Auto, folder.path())
    }

    fn load_as(dialect: Dialect, directory: &Path) -> Result<Loaded, LoadError> {
        load(directory, dialect, &Config::default(), Arc::default())
    }

    #[test]
    fn the_dialect_decides_what_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let old = r#"alert tcp any any -> any 80 (content:"a"; nocase; sid:2;)"#;
        fs::write(folder.path().join("a.rules"), format!("{GOOD}\n{old}\n")).unwrap();
        for (dialect, refused) in [
            (Dialect::Auto, 0),
            (Dialect::Snort2, 0),
            (Dialect::Snort3, 1),
        ] {
            let loaded = load_as(dialect, folder.path()).unwrap();
            assert_eq!(loaded.errors.len(), refused, "{dialect:?}");
        }
    }

    #[test]
    fn every_rule_file_below_is_read_and_a_bad_rule_costs_itself_alone() {
        let loaded = load_files(&[
            ("b.rules", GOOD),
            (
                "deep/er/c.rules",
                "alert tcp any any -> any 443 (msg:\"b\"; sid:2;)\nnonsense\n",
            ),
            ("notes.txt", "no rule"),
            (".old/d.rules", GOOD),
        ])
        .unwrap();
        let report = loaded.report(3, Duration::from_millis(5));
        assert_eq!((report.files, report.loaded, report.failed), (2, 2, 1));
        assert_eq!((report.epoch, report.millis), (3, 5));
        let problem = &report.problems[0];
        assert!(problem.file.ends_with("deep/er/c.rules"), "{problem:?}");
        assert_eq!(problem.line, 2);
        assert!(report.ports.tcp.contains(80) && report.ports.tcp.contains(443));
        assert!(!report.ports.tcp.contains(81));
    }

    #[test]
    fn what_takes_another_rulesets_place_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rules"), GOOD).unwrap();
        let load = || {
            let config = Config::default();
            load(folder.path(), Dialect::Auto, &config, Arc::default()).unwrap()
        };
        // A bad rule costs itself alone.
        fs::write(folder.path().join("b.rules"), "nonsense\n").unwrap();
        assert_eq!(load().whole(folder.path()).unwrap().detection.len(), 1);
        let large = fs::File::create(folder.path().join("c.rules")).unwrap();
        large.set_len(100 << 20).unwrap();
        assert_eq!(load().detection.len(), 1);
        let refused = load().whole(folder.path()).unwrap_err().to_string();
        for part in ["c.rules", "104857600 bytes", "the rules in force stay"] {
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_snort_lua_that_does_not_end_leaves_the_rules_in_force() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rules"), GOOD).unwrap();
        let lua = folder.path().join("snort.lua");
        // A refused filter costs itself alone, and is told; so is what has no effect.
        fs::write(&lua, "suppress = { {}, { sid = 1 } }\nstream = {}\n").unwrap();
        let loaded = load_as(Dialect::Auto, folder.path()).unwrap();
        let loaded = loaded.whole(folder.path()).unwrap();
        let report = loaded.report(1, Duration::ZERO);
        assert_eq!((report.loaded, report.failed, report.warnings), (1, 1, 1));
        let problem = &report.problems[0];
        assert!(problem.file.ends_with("snort.lua") && problem.line == 1);
        fs::write(&lua, "\nwhile true do end\n").unwrap();
        // At first there is nothing better than the rules without it.
        let loaded = load_as(Dialect::Auto, folder.path()).unwrap();
        let report = loaded.report(1, Duration::ZERO);
        assert_eq!((report.loaded, report.problems[0].line), (1, 2));
        let refused = loaded.whole(folder.path()).unwrap_err().to_string();
        for part in ["snort.lua:2: stopped after", "the rules in force stay"] {
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_directory_without_rules_is_an_empty_ruleset() {
        assert_eq!(load_files(&[]).unwrap().detection.len(), 0);
    }

    #[test]
    fn what_cannot_be_a_ruleset_is_refused() {
        let none = load_files(&[("a.rules", "nonsense\n")]).unwrap_err();
        assert!(
            matches!(none, LoadError::NoneLeft { failed: 1, .. }),
            "{none}"
        );
        let missing = load_as(Dialect::Auto, Path::new("/nowhere/at/all"));
        let text = missing.unwrap_err().to_string();
        assert!(
            text.contains("/nowhere/at/all") && text.contains("*.rules"),
            "{text}"
        );
    }
}
