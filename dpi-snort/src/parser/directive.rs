//! Lines of `snort.conf` that stand among rules of Snort 2.

use super::{HeaderError, Reason, Variables, filter_line};
use crate::filters::FilterSet;

/// Words that set a variable.
const VARIABLES: [&str; 3] = ["ipvar", "portvar", "var"];

/// Words whose lines have no effect here.
const WITHOUT_EFFECT: [&str; 9] = [
    "attribute_table",
    "config",
    "dynamicdetection",
    "dynamicengine",
    "dynamicpreprocessor",
    "file",
    "output",
    "preprocessor",
    "ruletype",
];

/// Whether a line that begins with this word is no rule.
pub(super) fn is_directive(word: &[u8]) -> bool {
    let filters = &filter_line::WORDS;
    let mut known = VARIABLES.iter().chain(filters).chain(&WITHOUT_EFFECT);
    known.any(|name| {
        let rest = word.strip_prefix(name.as_bytes());
        matches!(rest, Some(b"" | b":"))
    })
}

/// Sets a variable or adds a filter; returns the word of a line that has no effect.
pub(super) fn read(
    line: &str,
    variables: &mut Variables,
    filters: &mut FilterSet,
) -> Result<Option<Box<str>>, Reason> {
    let mut words = line
        .splitn(3, char::is_whitespace)
        .filter(|w| !w.is_empty());
    let word = words.next().unwrap_or_default().trim_end_matches(':');
    if filter_line::WORDS.contains(&word) {
        filter_line::read(line, variables, filters)?;
        return Ok(None);
    }
    if !VARIABLES.contains(&word) {
        return Ok(Some(word.into()));
    }
    let name = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default().trim();
    if name.is_empty() || value.is_empty() {
        return Err(HeaderError::VariableShape.into());
    }
    match word {
        "ipvar" => variables.set_address(name, value)?,
        "portvar" => variables.set_port(name, value)?,
        _ => variables.set_any(name, value)?,
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_configuration() {
        let mut variables = Variables::none();
        let mut filters = FilterSet::default();
        for (line, expected) in [
            ("ipvar INSIDE [10.0.0.0/8,192.168.0.0/16]", Ok(None)),
            ("portvar WEB [80,8000:8080]", Ok(None)),
            ("var OUTSIDE !$INSIDE", Ok(None)),
            ("var RULE_PATH ../rules", Ok(None)),
            ("var PORTS 80", Ok(None)),
            ("config disable_decode_alerts", Ok(Some("config".into()))),
            (
                "preprocessor frag3_global: x",
                Ok(Some("preprocessor".into())),
            ),
            ("suppress gen_id 1, sig_id 5", Ok(None)),
            ("ipvar INSIDE", Err(HeaderError::VariableShape)),
            (
                "ipvar INSIDE $NOWHERE",
                Err(HeaderError::UnknownVariable {
                    name: "NOWHERE".into(),
                }),
            ),
        ] {
            let found = read(line, &mut variables, &mut filters);
            assert_eq!(found, expected.map_err(Reason::Header), "{line}");
        }
        assert_eq!(
            variables.expand_path("$RULE_PATH/web.rules"),
            "../rules/web.rules"
        );
        assert!(variables.port("WEB").is_ok());
        assert!(variables.port("PORTS").is_ok());
        assert!(variables.address("OUTSIDE").is_ok());
        assert!(!filters.is_empty());
        let refused = read("suppress gen_id 1", &mut variables, &mut filters);
        assert!(matches!(refused, Err(Reason::Filter(_))), "{refused:?}");
    }
}
