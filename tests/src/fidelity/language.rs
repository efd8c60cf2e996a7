//! Rule texts that Snort 3 accepts or refuses.

use std::path::Path;

use dpi_snort::parser::{Variables, parse_text};
use serde_json::Value;

use super::{Comparison, Difference, InspectError, Kind, sets::json_lines};

/// Every text of `probes/language.jsonl`. A text is accepted where no rule of it is an
/// error; rules that are valid and wait for an inspector count as accepted. What Snort
/// accepts and we refuse is missed, the reverse is extra.
pub fn language(data: &Path) -> Result<Comparison, InspectError> {
    let mut comparison = Comparison {
        name: "language".to_owned(),
        ..Comparison::default()
    };
    for probe in json_lines(&data.join("probes/language.jsonl"))? {
        compare(&probe, &mut comparison);
    }
    Ok(comparison)
}

fn compare(probe: &Value, comparison: &mut Comparison) {
    let text = |name: &str| probe[name].as_str().unwrap_or_default();
    let (_, errors) = parse_text(text("text").as_bytes(), "probe", &Variables::stock());
    let refused = errors.iter().find(|error| !error.is_inactive());
    let (snort, ours) = (
        probe["accepted"].as_bool().unwrap_or(false),
        refused.is_none(),
    );
    comparison.items += 1;
    comparison.subjects.insert(text("id").to_owned());
    if snort == ours {
        comparison.found += usize::from(snort);
        return;
    }
    let said = refused.map_or_else(|| text("reason").to_owned(), ToString::to_string);
    comparison.differences.push(Difference {
        at: text("id").to_owned(),
        kind: if snort { Kind::Missed } else { Kind::Extra },
        what: format!("{}: {said}", text("what")),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn verdicts_are_compared() {
        let mut comparison = Comparison::default();
        let good = "alert tcp any any -> any any (sid:1;)";
        let waits = "alert tcp any any -> any any (js_data; content:\"a\"; sid:1;)";
        for (id, text, accepted) in [
            ("a", good, true),
            ("b", good, false),
            ("c", "nonsense", true),
            ("d", "nonsense", false),
            ("e", waits, true),
        ] {
            let probe = json!({"id": id, "text": text, "accepted": accepted, "what": ""});
            compare(&probe, &mut comparison);
        }
        let differences: Vec<_> = comparison
            .differences
            .iter()
            .map(|d| (d.at.as_str(), d.kind))
            .collect();
        assert_eq!(differences, [("b", Kind::Extra), ("c", Kind::Missed)]);
        assert_eq!((comparison.items, comparison.found), (5, 2));
    }
}
