//! Options that describe a rule and take no part in detection.

use super::{OptionError, args};
use crate::parser::{
    Reference,
    lexer::{RawOption, trim_continued},
};

/// `msg`: text with or without quotes.
pub(crate) fn message(raw: &RawOption<'_>) -> Result<Box<str>, OptionError> {
    let text = raw.raw.unwrap_or_default();
    if raw.raw.is_some() && text.is_empty() {
        return Err(OptionError::Missing { argument: "text" });
    }
    let text = match text.strip_prefix(b"\"") {
        Some(inside) => inside
            .strip_suffix(b"\"")
            .ok_or_else(|| OptionError::UnknownArgument {
                found: String::from_utf8_lossy(inside).into(),
            })?,
        None => text,
    };
    if ends_inside(text) {
        return Err(OptionError::UnknownArgument {
            found: String::from_utf8_lossy(text).into(),
        });
    }
    let mut message = Vec::with_capacity(text.len());
    let mut escaped = false;
    for byte in text {
        if *byte == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        message.push(*byte);
    }
    Ok(String::from_utf8_lossy(&message).into())
}

/// Whether an unescaped quote stands within the text.
fn ends_inside(text: &[u8]) -> bool {
    let mut escaped = false;
    text.iter().any(|byte| {
        let quote = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        quote
    })
}

/// `sid`, `gid`, `rev`, `priority`; without argument there is no number.
pub(crate) fn number(raw: &RawOption<'_>, min: u32, max: u32) -> Result<Option<u32>, OptionError> {
    let Some(arg) = raw.args.first() else {
        return Ok(None);
    };
    raw.at_most(1)?;
    args::bounded_u32(arg.name(), "number", min, max).map(Some)
}

/// `classtype`.
pub(crate) fn word(raw: &RawOption<'_>) -> Result<Option<Box<str>>, OptionError> {
    raw.at_most(1)?;
    Ok(raw.first().map(|word| word.text().into()))
}

/// `reference:system,id`.
pub(crate) fn reference(raw: &RawOption<'_>) -> Result<Option<Reference>, OptionError> {
    let Some(text) = raw.raw else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(text);
    let bad = || OptionError::BadValue {
        argument: "reference",
        found: text.as_ref().into(),
    };
    let (system, id) = text.split_once(',').ok_or_else(bad)?;
    let id = id.trim().trim_matches('"');
    if id.is_empty() {
        return Err(bad());
    }
    Ok(Some(Reference {
        system: system.trim().into(),
        id: id.into(),
    }))
}

/// `metadata:key value,key value`.
pub(crate) fn metadata(raw: &RawOption<'_>) -> Result<Vec<Box<str>>, OptionError> {
    let Some(text) = raw.raw else {
        return Err(OptionError::Missing { argument: "text" });
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<Box<str>> = text
        .split(|byte| *byte == b',')
        .map(|entry| String::from_utf8_lossy(trim_continued(entry)))
        .map(|entry| entry.trim_matches('"').to_owned())
        .filter(|entry| !entry.is_empty())
        .map(Into::into)
        .collect();
    if entries.is_empty() {
        return Err(OptionError::BadValue {
            argument: "metadata",
            found: String::from_utf8_lossy(text).into(),
        });
    }
    Ok(entries)
}

/// `service:name,name`. Any name is accepted; one that no inspector reports never comes.
pub(crate) fn services(raw: &RawOption<'_>) -> Vec<Box<str>> {
    let names = raw.args.iter().map(|arg| match arg.value {
        None => arg.name().to_ascii_lowercase().into(),
        Some(value) => format!("{} {}", arg.name(), value.text())
            .to_ascii_lowercase()
            .into(),
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, rule};

    #[test]
    fn messages() {
        for (text, expected) in [
            (r#"msg:"a b""#, "a b"),
            ("msg:a b", "a b"),
            (r#"msg:"say \"no\"""#, "say \"no\""),
            (r#"msg:"a\;b""#, "a;b"),
            (r#"msg:"a\\b""#, "a\\b"),
            ("rev:1", ""),
        ] {
            assert_eq!(&*rule("tcp", text).unwrap().msg, expected, "{text}");
        }
    }

    #[test]
    fn descriptions() {
        let text = "gid:1; sid:0x10; rev:3; priority:2; classtype:web; reference:cve,2021-1; \
                    reference:url,\"a.b/c\"; metadata:a 1,b 2; service:HTTP,x";
        let rule = rule("tcp", text).unwrap();
        assert_eq!(
            (rule.id.gid, rule.id.sid, rule.rev, rule.priority),
            (1, 16, 3, 2)
        );
        assert_eq!(rule.classtype.as_deref(), Some("web"));
        let references: Vec<_> = rule
            .references
            .iter()
            .map(|reference| (&*reference.system, &*reference.id))
            .collect();
        assert_eq!(references, [("cve", "2021-1"), ("url", "a.b/c")]);
        assert_eq!(rule.metadata, ["a 1".into(), "b 2".into()] as [Box<str>; 2]);
        assert_eq!(rule.services, ["http".into(), "x".into()] as [Box<str>; 2]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("msg:", "missing argument: text"),
            ("sid:0", "number must be 1 to 4294967295, not 0"),
            ("sid:x", r#""x" is no value for number"#),
            (
                "sid:4294967296",
                "number must be 1 to 4294967295, not 4294967296",
            ),
            ("sid:1,2", r#"unknown argument "2""#),
            ("rev:0", "number must be 1 to 4294967295, not 0"),
            ("gid:0", "number must be 1 to 4294967295, not 0"),
            ("priority:0", "number must be 1 to 2147483647, not 0"),
            ("classtype:a,b", r#"unknown argument "b""#),
            ("reference:cve", r#""cve" is no value for reference"#),
            ("reference:cve,", r#""cve," is no value for reference"#),
            ("metadata", "missing argument: text"),
            ("metadata:,", r#""," is no value for metadata"#),
            (r#"msg:"a"; msg:"b""#, "may stand once in a rule"),
            (
                "gid:142; sid:1",
                "valid, but inactive: it needs built-in decoder events (gid 142)",
            ),
            (
                "gid:116; sid:9",
                "valid, but inactive: it needs the built-in event 116:9 (`dpi-agent rules builtin` lists those there are)",
            ),
            (
                r#"gid:116; content:"a""#,
                "rules with gid 116 stand for built-in events and take no detection options",
            ),
        ]);
    }
}
