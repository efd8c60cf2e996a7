//! What texts may say: the project speaks of itself, and names no place on the author's
//! machine.

use super::{Finding, report, source::Source};

/// A word and the remedy. Split so that this file does not break its own rule.
const REFUSED: &[(&str, &str)] = &[
    (
        concat!("/wo", "rk/"),
        "a path of one machine: make it an option or an environment variable",
    ),
    (
        concat!("/ro", "ot/"),
        "a path of one machine: make it an option or an environment variable",
    ),
    (
        concat!("DESIGN", ".md"),
        "not in the repository: explain directly or refer to ARCHITECTURE.md",
    ),
    (
        concat!("FIX", "ME"),
        "fix it, or say in the README what does not work",
    ),
    (
        concat!("TO", "DO"),
        "do it, or say in the README what does not work",
    ),
    (concat!("X", "XX:"), "say it as a sentence"),
];

/// Rules on one file.
pub(super) fn check(file: &Source, findings: &mut Vec<Finding>) {
    // Test cases and rules quote attackers, who do name such paths.
    if file.path.starts_with("tests/cases/")
        || file.path.starts_with("fuzz/seeds/")
        || file.path.starts_with("fuzz/regressions/")
        || file.path.starts_with("rules/")
        || file.path == "Cargo.lock"
    {
        return;
    }
    for (number, line) in file.text.as_deref().unwrap_or_default().lines().enumerate() {
        for (word, remedy) in REFUSED {
            if line.contains(word) {
                report(findings, file, number + 1, format!("\"{word}\": {remedy}"));
            }
        }
        if line.ends_with([' ', '\t'])
            && file.extension() != Some("md")
            && !file.path.starts_with("fuzz/")
        {
            report(
                findings,
                file,
                number + 1,
                "white space at the end of the line",
            );
        }
    }
}
