//! Rules in the syntax of Snort 2, with what Snort 3 makes of them once converted.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use dpi_agent::ruleset::{Dialect, load};
use dpi_snort::{Config, detection::Detection};
use serde_json::Value;

use super::{Comparison, Difference, InspectError, Kind, inspect, sets::json_lines};

/// Every rule of `probes/snort2.jsonl`, read in the dialect of Snort 2, on
/// `probes/snort2.pcap`. Compared is whether it fires; where the converter dropped a rule, or
/// Snort 3 refused what came of it, it must be refused; one that was not run must load.
pub fn snort2(data: &Path, dialect: Dialect) -> Result<Comparison, InspectError> {
    let probes = json_lines(&data.join("probes/snort2.jsonl"))?;
    let folder = tempfile::tempdir().map_err(|source| InspectError::Io {
        path: "a temporary folder".into(),
        source,
    })?;
    let path = folder.path().join("snort2.rules");
    let text: String = probes
        .iter()
        .filter(|probe| !probe["expect"].is_null() || is_refused(probe))
        .map(|probe| text_of(probe) + "\n")
        .collect();
    std::fs::write(&path, text).map_err(|source| InspectError::Io {
        path: path.clone(),
        source,
    })?;
    let loaded = load(std::slice::from_ref(&path), dialect, Arc::default());
    let valid: BTreeSet<u32> = loaded.ruleset.rules.iter().map(|r| r.id.sid).collect();
    let inactive = loaded.ruleset.errors.iter().filter(|e| e.is_inactive());
    let inactive: BTreeSet<u32> = inactive.filter_map(|error| error.sid).collect();
    let compiled = Detection::compile(loaded.ruleset, &Config::default());
    let (detection, _) = compiled.map_err(|source| InspectError::Rules { path, source })?;
    let ours = inspect(&data.join("probes/snort2.pcap"), &Arc::new(detection))?;
    let mut comparison = Comparison {
        name: "snort2".to_owned(),
        packets: ours.packets,
        ..Comparison::default()
    };
    for probe in &probes {
        let sid = probe["sid"].as_u64().and_then(|sid| sid.try_into().ok());
        let sid: u32 = sid.unwrap_or(0);
        let verdict = if ours.alerts.contains_key(&sid) {
            Verdict::Fires
        } else if valid.contains(&sid) || inactive.contains(&sid) || !was_run(probe, dialect) {
            Verdict::Silent
        } else {
            Verdict::Refused
        };
        comparison.snort2(probe, verdict);
    }
    Ok(comparison)
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fires,
    Silent,
    Refused,
}

fn text_of(probe: &Value) -> String {
    probe["text"].as_str().unwrap_or_default().to_owned()
}

/// Whether Snort has no rule in the end.
fn is_refused(probe: &Value) -> bool {
    probe["converted"].is_null() || !probe["refused"].is_null()
}

/// Whether the rule is among those on the capture; the others are read alone.
fn was_run(probe: &Value, dialect: Dialect) -> bool {
    if !probe["expect"].is_null() || is_refused(probe) {
        return true;
    }
    let variables = dpi_snort::parser::Variables::stock();
    let text = text_of(probe);
    let read =
        dpi_snort::parser::parse_text_in(dialect.into(), text.as_bytes(), "probe", &variables);
    !read.1.is_empty()
}

impl Comparison {
    fn snort2(&mut self, probe: &Value, verdict: Verdict) {
        let text = |name: &str| probe[name].as_str().unwrap_or_default().to_owned();
        let expected = match probe["expect"].as_u64() {
            _ if is_refused(probe) => Verdict::Refused,
            Some(count) if count > 0 => Verdict::Fires,
            _ => Verdict::Silent,
        };
        self.items += 1;
        self.subjects.insert(text("id"));
        if expected == verdict {
            self.found += usize::from(verdict == Verdict::Fires);
            return;
        }
        self.differences.push(Difference {
            at: text("id"),
            kind: if expected == Verdict::Fires || verdict == Verdict::Refused {
                Kind::Missed
            } else {
                Kind::Extra
            },
            what: format!("{verdict:?}, not {expected:?}: {}", text("what")),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_fires_is_silent_or_refused() {
        let fires = json!({"id": "a", "expect": 2, "converted": "x", "what": ""});
        let silent = json!({"id": "b", "expect": 0, "converted": "x", "what": ""});
        let refused = json!({"id": "c", "converted": "x", "refused": "bad", "what": ""});
        let dropped = json!({"id": "d", "converted": null, "what": ""});
        let mut comparison = Comparison::default();
        for (probe, verdict) in [
            (&fires, Verdict::Fires),
            (&silent, Verdict::Silent),
            (&refused, Verdict::Refused),
            (&dropped, Verdict::Refused),
        ] {
            comparison.snort2(probe, verdict);
        }
        assert_eq!((comparison.found, comparison.differences.len()), (1, 0));
        for (probe, verdict) in [
            (&fires, Verdict::Silent),
            (&silent, Verdict::Refused),
            (&silent, Verdict::Fires),
            (&dropped, Verdict::Silent),
        ] {
            comparison.snort2(probe, verdict);
        }
        let kinds: Vec<Kind> = comparison.differences.iter().map(|d| d.kind).collect();
        assert_eq!(
            kinds,
            [Kind::Missed, Kind::Missed, Kind::Extra, Kind::Extra]
        );
    }
}
