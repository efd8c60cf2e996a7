//! `pcre:"/expression/flags"`.

use dpi_match::pcre::{Options, Regex};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{Context, Cursor, OptionError};
use crate::parser::lexer::RawOption;

/// An expression and how it is applied.
#[derive(Clone, Debug)]
pub struct PcreOption {
    regex: Arc<Regex>,
    negated: bool,
    relative: bool,
}

/// Where an expression was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Offset behind the match and offset of its start, in the buffer.
    At {
        start: usize,
        end: usize,
    },
    Nowhere,
    /// A limit ended the search: as in Snort, nothing was found.
    GivenUp,
}

/// Two are equal that share an expression: comparing the texts of all is not worth it.
impl PartialEq for PcreOption {
    fn eq(&self, other: &PcreOption) -> bool {
        Arc::ptr_eq(&self.regex, &other.regex)
            && self.negated == other.negated
            && self.relative == other.relative
    }
}

impl Eq for PcreOption {}

impl Hash for PcreOption {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.regex).hash(state);
    }
}

impl PcreOption {
    /// An expression that must be found.
    pub(super) fn new(
        expression: &[u8],
        options: Options,
        relative: bool,
    ) -> Result<PcreOption, OptionError> {
        Ok(PcreOption {
            regex: Arc::new(Regex::new(expression, options)?),
            negated: false,
            relative,
        })
    }

    pub(super) fn parse(raw: &RawOption<'_>) -> Result<PcreOption, OptionError> {
        let text = raw.raw.unwrap_or_default();
        let (negated, text) = match text.strip_prefix(b"!") {
            Some(rest) => (true, rest.trim_ascii_start()),
            None => (false, text),
        };
        let bad = || OptionError::NotAnExpression {
            found: String::from_utf8_lossy(text).into(),
        };
        let inside = match text.strip_prefix(b"\"") {
            Some(rest) => rest
                .strip_suffix(b"\"")
                .ok_or_else(|| flag_behind_quote(rest).unwrap_or_else(bad))?,
            None => text,
        };
        // Any character may bound the expression when `m` precedes it.
        let (delimiter, rest) = match inside.split_first() {
            Some((b'm', rest)) => rest.split_first().ok_or_else(bad)?,
            Some((b'/', rest)) => (&b'/', rest),
            _ => return Err(bad()),
        };
        let end = rest
            .iter()
            .rposition(|byte| byte == delimiter)
            .ok_or_else(bad)?;
        let expression = rest.get(..end).unwrap_or_default();
        let flags = rest.get(end.saturating_add(1)..).unwrap_or_default();
        let (options, relative) = flag_options(flags)?;
        Ok(PcreOption {
            negated,
            ..PcreOption::new(expression, options, relative)?
        })
    }

    pub(crate) fn is_relative(&self) -> bool {
        self.relative
    }

    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    /// The first match at or behind `from`; `None` means the start of the search.
    ///
    /// With `R` the search begins at the cursor, and the bytes before it do not exist for
    /// the expression: `^` means the cursor.
    pub(crate) fn find(
        &self,
        cursor: &Cursor<'_>,
        from: Option<usize>,
        context: &mut Context<'_, '_>,
    ) -> Found {
        let base = if self.relative { cursor.pos } else { 0 };
        let Some(subject) = cursor.data.get(base..) else {
            return Found::Nowhere;
        };
        let start = from.unwrap_or(base).saturating_sub(base);
        if start > subject.len() {
            return Found::Nowhere;
        }
        match self.regex.find_at(subject, start, context.pcre) {
            Ok(None) => Found::Nowhere,
            Ok(Some(found)) => Found::At {
                start: found.start.saturating_add(base),
                end: found.end.saturating_add(base),
            },
            Err(_) => {
                *context.pcre_limit_hits = context.pcre_limit_hits.saturating_add(1);
                Found::GivenUp
            }
        }
    }
}

/// The error for flags that stand behind the closing quote.
fn flag_behind_quote(rest: &[u8]) -> Option<OptionError> {
    let at = rest.iter().rposition(|b| *b == b'"')?;
    let flag = char::from(*rest.get(at.checked_add(1)?)?);
    Some(OptionError::ExpressionFlag { flag })
}

