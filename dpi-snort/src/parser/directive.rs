//! Lines of `snort.conf` that stand among rules of Snort 2.

use super::{HeaderError, Variables};

/// Words that set a variable.
const VARIABLES: [&str; 3] = ["ipvar", "portvar", "var"];

/// Words whose lines have no effect here.
const WITHOUT_EFFECT: [&str; 13] = [
    "attribute_table",
    "config",
    "dynamicdetection",
    "dynamicengine",
    "dynamicpreprocessor",
    "event_filter",
    "file",
    "output",
    "preprocessor",
    "rate_filter",
    "ruletype",
    "suppress",
    "threshold",
];

/// Whether a line that begins with this word is no rule.
pub(super) fn is_directive(word: &[u8]) -> bool {
    let mut known = VARIABLES.iter().chain(&WITHOUT_EFFECT);
    known.any(|name| {
        let rest = word.strip_prefix(name.as_bytes());
        matches!(rest, Some(b"" | b":"))
    })
}

/// Sets a variable; returns the word of a line that has no effect.
pub(super) fn read(line: &str, variables: &mut Variables) -> Result<Option<Box<str>>, HeaderError> {
    let mut words = line
        .splitn(3, char::is_whitespace)
        .filter(|w| !w.is_empty());
    let word = words.next().unwrap_or_default().trim_end_matches(':');
    if !VARIABLES.contains(&word) {
        return Ok(Some(word.into()));
    }
    let name = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default().trim();
    if name.is_empty() || value.is_empty() {
        return Err(HeaderError::VariableShape);
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
            ("ipvar INSIDE", Err(HeaderError::VariableShape)),
            (
                "ipvar INSIDE $NOWHERE",
                Err(HeaderError::UnknownVariable {
                    name: "NOWHERE".into(),
                }),
            ),
        ] {
            assert_eq!(read(line, &mut variables), expected, "{line}");
        }
        assert_eq!(
            variables.expand_path("$RULE_PATH/web.rules"),
            "../rules/web.rules"
        );
        assert!(variables.port("WEB").is_ok());
        assert!(variables.port("PORTS").is_ok());
        assert!(variables.address("OUTSIDE").is_ok());
    }
}
