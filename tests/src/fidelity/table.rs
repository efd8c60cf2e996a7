//! Comparisons as a table for people.

use std::fmt::Write;

use super::{Comparison, Kind, Known};

/// One line a set: what Snort 3 finds, how much of it the engine finds, and what is on
/// purpose.
pub fn table(comparisons: &[Comparison], known: &Known) -> String {
    let mut out = format!(
        "{:<16} {:>6} {:>8} {:>8} {:>7} {:>7} {:>6} {:>8} {:>11} {:>12} {:>11}\n",
        "set",
        "items",
        "packets",
        "expected",
        "found",
        "missed",
        "extra",
        "share",
        "on purpose",
        "unexplained",
        "same number",
    );
    for comparison in comparisons {
        let (missed, extra) = (
            comparison.count(Kind::Missed),
            comparison.count(Kind::Extra),
        );
        let explained = known.explained(comparison);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:<16} {:>6} {:>8} {:>8} {:>7} {missed:>7} {extra:>6} {:>8} {explained:>11} {:>12} {:>11}",
            comparison.name,
            comparison.items,
            comparison.packets,
            comparison.found + missed,
            comparison.found,
            percent(comparison.found, comparison.found + missed),
            missed + extra - explained,
            comparison
                .same_number
                .map_or_else(|| "-".to_owned(), |same| percent(same, comparison.items)),
        );
    }
    out
}

/// With two digits, cut and not rounded: 100.00 % means all.
fn percent(part: usize, whole: usize) -> String {
    match (part * 10_000).checked_div(whole) {
        None => "-".to_owned(),
        Some(share) => format!("{}.{:02}%", share / 100, share % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_cut_not_rounded() {
        for (part, whole, expected) in [
            (0, 0, "-"),
            (0, 3, "0.00%"),
            (2, 3, "66.66%"),
            (99_999, 100_000, "99.99%"),
            (7, 7, "100.00%"),
        ] {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
