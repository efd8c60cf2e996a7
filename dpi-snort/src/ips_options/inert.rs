//! Options without effect here, and options that Snort 3 gave up.

use super::{OptionError, Parsed, args, waiting};
use crate::parser::{Reason, lexer::RawOption};

/// Words of Snort 2 and what stands in their place.
const GONE: [(&str, &str); 12] = [
    ("asn1", "it does not exist in Snort 3"),
    (
        "depth",
        "write it inside the content: content:\"…\",depth n",
    ),
    (
        "distance",
        "write it inside the content: content:\"…\",distance n",
    ),
    (
        "fast_pattern",
        "write it inside the content: content:\"…\",fast_pattern",
    ),
    ("logto", "it does not exist in Snort 3"),
    (
        "nocase",
        "write it inside the content: content:\"…\",nocase",
    ),
    (
        "offset",
        "write it inside the content: content:\"…\",offset n",
    ),
    ("rawbytes", "write raw_data before the content"),
    ("threshold", "use detection_filter"),
    ("uricontent", "write http_uri before the content"),
    ("urilen", "write http_uri; bufferlen:…"),
    (
        "within",
        "write it inside the content: content:\"…\",within n",
    ),
];

/// Reads an option that no other file of this folder knows.
pub(super) fn parse(raw: &RawOption<'_>) -> Result<Parsed, Reason> {
    match raw.name {
        "tag" => return Ok(tag(raw)?),
        "target" => return Ok(words(raw, &["src_ip", "dst_ip"])?),
        "replace" => return Ok(replace(raw)?),
        "enable" => {
            words(raw, &["yes", "no", "inherit"])?;
            return Ok(Parsed::StateStub);
        }
        "so" | "soid" => return Err(OptionError::SharedObject.into()),
        _ => {}
    }
    if let Some(reason) = waiting::find(raw) {
        return Err(reason);
    }
    let gone = GONE.iter().find(|(name, _)| *name == raw.name);
    Err(gone
        .map_or(OptionError::Unknown, |(_, instead)| OptionError::Gone {
            instead,
        })
        .into())
}

/// `tag:session,packets 10` asks for later packets to be logged: nothing is logged here.
fn tag(raw: &RawOption<'_>) -> Result<Parsed, OptionError> {
    for arg in &raw.args {
        match arg.name() {
            "session" | "host_src" | "host_dst" => arg.no_value()?,
            "packets" | "seconds" | "bytes" => {
                args::bounded_u32(arg.required("count")?, "count", 1, u32::MAX)?;
            }
            _ => return Err(arg.unknown()),
        }
    }
    Ok(Parsed::Inert)
}

/// `replace` changes packets inline; here they are only looked at.
fn replace(raw: &RawOption<'_>) -> Result<Parsed, OptionError> {
    raw.at_most(1)?;
    if let Some(arg) = raw.args.first() {
        arg.no_value()?;
        if !arg.word.quoted {
            return Err(OptionError::ByteCode { at: 1 });
        }
        super::hex::byte_code(arg.word.bytes)?;
    }
    Ok(Parsed::Inert)
}

fn words(raw: &RawOption<'_>, allowed: &[&str]) -> Result<Parsed, OptionError> {
    raw.at_most(1)?;
    for arg in &raw.args {
        arg.no_value()?;
        if !allowed.contains(&arg.name()) {
            return Err(arg.unknown());
        }
    }
    Ok(Parsed::Inert)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, refused};

    #[test]
    fn accepted_without_effect() {
        for text in [
            "tag:session,packets 10",
            "tag:host_src,seconds 5",
            "target:src_ip",
            "replace:\"abc\"",
            "replace",
        ] {
            assert!(options(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("no_such_option:1", "unknown option"),
            ("CONTENT:\"a\"", "unknown option"),
            (
                "asn1:oversize_length 5",
                "unknown option; it does not exist in Snort 3",
            ),
            (
                "rawbytes",
                "unknown option; write raw_data before the content",
            ),
            (
                "threshold:type limit",
                "unknown option; use detection_filter",
            ),
            (
                "uricontent:\"a\"",
                "unknown option; write http_uri before the content",
            ),
            ("urilen:5", "unknown option; write http_uri; bufferlen:…"),
            (
                "nocase",
                "unknown option; write it inside the content: content:\"…\",nocase",
            ),
            (
                "tag:session,packets 0",
                "count must be 1 to 4294967295, not 0",
            ),
            ("tag:session 5", "unknown argument \"session 5\""),
            ("tag:nobody", "unknown argument \"nobody\""),
            ("target:me", "unknown argument \"me\""),
            ("target:src_ip,dst_ip", "unknown argument \"dst_ip\""),
            ("replace:abc", "bad byte code at 1"),
            ("replace:\"|4\"", "unclosed | in a content"),
            ("enable:perhaps", "unknown argument \"perhaps\""),
            (
                "soid:1",
                "the shared object of a `soid` rule does not exist here",
            ),
        ]);
    }

    #[test]
    fn what_is_missing_is_named() {
        refused(&[
            (
                "gtp_version:1",
                "valid, but inactive: it needs the gtp inspector",
            ),
            ("js_data:1", "unknown argument \"1\""),
            // A real error outweighs what is missing.
            ("js_data; no_such_option", "unknown option"),
        ]);
    }
}
