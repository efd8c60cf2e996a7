//! Whether a rule uses forms that only Snort 2 has.

use super::{buffer, gone};
use crate::parser::{lexer::RawOption, raw_rule::RawRule};

/// Options that do not exist in Snort 3.
const OPTIONS: [&str; 9] = [
    "depth",
    "distance",
    "fast_pattern",
    "nocase",
    "offset",
    "rawbytes",
    "threshold",
    "uricontent",
    "urilen",
];

/// Options of Snort 3 that read the buffer in front of them.
const READERS: [&str; 18] = [
    "base64_decode",
    "ber_data",
    "ber_skip",
    "bufferlen",
    "byte_extract",
    "byte_jump",
    "byte_math",
    "byte_test",
    "content",
    "cvs",
    "isdataat",
    "md5",
    "pcre",
    "regex",
    "sd_pattern",
    "sha256",
    "sha512",
    "within",
];

/// Whether the rule is one of Snort 2.
pub(in crate::parser) fn is_snort2(rule: &RawRule<'_>) -> bool {
    matches!(rule.action, "sdrop" | "activate" | "dynamic")
        || rule.options.iter().any(is_sign)
        || names_buffer_behind(&rule.options)
}

fn is_sign(option: &RawOption<'_>) -> bool {
    let name = option.name;
    let word = |at: usize| option.args.get(at).map_or("", |arg| arg.name());
    match name {
        "within" => true,
        "file_data" => word(0) == "mime",
        "flowbits" => option.args.len() > 2 || matches!(word(0), "toggle" | "setx" | "reset"),
        "isdataat" => option.args.iter().any(|arg| arg.name() == "rawbytes"),
        "metadata" => {
            let text = String::from_utf8_lossy(option.raw.unwrap_or_default());
            let mut entries = text.split(',').map(str::trim_start);
            entries.any(|entry| entry.starts_with("service ") || entry.starts_with("engine "))
        }
        "pcre" => !buffer::of_pcre(option).1.is_empty(),
        "stream_size" => matches!(word(0), "client" | "server" | "both" | "either"),
        "stream_reassemble" => matches!(word(0), "enable" | "disable"),
        "tag" => option.args.len() > 1 && word(1).bytes().all(|b| b.is_ascii_digit()),
        "ttl" => word(0).contains('-') && !word(0).contains(['<', '>']),
        "dce_iface" => option.args.first().is_some_and(|arg| {
            arg.value.is_none() && arg.name().bytes().filter(|b| *b == b'-').count() == 4
        }),
        _ => OPTIONS.contains(&name) || (gone::remedy(name).is_some() && !name.starts_with("so")),
    }
}

/// Whether an HTTP buffer is named behind a content, and nothing behind it reads it: then it
/// is a modifier of that content.
fn names_buffer_behind(options: &[RawOption<'_>]) -> bool {
    let mut pairs = options.windows(2).zip(1usize..);
    pairs.any(|(pair, at)| {
        let [before, here] = pair else {
            return false;
        };
        let reads = options
            .get(at.saturating_add(1))
            .is_some_and(|next| READERS.contains(&next.name));
        before.name == "content"
            && buffer::of_modifier(here.name).is_some()
            && here.raw.is_none()
            && !reads
    })
}
