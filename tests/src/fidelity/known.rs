//! The list of differences that are on purpose: `tests/fidelity/KNOWN_DIFFERENCES.md`.

use std::{collections::BTreeMap, str::FromStr};

use thiserror::Error;

use super::{Comparison, Difference, Kind};

/// Differences on purpose, with their reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    reasons: BTreeMap<(String, Kind), String>,
}

/// Why the list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each message says what the variant means")]
pub enum KnownError {
    #[error("line {line}: a row has three cells: | probe or CAPTURE:SID | missed or extra | why |")]
    Cells { line: usize },
    #[error("line {line}: `{word}` is neither missed nor extra")]
    Kind { line: usize, word: String },
    #[error("line {line}: {at} is listed twice")]
    Twice { line: usize, at: String },
    #[error("line {line}: {at} has no reason")]
    NoReason { line: usize, at: String },
    #[error("no row of differences")]
    Empty,
}

impl FromStr for Known {
    type Err = KnownError;

    /// Reads the rows of the tables of a Markdown text: those whose first cell is in
    /// backquotes.
    fn from_str(text: &str) -> Result<Known, KnownError> {
        let mut known = Known::default();
        for (line, row) in (1..).zip(text.lines()) {
            if row.starts_with("| `") {
                known.row(line, row)?;
            }
        }
        if known.reasons.is_empty() {
            return Err(KnownError::Empty);
        }
        Ok(known)
    }
}

impl Known {
    fn row(&mut self, line: usize, row: &str) -> Result<(), KnownError> {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [at, kind, reason] = cells[..] else {
            return Err(KnownError::Cells { line });
        };
        let at = at.trim_matches('`').to_owned();
        let kind = match kind {
            "missed" => Kind::Missed,
            "extra" => Kind::Extra,
            word => {
                let word = word.to_owned();
                return Err(KnownError::Kind { line, word });
            }
        };
        if reason.is_empty() {
            return Err(KnownError::NoReason { line, at });
        }
        match self.reasons.insert((at.clone(), kind), reason.to_owned()) {
            None => Ok(()),
            Some(_) => Err(KnownError::Twice { line, at }),
        }
    }

    /// Why a difference is on purpose, if it is.
    pub fn reason(&self, difference: &Difference) -> Option<&str> {
        let key = (difference.at.clone(), difference.kind);
        self.reasons.get(&key).map(String::as_str)
    }

    /// How many differences of a set are on purpose.
    pub fn explained(&self, comparison: &Comparison) -> usize {
        let differences = comparison.differences.iter();
        differences.filter(|d| self.reason(d).is_some()).count()
    }

    /// Listed differences that do not occur although the data have what they are about.
    pub fn outdated(&self, comparisons: &[Comparison]) -> Vec<(&str, Kind)> {
        let gone = self.reasons.keys().filter(|(at, kind)| {
            let tried = comparisons.iter().any(|c| c.subjects.contains(at));
            let occurs = comparisons
                .iter()
                .flat_map(|c| &c.differences)
                .any(|d| d.at == *at && d.kind == *kind);
            tried && !occurs
        });
        gone.map(|(at, kind)| (at.as_str(), *kind)).collect()
    }

    /// How many differences are listed.
    pub fn len(&self) -> usize {
        self.reasons.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_mistakes_named() {
        let head = "# Title\n| where | kind | why |\n|---|---|---|\n";
        let known: Known = format!("{head}| `ht-1` | extra | joined |\n")
            .parse()
            .expect("a good list");
        assert_eq!(known.len(), 1);
        let at = "a".to_owned();
        for (rows, expected) in [
            ("", KnownError::Empty),
            ("| `a` | extra |", KnownError::Cells { line: 4 }),
            (
                "| `a` | more | x |",
                KnownError::Kind {
                    line: 4,
                    word: "more".into(),
                },
            ),
            (
                "| `a` | extra | |",
                KnownError::NoReason {
                    line: 4,
                    at: at.clone(),
                },
            ),
            (
                "| `a` | extra | x |\n| `a` | extra | y |",
                KnownError::Twice { line: 5, at },
            ),
        ] {
            assert_eq!(format!("{head}{rows}").parse::<Known>(), Err(expected));
        }
    }

    #[test]
    fn what_is_listed_must_occur_where_it_is_tried() {
        let known: Known = "| `a` | extra | x |\n| `b` | missed | x |\n| `c` | extra | x |"
            .parse()
            .expect("a good list");
        let comparison = Comparison {
            subjects: ["a".to_owned(), "b".to_owned()].into(),
            differences: vec![Difference {
                at: "a".to_owned(),
                kind: Kind::Extra,
                what: String::new(),
            }],
            ..Comparison::default()
        };
        assert_eq!(known.explained(&comparison), 1);
        // `c` is of data that are not here.
        assert_eq!(known.outdated(&[comparison]), [("b", Kind::Missed)]);
    }
}
