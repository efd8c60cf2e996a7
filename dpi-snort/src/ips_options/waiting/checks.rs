//! Argument forms that only one or two options have.

use super::{OptionError, args, is_one_of};
use crate::parser::lexer::RawOption;

/// One text with words separated by commas.
pub(super) fn word_list(raw: &RawOption<'_>, allowed: &[&str]) -> Result<(), OptionError> {
    for arg in &raw.args {
        arg.no_value()?;
        for word in arg.name().split(',').map(str::trim) {
            if !is_one_of(word, allowed) {
                return Err(bad("word", word));
            }
        }
    }
    Ok(())
}

/// Named numbers from 0.
pub(super) fn named_numbers(
    raw: &RawOption<'_>,
    names: &'static [&'static str],
    max: i64,
) -> Result<(), OptionError> {
    for arg in &raw.args {
        let name = names.iter().find(|name| **name == arg.name());
        let name = name.ok_or_else(|| arg.unknown())?;
        args::bounded(arg.required(name)?, name, 0, max)?;
    }
    Ok(())
}

fn bad(argument: &'static str, found: &str) -> OptionError {
    OptionError::BadValue {
        argument,
        found: found.into(),
    }
}
