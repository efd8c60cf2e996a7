//! Argument forms that only one or two options have.

use super::{NumberRange, OptionError, args, is_one_of, text};
use crate::parser::lexer::RawOption;

/// `uuid U,version RANGE,any_frag`.
pub(super) fn dce_iface(raw: &RawOption<'_>) -> Result<(), OptionError> {
    for arg in &raw.args {
        match arg.name() {
            "uuid" => {
                let uuid = arg.required("uuid")?;
                if !is_uuid(uuid) {
                    return Err(bad("uuid", uuid));
                }
            }
            "version" => {
                NumberRange::parse(arg.required("version")?, 0, u32::MAX.into())?;
            }
            "any_frag" => arg.no_value()?,
            _ => return Err(arg.unknown()),
        }
    }
    Ok(())
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// One number or one range `a-b`; Snort 3 refuses the lists that its manual speaks of.
pub(super) fn dce_opnum(raw: &RawOption<'_>) -> Result<(), OptionError> {
    text(raw)?;
    let Some(word) = raw.first() else {
        return Ok(());
    };
    let opnum = |text: &str| args::bounded(text, "opnum", 0, 65_535);
    match word.text().split_once('-') {
        None => opnum(word.text()).map(|_| ()),
        Some((low, high)) => {
            let (low, high) = (opnum(low)?, opnum(high)?);
            if low > high {
                return Err(OptionError::EmptyRange { low, high });
            }
            Ok(())
        }
    }
}

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
