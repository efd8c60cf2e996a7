//! Argument forms that only one or two options have.

use super::{NumberRange, OptionError, args, is_one_of, text};
use crate::parser::lexer::{Arg, RawOption};

/// Words that HTTP options may carry for other parts of a message.
fn is_http_word(word: &str) -> bool {
    matches!(
        word,
        "request" | "with_header" | "with_body" | "with_trailer"
    )
}

/// A range and words for other parts of a message; trailers come last, so nothing is with
/// them.
pub(super) fn http_range(raw: &RawOption<'_>, max: i64, trailer: bool) -> Result<(), OptionError> {
    for (at, arg) in raw.args.iter().enumerate() {
        arg.no_value()?;
        let word = arg.name();
        if is_http_word(word) && !(trailer && word == "with_trailer") {
            continue;
        }
        if at > 0 {
            return Err(arg.unknown());
        }
        NumberRange::parse(word, 0, max)?;
    }
    Ok(())
}

/// `field NAME` and what is asked of it.
pub(super) fn header_test(raw: &RawOption<'_>) -> Result<(), OptionError> {
    let (mut field, mut tests, mut absent) = (false, false, false);
    for arg in &raw.args {
        match arg.name() {
            "field" => field = !arg.required("field")?.is_empty(),
            "check" => {
                NumberRange::parse(arg.required("check")?, 0, 999_999_999_999_999_999)?;
                tests = true;
            }
            "numeric" => {
                let value = arg.required("numeric")?;
                if !is_one_of(value, &["true", "false"]) {
                    return Err(bad("numeric", value));
                }
                tests = true;
            }
            "absent" => {
                arg.no_value()?;
                absent = true;
            }
            word if is_http_word(word) => arg.no_value()?,
            _ => return Err(arg.unknown()),
        }
    }
    let missing = |argument| Err(OptionError::Missing { argument });
    match (field, tests, absent) {
        (false, ..) => missing("field NAME"),
        (_, false, false) => missing("check, numeric or absent"),
        (_, true, true) => Err(OptionError::Conflict {
            a: "absent",
            b: "check or numeric",
        }),
        _ => Ok(()),
    }
}

/// `"1.0 1.1"`: versions, separated by blanks.
pub(super) fn http_version_match(raw: &RawOption<'_>) -> Result<(), OptionError> {
    const VERSIONS: [&str; 7] = ["malformed", "other", "0.9", "1.0", "1.1", "2.0", "3.0"];
    for (at, arg) in raw.args.iter().enumerate() {
        if is_http_word(arg.name()) {
            arg.no_value()?;
            continue;
        }
        if at > 0 {
            return Err(arg.unknown());
        }
        let value = arg.value.map_or("", |word| word.text());
        let versions = arg
            .name()
            .split_whitespace()
            .chain(value.split_whitespace());
        for version in versions {
            if !VERSIONS.contains(&version) {
                return Err(bad("version", version));
            }
        }
    }
    Ok(())
}

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

/// Any methods, each perhaps negated.
pub(super) fn sip_method(raw: &RawOption<'_>) -> Result<(), OptionError> {
    raw.args.iter().try_for_each(Arg::no_value)
}

/// Codes or classes: 1 to 9 and 100 to 999.
pub(super) fn sip_stat_code(raw: &RawOption<'_>) -> Result<(), OptionError> {
    for arg in &raw.args {
        arg.no_value()?;
        args::bounded(arg.name(), "code", 1, 999)?;
    }
    Ok(())
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

/// `md5:"…",length n,offset m,relative`.
pub(super) fn digest(raw: &RawOption<'_>, size: usize) -> Result<(), OptionError> {
    let (mut bytes, mut length) = (Vec::new(), false);
    for (at, arg) in raw.args.iter().enumerate() {
        match arg.name() {
            _ if at == 0 => {
                arg.no_value()?;
                if !arg.word.quoted {
                    return Err(OptionError::ByteCode { at: 1 });
                }
                bytes = super::super::hex::byte_code(arg.word.bytes)?;
            }
            "length" => {
                args::bounded(arg.required("length")?, "length", 1, 65_535)?;
                length = true;
            }
            "offset" => {
                arg.required("offset")?;
            }
            "relative" => arg.no_value()?,
            _ => return Err(arg.unknown()),
        }
    }
    if length || bytes.len() == size {
        return Ok(());
    }
    Err(OptionError::DigestLength {
        found: String::from_utf8_lossy(&bytes).into(),
        bytes: size,
    })
}

/// An expression in quotes and slashes, which cannot be negated.
pub(super) fn regex(raw: &RawOption<'_>) -> Result<(), OptionError> {
    let text = raw.raw.unwrap_or_default();
    if text.starts_with(b"!") {
        return Err(OptionError::Negated);
    }
    let end = text.iter().rposition(|b| *b == b'"').unwrap_or(0);
    let behind = text.get(end.saturating_add(1)..).unwrap_or_default();
    if raw.raw.is_some() && (!text.starts_with(b"\"/") || behind.ends_with(b",")) {
        return Err(OptionError::NotAnExpression {
            found: String::from_utf8_lossy(text).into(),
        });
    }
    Ok(())
}

/// A pattern and perhaps `threshold n`.
pub(super) fn sd_pattern(raw: &RawOption<'_>) -> Result<(), OptionError> {
    for arg in raw.args.iter().skip(1) {
        if arg.name() != "threshold" {
            return Err(arg.unknown());
        }
        args::bounded(arg.required("threshold")?, "threshold", 1, u32::MAX.into())?;
    }
    Ok(())
}

/// `action disable,direction client,noalert,fastpath`.
pub(super) fn stream_reassemble(raw: &RawOption<'_>) -> Result<(), OptionError> {
    words_with_values(
        raw,
        &[
            ("action", &["enable", "disable"]),
            ("direction", &["client", "server", "both"]),
        ],
        &["noalert", "fastpath"],
    )
}

fn words_with_values(
    raw: &RawOption<'_>,
    values: &[(&'static str, &[&str])],
    alone: &[&str],
) -> Result<(), OptionError> {
    for arg in &raw.args {
        let known = values.iter().find(|(name, _)| *name == arg.name());
        let Some((name, allowed)) = known else {
            arg.no_value()?;
            if !alone.contains(&arg.name()) {
                return Err(arg.unknown());
            }
            continue;
        };
        let value = arg.required(name)?;
        if !allowed.contains(&value) {
            return Err(bad(name, value));
        }
    }
    Ok(())
}

fn bad(argument: &'static str, found: &str) -> OptionError {
    OptionError::BadValue {
        argument,
        found: found.into(),
    }
}
