//! Any text as rules, then the same text as traffic.

use std::sync::Arc;

use super::{
    STOCK,
    stream::{deliver, script},
};
use crate::{
    Config,
    detection::Detection,
    parser::{
        ClassificationConfig, Dialect, Origin, RuleId, RuleReader, RuleText, Ruleset, Surroundings,
        Variables, parse_files,
    },
};

/// Bytes of the text that are also inspected: expressions are tried at every place.
const TRAFFIC: usize = 512;

/// Reads rules. Errors must name a line of the text, a second reading must give the same,
/// what is printed must be read as the same rules in whichever dialect, and what loads must
/// find the same by fast patterns as when every rule is tried.
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
    for dialect in [Dialect::Snort3, Dialect::Snort2, Dialect::Auto] {
        round_trip(data, dialect);
    }
    let Ok((detection, _)) = Detection::compile(ruleset, &Config::default()) else {
        return;
    };
    if !detection.is_empty() {
        let traffic = data.get(..TRAFFIC).unwrap_or(data);
        deliver(&Arc::new(detection), &script(traffic));
    }
}

/// Reads, prints, and reads what was printed.
fn round_trip(data: &[u8], dialect: Dialect) {
    let (rules, text, variables) = read(data, dialect, &STOCK);
    // Variables that the text sets are named in its rules, and printed nowhere.
    let (again, printed, _) = read(&text, Dialect::Snort3, &variables);
    let shown = String::from_utf8_lossy(&text);
    assert_eq!(shown, String::from_utf8_lossy(&printed), "{dialect:?}");
    assert_eq!(rules, again, "{dialect:?}: {shown}");
}

/// What rules mean, apart from their places, their canonical texts, and the variables in
/// force behind them.
fn read(data: &[u8], dialect: Dialect, variables: &Variables) -> (Vec<String>, Vec<u8>, Variables) {
    let mut printed = Printed::default();
    let mut reader = RuleReader::new(dialect, variables);
    reader.read("fuzz.rules", data, &mut printed);
    let variables = reader.variables().clone();
    let (rules, _) = reader.into_parts();
    let meanings = rules.into_iter().map(|mut rule| {
        rule.origin = Origin {
            file: Arc::from(""),
            line: 0,
        };
        format!("{rule:?}")
    });
    (meanings.collect(), printed.0, variables)
}

/// Canonical texts, a line each.
#[derive(Default)]
struct Printed(Vec<u8>);

impl Surroundings for Printed {
    fn include(&mut self, _from: &str, _path: &str) -> Result<(String, Vec<u8>), String> {
        Err("there is no other file here".to_owned())
    }

    fn rule(&mut self, rule: &RuleText<'_>) {
        self.0.extend_from_slice(&rule.canonical());
        self.0.push(b'\n');
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
        &STOCK,
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
