//! Any text as rules, then the same text as traffic.

use std::sync::Arc;

use super::stream::{deliver, script};
use crate::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, RuleId, Ruleset, Variables, parse_files},
};

/// Bytes of the text that are also inspected: expressions are tried at every place.
const TRAFFIC: usize = 512;

/// Reads rules. Errors must name a line of the text, a second reading must give the same,
/// and what loads must find the same by fast patterns as when every rule is tried.
///
/// # Panics
/// If one of these is not so.
pub fn rules(data: &[u8]) {
    let ruleset = parse(data);
    for error in &ruleset.errors {
        let line = usize::try_from(error.line).unwrap_or(usize::MAX);
        assert!((1..=lines(data)).contains(&line), "{error}");
    }
    assert_eq!(summary(&ruleset), summary(&parse(data)));
    let Ok((detection, _)) = Detection::compile(ruleset, &Config::default()) else {
        return;
    };
    if !detection.is_empty() {
        let traffic = data.get(..TRAFFIC).unwrap_or(data);
        deliver(&Arc::new(detection), &script(traffic));
    }
}

/// Lines of a text; a carriage return alone ends one too.
fn lines(data: &[u8]) -> usize {
    let carriage_returns = memchr::memchr_iter(b'\r', data);
    let alone = carriage_returns.filter(|at| data.get(at.saturating_add(1)) != Some(&b'\n'));
    memchr::memchr_iter(b'\n', data)
        .count()
        .saturating_add(alone.count())
        .saturating_add(1)
}

fn parse(data: &[u8]) -> Ruleset {
    parse_files(
        [("fuzz.rules", data)],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    )
}

fn summary(ruleset: &Ruleset) -> (Vec<RuleId>, Vec<String>) {
    (
        ruleset.rules.iter().map(|rule| rule.id).collect(),
        ruleset.errors.iter().map(ToString::to_string).collect(),
    )
}
