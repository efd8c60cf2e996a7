//! The sets of the shared data: captures, made flows, probes.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use dpi_snort::detection::Detection;
use serde_json::Value;

use super::{Finding, InspectError, Kind, inspect, rules};

/// Families of probes that have packets and rules of Snort 3.
pub const PROBE_FAMILIES: [&str; 5] = [
    "options-payload",
    "options-header",
    "http",
    "services",
    "stream",
];

/// One set, compared.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Name of the set.
    pub name: String,
    /// Captures or probes.
    pub items: usize,
    /// Packets inspected.
    pub packets: u64,
    /// What both found.
    pub found: usize,
    /// Probes that alerted as often as in Snort 3, silent ones included; `None` for captures.
    pub same_number: Option<usize>,
    /// Where they differ.
    pub differences: Vec<Difference>,
    /// What could differ, for those that list differences: names as in [`Difference::at`].
    pub subjects: BTreeSet<String>,
}

/// One difference from Snort 3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Id of the probe, or `CAPTURE:SID`.
    pub at: String,
    /// Which way.
    pub kind: Kind,
    /// For people: the addresses, or what the probe tries.
    pub what: String,
}

impl Comparison {
    fn new(name: &str) -> Comparison {
        Comparison {
            name: name.to_owned(),
            ..Comparison::default()
        }
    }

    /// How many differences go one way.
    pub fn count(&self, kind: Kind) -> usize {
        let same = self.differences.iter().filter(|d| d.kind == kind);
        same.count()
    }

    /// Compares one capture with what Snort 3 found in it.
    fn capture(
        &mut self,
        path: &Path,
        expected: &BTreeSet<Finding>,
        detection: &Arc<Detection>,
    ) -> Result<(), InspectError> {
        let ours = inspect(path, detection)?;
        self.items += 1;
        self.packets += ours.packets;
        self.found += expected.intersection(&ours.findings).count();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let mut differ = |finding: &Finding, kind| {
            self.differences.push(Difference {
                at: format!("{file}:{}", finding.sid),
                kind,
                what: format!("{} {}", finding.ends.0, finding.ends.1),
            });
        };
        for finding in expected.difference(&ours.findings) {
            differ(finding, Kind::Missed);
        }
        for finding in ours.findings.difference(expected) {
            differ(finding, Kind::Extra);
        }
        let all = expected.union(&ours.findings);
        self.subjects
            .extend(all.map(|finding| format!("{file}:{}", finding.sid)));
        Ok(())
    }

    /// Books one probe: does its rule fire, and should it? And as often?
    fn probe(&mut self, probe: &Value, alerts: u64) {
        let text = |name: &str| probe[name].as_str().unwrap_or_default().to_owned();
        let wanted = probe["expect"].as_u64().unwrap_or(0);
        let (expected, fires) = (wanted > 0, alerts > 0);
        self.items += 1;
        *self.same_number.get_or_insert(0) += usize::from(wanted == alerts);
        self.subjects.insert(text("id"));
        match (expected, fires) {
            (true, true) => self.found += 1,
            (false, false) => {}
            (expected, _) => self.differences.push(Difference {
                at: text("id"),
                kind: if expected { Kind::Missed } else { Kind::Extra },
                what: text("what"),
            }),
        }
    }
}

/// Every capture of `pcaps/pcap` with the community rules.
pub fn captures(data: &Path) -> Result<Comparison, InspectError> {
    let detection = rules(&data.join("rules"))?;
    let mut comparison = Comparison::new("captures");
    for path in capture_files(data)? {
        let name = path.with_extension("jsonl");
        let expected = data
            .join("pcaps/expected")
            .join(name.file_name().unwrap_or_default());
        // No file means no alert.
        let expected = if expected.is_file() {
            findings(&expected)?
        } else {
            BTreeSet::new()
        };
        comparison.capture(&path, &expected, &detection)?;
    }
    Ok(comparison)
}

/// The captures of the shared data, in order of their names.
pub fn capture_files(data: &Path) -> Result<Vec<PathBuf>, InspectError> {
    files(&data.join("pcaps/pcap"))
}

/// `synth` or `mut`: one flow for each community rule, and near misses.
pub fn synthetic(data: &Path, name: &str) -> Result<Comparison, InspectError> {
    let detection = rules(&data.join("rules"))?;
    let mut comparison = Comparison::new(name);
    let file = |extension: &str| data.join("synth").join(format!("{name}.{extension}"));
    let expected = findings(&file("jsonl"))?;
    comparison.capture(&file("pcap"), &expected, &detection)?;
    Ok(comparison)
}

/// A family of probes: each has a rule and a flow of its own; compared is whether it fires.
pub fn probes(data: &Path, family: &str) -> Result<Comparison, InspectError> {
    let file = |extension: &str| data.join("probes").join(format!("{family}.{extension}"));
    let ours = inspect(&file("pcap"), &rules(&file("rules"))?)?;
    let mut comparison = Comparison::new(family);
    comparison.packets = ours.packets;
    for probe in json_lines(&file("jsonl"))? {
        let sid = probe["sid"]
            .as_u64()
            .and_then(|sid| u32::try_from(sid).ok());
        let alerts = sid.and_then(|sid| ours.alerts.get(&sid)).copied();
        comparison.probe(&probe, alerts.unwrap_or(0));
    }
    Ok(comparison)
}

/// The objects of a file with one on each line.
pub(super) fn json_lines(path: &Path) -> Result<Vec<Value>, InspectError> {
    let text = read(path)?;
    let parsed = text.lines().map(serde_json::from_str);
    parsed
        .collect::<Result<_, _>>()
        .map_err(|error: serde_json::Error| at(path, error.into()))
}

fn findings(path: &Path) -> Result<BTreeSet<Finding>, InspectError> {
    Ok(read(path)?.lines().filter_map(Finding::of_snort).collect())
}

fn read(path: &Path) -> Result<String, InspectError> {
    fs::read_to_string(path).map_err(|source| at(path, source))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, InspectError> {
    let entries = fs::read_dir(folder).map_err(|source| at(folder, source))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|source| at(folder, source))?;
    paths.sort();
    Ok(paths)
}

fn at(path: &Path, source: io::Error) -> InspectError {
    InspectError::Io {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_probe_differs_where_one_of_the_two_is_silent() {
        let mut comparison = Comparison::new("made");
        for (id, expect, alerts) in [("a", 2, 1), ("b", 0, 0), ("c", 1, 0), ("d", 0, 1)] {
            comparison.probe(&json!({"id": id, "expect": expect, "what": ""}), alerts);
        }
        let differences: Vec<_> = comparison
            .differences
            .iter()
            .map(|d| (d.at.as_str(), d.kind))
            .collect();
        assert_eq!(differences, [("c", Kind::Missed), ("d", Kind::Extra)]);
        assert_eq!((comparison.items, comparison.found), (4, 1));
        assert_eq!(comparison.same_number, Some(1));
        assert_eq!(comparison.count(Kind::Missed), 1);
        assert_eq!(comparison.subjects.len(), 4);
    }
}
