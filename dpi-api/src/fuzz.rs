//! Fuzz targets: each takes any bytes and panics only if a promise is broken.

use std::collections::BTreeMap;

use crate::selector::{LabelLookup, MAX_BYTES, Selector};

/// The selector grammar: no panic, errors point into the text, the canonical form
/// is a fixed point with the same meaning, and negation negates.
///
/// # Panics
/// If one of these is not so.
pub fn fuzz_selector(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let selector = match Selector::parse(text) {
        Ok(selector) => selector,
        Err(error) => {
            let columns = 1..=text.chars().count() + 1;
            assert!(columns.contains(&error.column()), "{error} in {text:?}");
            return;
        }
    };
    let canonical = selector.to_string();
    // Spaces and quotes that the text left out may carry the canonical form over the bound.
    if canonical.len() > MAX_BYTES {
        return;
    }
    let again = match Selector::parse(&canonical) {
        Ok(again) => again,
        Err(error) => unreachable!("{text:?} prints as {canonical:?}: {error}"),
    };
    assert_eq!(again, selector, "{text:?} as {canonical:?}");
    // Refused only where it passes a bound.
    let negation = Selector::parse(&format!("!{canonical}"));
    for labels in label_sets(&selector, text) {
        let matched = selector.matches(&labels);
        assert_eq!(again.matches(&labels), matched);
        if let Ok(negation) = &negation {
            assert_eq!(negation.matches(&labels), !matched);
        }
    }
}

/// No labels; every label named, empty; every label named, with a piece of the text.
fn label_sets(selector: &Selector, text: &str) -> [impl LabelLookup + use<>; 3] {
    let piece = text.split(['"', '\'']).nth(1).unwrap_or_default();
    let mut empty = BTreeMap::new();
    let mut full = BTreeMap::new();
    selector.visit_labels(|name| {
        empty.insert(name.to_owned(), String::new());
        full.insert(name.to_owned(), piece.to_owned());
    });
    [BTreeMap::new(), empty, full]
}
