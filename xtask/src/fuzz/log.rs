//! What all runs of all targets did: a line each in a file that is kept, and the sums.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

/// The file `fuzz.log` of a folder. A line holds seconds since 1970, target, executions,
/// seconds that they took, and `crash` or `ok`, separated by tabs.
pub(super) struct Log(PathBuf);

/// Sums over the runs of one target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Total {
    runs: u64,
    executions: u64,
    seconds: u64,
    crashes: u64,
}

impl Log {
    pub(super) fn new(folder: &Path) -> Log {
        Log(folder.join("fuzz.log"))
    }

    /// Adds a run.
    pub(super) fn add(
        &self,
        target: &str,
        executions: u64,
        took: Duration,
        crashed: bool,
    ) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let outcome = if crashed { "crash" } else { "ok" };
        let line = format!(
            "{now}\t{target}\t{executions}\t{}\t{outcome}\n",
            took.as_secs()
        );
        let file = OpenOptions::new().create(true).append(true).open(&self.0);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("cannot write {}", self.0.display()))
    }

    /// Prints the sums over all runs so far.
    pub(super) fn print(&self) -> Result<()> {
        let text = fs::read_to_string(&self.0)
            .with_context(|| format!("cannot read {}", self.0.display()))?;
        let totals = totals(&text);
        println!("all runs so far, as kept in {}:", self.0.display());
        println!(
            "{:<14} {:>6} {:>14} {:>9} {:>8}",
            "target", "runs", "executions", "seconds", "crashes"
        );
        for (target, total) in totals.iter().filter(|(_, total)| total.runs > 0) {
            println!(
                "{target:<14} {:>6} {:>14} {:>9} {:>8}",
                total.runs, total.executions, total.seconds, total.crashes
            );
        }
        let all: u64 = totals.values().map(|total| total.executions).sum();
        println!("{:<14} {:>6} {all:>14}", "all", "");
        Ok(())
    }
}

/// Lines that are no lines of the log are left out.
fn totals(text: &str) -> BTreeMap<&str, Total> {
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, target, executions, seconds, outcome] = fields.as_slice() else {
            continue;
        };
        let (Ok(executions), Ok(seconds)) = (executions.parse::<u64>(), seconds.parse::<u64>())
        else {
            continue;
        };
        let total = totals.entry(target).or_default();
        total.runs += 1;
        total.executions += executions;
        total.seconds += seconds;
        total.crashes += u64::from(*outcome == "crash");
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_added_up_by_target() {
        let text = "1\trules\t10\t1\tok\n2\tframe\t5\t2\tcrash\nnoise\n3\trules\t7\t4\tok\n";
        let total = |runs, executions, seconds, crashes| Total {
            runs,
            executions,
            seconds,
            crashes,
        };
        let expected =
            BTreeMap::from([("frame", total(1, 5, 2, 1)), ("rules", total(2, 17, 5, 0))]);
        assert_eq!(totals(text), expected);
    }

    #[test]
    fn what_is_added_is_kept() {
        let folder = std::env::temp_dir().join(format!("fuzz-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for _ in 0..2 {
            let log = Log::new(&folder);
            log.add("rules", 3, Duration::from_secs(2), false).unwrap();
        }
        let text = fs::read_to_string(folder.join("fuzz.log")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(totals(&text)["rules"].executions, 6);
    }
}
