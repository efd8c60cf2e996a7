//! What Snort 3 finds in the shared data, and how much of it the engine finds.

#![expect(
    clippy::print_stdout,
    reason = "the figures are printed for the record"
)]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use dpi_agent::ruleset::Dialect;
use dpi_snort::Config;
use dpi_tests::fidelity::{
    Comparison, InspectError, Known, PROBE_FAMILIES, captures, inspect_with, language, probes,
    repository, rules, snort2, synthetic, table, test_data,
};

fn known() -> Known {
    let path = repository().join("tests/fidelity/KNOWN_DIFFERENCES.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_list_of_known_differences_can_be_read() {
    assert!(!known().is_empty());
}

/// What fails is a difference that is not listed, one that is listed and is none any more, a
/// capture that cannot be run, a panic, and a packet that no counter tells of.
#[test]
fn alerts_are_compared_with_those_of_snort_3() {
    let Some(data) = test_data() else {
        println!("skipped: fidelity to Snort 3: set DPI_TEST_DATA to the folder of shared data");
        return;
    };
    let comparisons = compare(&data).unwrap_or_else(|error| panic!("{error}"));
    if comparisons.is_empty() {
        return;
    }
    let known = known();
    println!("\n{}", table(&comparisons, &known));
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fidelity.txt");
    fs::write(&list, differences(&comparisons, &known)).expect("a writable target folder");
    println!("differences, one a line: {}", list.display());
    for comparison in &comparisons {
        assert!(comparison.items > 0, "{}: nothing was run", comparison.name);
        assert!(comparison.packets > 0, "{}: no packet", comparison.name);
    }
    let new = unexplained(&comparisons, &known);
    assert!(new.is_empty(), "differences that were not there:\n{new}");
    let outdated: Vec<String> = known
        .outdated(&comparisons)
        .iter()
        .map(|(at, kind)| format!("{at} ({kind})"))
        .collect();
    assert!(
        outdated.is_empty(),
        "no longer different, strike them from tests/fidelity/KNOWN_DIFFERENCES.md: {}",
        outdated.join(", ")
    );
}

/// Rules and captures on which the fast path and the naive evaluator are compared.
const COMPARED: [(&str, &str); 8] = [
    ("rules", "pcaps/pcap"),
    ("rules", "synth/synth.pcap"),
    ("rules", "synth/mut.pcap"),
    (
        "probes/options-payload.rules",
        "probes/options-payload.pcap",
    ),
    ("probes/options-header.rules", "probes/options-header.pcap"),
    ("probes/http.rules", "probes/http.pcap"),
    ("probes/services.rules", "probes/services.pcap"),
    ("probes/stream.rules", "probes/stream.pcap"),
];

/// Every rule tried on every unit, without literals, groups or common beginnings, finds the
/// same as the fast path, alert by alert.
#[test]
fn the_naive_evaluator_agrees() {
    let Some(data) = test_data() else {
        println!("skipped: fast path and naive evaluator: set DPI_TEST_DATA");
        return;
    };
    let naive = Config {
        try_every_rule: true,
        ..Config::default()
    };
    for (rules_at, captures_at) in COMPARED {
        let (rules_at, at) = (data.join(rules_at), data.join(captures_at));
        if !rules_at.exists() || !at.exists() {
            println!("skipped: fast path and naive evaluator: no {captures_at}");
            continue;
        }
        let detection = rules(&rules_at).unwrap_or_else(|error| panic!("{error}"));
        let (mut captures, mut packets, mut alerts) = (0, 0, 0);
        for capture in files(&at) {
            let run = |config: &Config| {
                let inspected = inspect_with(&capture, &detection, config);
                inspected.unwrap_or_else(|error| panic!("{error}"))
            };
            let (fast, slow) = (run(&Config::default()), run(&naive));
            assert_eq!(fast.alerts, slow.alerts, "{}", capture.display());
            assert_eq!(fast.findings, slow.findings, "{}", capture.display());
            captures += 1;
            packets += fast.packets;
            alerts += fast.alerts.values().sum::<u64>();
        }
        println!(
            "fast path = naive evaluator: {captures_at}: {} rules, {captures} captures, \
             {packets} packets, {alerts} alerts",
            detection.len()
        );
    }
}

/// A file, or the files of a folder.
fn files(at: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(at) else {
        return vec![at.to_path_buf()];
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    files
}

/// Differences of complete sets that are not on purpose, one a line.
fn unexplained(comparisons: &[Comparison], known: &Known) -> String {
    let mut text = String::new();
    for comparison in comparisons {
        let name = comparison.name.as_str();
        for difference in &comparison.differences {
            if known.reason(difference).is_none() {
                let (kind, at, what) = (difference.kind, &difference.at, &difference.what);
                let _ = writeln!(text, "{name} {kind} {at} [{what}]");
            }
        }
    }
    text
}

/// The sets that are there; what is missing is named.
fn compare(data: &Path) -> Result<Vec<Comparison>, InspectError> {
    let mut comparisons = Vec::new();
    let present = |path: &str| {
        let there = data.join(path).exists();
        if !there {
            println!("skipped: fidelity to Snort 3 on {path}: not in the shared data");
        }
        there
    };
    if present("rules") && present("pcaps/pcap") {
        comparisons.push(captures(data)?);
    }
    for name in ["synth", "mut"] {
        if present("rules") && present(&format!("synth/{name}.pcap")) {
            comparisons.push(synthetic(data, name)?);
        }
    }
    for family in PROBE_FAMILIES {
        if present(&format!("probes/{family}.pcap")) {
            comparisons.push(probes(data, family)?);
        }
    }
    Ok(comparisons)
}

/// Which rule texts are accepted, and what rules in the syntax of Snort 2 mean: exactly as
/// Snort 3 has it, but for what is listed.
#[test]
fn the_language_is_that_of_snort_3() {
    let Some(data) = test_data() else {
        println!("skipped: the language of Snort 3: set DPI_TEST_DATA to the shared data");
        return;
    };
    let mut sets = Vec::new();
    if data.join("probes/language.jsonl").exists() {
        sets.push(language(&data).unwrap_or_else(|error| panic!("{error}")));
    } else {
        println!("skipped: the language of Snort 3: probes/language.jsonl is not there");
    }
    if data.join("probes/snort2.jsonl").exists() {
        sets.push(snort2(&data, Dialect::Snort2).unwrap_or_else(|error| panic!("{error}")));
    } else {
        println!("skipped: rules of Snort 2: probes/snort2.jsonl is not there");
    }
    let known = known();
    println!("\n{}", table(&sets, &known));
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("language.txt");
    let text = differences(&sets, &known);
    fs::write(&list, &text).expect("a writable target folder");
    println!("differences, one a line: {}", list.display());
    for set in &sets {
        assert!(set.items > 0, "{}: nothing was compared", set.name);
        let unexplained = set.differences.len() - known.explained(set);
        assert_eq!(unexplained, 0, "{}: new differences:\n{text}", set.name);
    }
}

fn differences(comparisons: &[Comparison], known: &Known) -> String {
    let mut text = String::new();
    for comparison in comparisons {
        for difference in &comparison.differences {
            let reason = known.reason(difference).unwrap_or("unexplained");
            let _ = writeln!(
                text,
                "{} {} {} [{}] {reason}",
                comparison.name, difference.kind, difference.at, difference.what
            );
        }
    }
    text
}
