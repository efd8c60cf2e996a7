//! `regex:"/expression/flags",nocase,relative` — an expression without back-references, of
//! which Snort's matcher reports the shortest match.

use dpi_match::pcre::Options;

use super::{OptionError, PcreOption};
use crate::parser::lexer::RawOption;

/// Reads a `regex` into what evaluates a `pcre`.
pub(super) fn parse(raw: &RawOption<'_>) -> Result<PcreOption, OptionError> {
    let text = raw.raw.unwrap_or_default();
    if text.starts_with(b"!") {
        return Err(OptionError::Negated);
    }
    let bad = || OptionError::NotAnExpression {
        found: String::from_utf8_lossy(text).into(),
    };
    let inside = text.strip_prefix(b"\"").ok_or_else(bad)?;
    let (quoted, behind) = split_at_quote(inside).ok_or_else(bad)?;
    let rest = quoted.strip_prefix(b"/").ok_or_else(bad)?;
    let end = rest.iter().rposition(|b| *b == b'/').ok_or_else(bad)?;
    let expression = rest.get(..end).unwrap_or_default();
    // The shortest match: quantifiers take as little as they can.
    let mut options = Options {
        ungreedy: true,
        ..Options::default()
    };
    for switch in rest.get(end.saturating_add(1)..).unwrap_or_default() {
        flag(*switch, &mut options)?;
    }
    let behind = behind.trim_ascii();
    if !behind.is_empty() {
        let words = behind.strip_prefix(b",").ok_or_else(bad)?;
        for switch in words.split(|b| *b == b',') {
            word(switch.trim_ascii(), &mut options)?;
        }
    }
    PcreOption::new(expression, options, false)
}

fn flag(flag: u8, options: &mut Options) -> Result<(), OptionError> {
    match flag {
        b'i' => options.caseless = true,
        b's' => options.dotall = true,
        b'm' => options.multiline = true,
        // As the word `relative`.
        b'R' => {}
        other => {
            return Err(OptionError::ExpressionFlag {
                flag: char::from(other),
            });
        }
    }
    Ok(())
}

fn word(word: &[u8], options: &mut Options) -> Result<(), OptionError> {
    match word {
        b"nocase" => options.caseless = true,
        b"dotall" => options.dotall = true,
        b"multiline" => options.multiline = true,
        // Snort accepts `relative` and searches the whole buffer all the same. Which literal
        // is searched first is the engine's own choice.
        b"relative" | b"fast_pattern" => {}
        other => {
            return Err(OptionError::UnknownArgument {
                found: String::from_utf8_lossy(other).into(),
            });
        }
    }
    Ok(())
}

/// Splits at the first quote that is not escaped.
fn split_at_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let at = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    const TEXT: &[u8] = b"Hello World\nfoo=123; bar=abc\r\nLast line";

    #[test]
    fn evaluated() {
        moves(&[
            (r#"regex:"/World/""#, TEXT, 0, Some(11)),
            (r#"regex:"/world/""#, TEXT, 0, None),
            (r#"regex:"/world/i""#, TEXT, 0, Some(11)),
            (r#"regex:"/world/",nocase"#, TEXT, 0, Some(11)),
            (
                r#"regex:"/world/" , nocase , fast_pattern"#,
                TEXT,
                0,
                Some(11),
            ),
            (r#"regex:"/Hello.*foo/""#, TEXT, 0, None),
            (r#"regex:"/Hello.*foo/s""#, TEXT, 0, Some(15)),
            (r#"regex:"/Hello.*foo/",dotall"#, TEXT, 0, Some(15)),
            (r#"regex:"/^foo/""#, TEXT, 0, None),
            (r#"regex:"/^foo/m""#, TEXT, 0, Some(15)),
            (r#"regex:"/^foo/",multiline"#, TEXT, 0, Some(15)),
            (r#"regex:"/line$/""#, TEXT, 0, Some(39)),
            (r#"regex:"/World$/""#, TEXT, 0, None),
            (r#"regex:"/l{2}/""#, TEXT, 0, Some(4)),
            (r#"regex:"/Hello/""#, TEXT, 5, Some(5)),
            (r#"regex:"/Hello/",relative"#, TEXT, 5, Some(5)),
            (r#"regex:"/^ W/R""#, TEXT, 5, None),
            // The shortest match is the one that counts.
            (r#"regex:"/foo=[0-9]+/""#, TEXT, 0, Some(17)),
            (r#"regex:"/a\"b/""#, b"a\"b", 0, Some(3)),
            (r#"regex:"/a\/b/""#, b"a/b", 0, Some(3)),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("regex", r#""" is not /expression/flags"#),
            ("regex:bogus", r#""bogus" is not /expression/flags"#),
            (r#"regex:"a""#, r#""\"a\"" is not /expression/flags"#),
            (r#"regex:"/a""#, r#""\"/a\"" is not /expression/flags"#),
            (r#"regex:"/a/"i"#, r#""\"/a/\"i" is not /expression/flags"#),
            (r#"regex:!"/a/""#, "this option cannot be negated"),
            (r#"regex:"/a/U""#, "unknown flag 'U' of an expression"),
            (r#"regex:"/a/",bogus"#, r#"unknown argument "bogus""#),
            (r#"regex:"/a/","#, r#"unknown argument """#),
            (r#"regex:"/a/",nocase 1"#, r#"unknown argument "nocase 1""#),
        ]);
    }
}