fn flag_options(flags: &[u8]) -> Result<(Options, bool), OptionError> {
    let mut options = Options::default();
    let mut relative = false;
    for flag in flags {
        match flag {
            b'i' => options.caseless = true,
            b's' => options.dotall = true,
            b'm' => options.multiline = true,
            b'x' => options.extended = true,
            b'A' => options.anchored = true,
            b'E' => options.dollar_endonly = true,
            b'G' => options.ungreedy = true,
            b'R' => relative = true,
            // `O` overrides Snort's match limit; ours hold whatever a rule says.
            b'O' => {}
            other => {
                return Err(OptionError::ExpressionFlag {
                    flag: char::from(*other),
                });
            }
        }
    }
    Ok((options, relative))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused, rule};

    #[test]
    fn evaluated() {
        moves(&[
            (r#"pcre:"/a.c/""#, b"xabcx", 0, Some(4)),
            (r#"pcre:"/a.c/""#, b"xa\ncx", 0, None),
            (r#"pcre:"/a.c/s""#, b"xa\ncx", 0, Some(4)),
            (r#"pcre:"/ABC/i""#, b"abc", 0, Some(3)),
            (r#"pcre:"/ABC/""#, b"abc", 0, None),
            (r#"pcre:"/^b/""#, b"a\nb", 0, None),
            (r#"pcre:"/^b/m""#, b"a\nb", 0, Some(3)),
            (r#"pcre:"/a b # c/x""#, b"ab", 0, Some(2)),
            (r#"pcre:"/b/A""#, b"ab", 0, None),
            (r#"pcre:"/b$/""#, b"b\n", 0, Some(1)),
            (r#"pcre:"/b$/E""#, b"b\n", 0, None),
            (r#"pcre:"/a.*/G""#, b"abc", 0, Some(1)),
            (r#"pcre:"/a.*/""#, b"abc", 0, Some(3)),
            (r#"pcre:"/a/O""#, b"a", 0, Some(1)),
            (r#"pcre:"/a/""#, b"xa", 2, Some(2)),
            (r#"pcre:"/a/R""#, b"xa", 2, None),
            (r#"pcre:"/^b/R""#, b"ab", 1, Some(2)),
            (r#"pcre:"/^b/R""#, b"axb", 1, None),
            (r#"pcre:"/b/RA""#, b"ab", 1, Some(2)),
            (r#"pcre:"/(?<=a)b/R""#, b"ab", 1, None),
            (r#"pcre:!"/z/""#, b"abc", 1, Some(1)),
            (r#"pcre:!"/a/""#, b"abc", 1, None),
            (r#"pcre:!"/a/R""#, b"abc", 1, Some(1)),
            // At the match limit nothing was found.
            (r#"pcre:"/^(a+)+$/""#, b"aaaaaaaaaaaaaaaaaaaab", 0, None),
            (r#"pcre:!"/^(a+)+$/""#, b"aaaaaaaaaaaaaaaaaaaab", 0, Some(0)),
            (r#"pcre:"m#a/c#""#, b"a/c", 0, Some(3)),
            (r#"pcre:"m{a{i""#, b"A", 0, Some(1)),
            (r#"pcre:"/\xff\x00/""#, b"\xff\x00", 0, Some(2)),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            (r#"pcre:"/a/U""#, "unknown flag 'U' of an expression"),
            (r#"pcre:"/a/iZ""#, "unknown flag 'Z' of an expression"),
            (r#"pcre:"/a/"i"#, "unknown flag 'i' of an expression"),
            (r#"pcre:"/a""#, r#""\"/a\"" is not /expression/flags"#),
            (r#"pcre:"abc""#, r#""\"abc\"" is not /expression/flags"#),
            (r#"pcre:"m""#, r#""\"m\"" is not /expression/flags"#),
            (r#"pcre:"""#, r#""\"\"" is not /expression/flags"#),
            ("pcre", r#""" is not /expression/flags"#),
        ]);
    }

    #[test]
    fn expressions_that_do_not_compile_are_refused() {
        for text in [
            r#"pcre:"/(/""#,
            r#"pcre:"/a**/""#,
            r#"pcre:"/[/""#,
            r#"pcre:"/(?P<n/""#,
        ] {
            let reason = rule("tcp", text).err().unwrap_or_default();
            assert!(reason.starts_with('`'), "{text}: {reason:?}");
        }
    }
}
