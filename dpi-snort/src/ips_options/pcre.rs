//! `pcre:"/expression/flags"`.

use dpi_match::pcre::{Options, Regex};
use std::sync::Arc;

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
    /// A limit ended the search: the option fails, negated or not.
    GivenUp,
}

impl PcreOption {
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
            regex: Arc::new(Regex::new(expression, options)?),
            negated,
            relative,
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
