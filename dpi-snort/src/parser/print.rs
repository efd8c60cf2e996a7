//! Rules → canonical text of Snort 3: one line, one blank between words, no blanks around
//! arguments, quotes around messages.

use super::{
    lexer::{Arg, RawOption, Word},
    raw_rule::RawRule,
};

/// Options whose argument is text and not a list.
const TEXTS: [&str; 2] = ["reference", "rem"];
/// Options whose argument is an expression, perhaps negated.
const EXPRESSIONS: [&str; 2] = ["pcre", "regex"];

/// A whole rule, without the end of the line.
pub(super) fn rule(rule: &RawRule<'_>) -> Vec<u8> {
    let mut out = rule.action.as_bytes().to_vec();
    for (at, word) in rule.header.iter().enumerate() {
        out.push(b' ');
        header_word(word.bytes, at == 0, &mut out);
    }
    out.extend_from_slice(b" (");
    for (at, raw) in rule.options.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(&option(raw));
        out.push(b';');
    }
    out.push(b')');
    out
}

/// One option, without its semicolon.
pub(super) fn option(raw: &RawOption<'_>) -> Vec<u8> {
    let mut out = raw.name.as_bytes().to_vec();
    let Some(text) = raw.raw else {
        return out;
    };
    out.push(b':');
    if raw.name == "msg" {
        message(text, &mut out);
    } else if raw.name == "metadata" {
        entries(text, &mut out);
    } else if let (true, Some(text)) = (EXPRESSIONS.contains(&raw.name), text.strip_prefix(b"!")) {
        out.push(b'!');
        out.extend_from_slice(text.trim_ascii_start());
    } else if TEXTS.contains(&raw.name) || EXPRESSIONS.contains(&raw.name) {
        out.extend_from_slice(text);
    } else {
        args(&raw.args, &mut out);
    }
    out
}

/// Arguments, separated by commas alone.
pub(super) fn args(args: &[Arg<'_>], out: &mut Vec<u8>) {
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        word(&arg.word, out);
        if let Some(value) = &arg.value {
            out.push(b' ');
            word(value, out);
        }
    }
}

fn word(word: &Word<'_>, out: &mut Vec<u8>) {
    if word.negated {
        out.push(b'!');
    }
    if word.quoted {
        out.push(b'"');
    }
    out.extend_from_slice(word.bytes);
    if word.quoted {
        out.push(b'"');
    }
}

/// Entries of metadata, which may stand on several lines.
fn entries(text: &[u8], out: &mut Vec<u8>) {
    let mut first = true;
    for entry in text.split(|byte| *byte == b',') {
        let entry = super::lexer::trim_continued(entry);
        if entry.is_empty() {
            continue;
        }
        if !first {
            out.extend_from_slice(b", ");
        }
        first = false;
        out.extend_from_slice(entry);
    }
}

/// A message in quotes, with the escapes that it needs.
fn message(text: &[u8], out: &mut Vec<u8>) {
    let text = text
        .strip_prefix(b"\"")
        .map_or(text, |inside| inside.strip_suffix(b"\"").unwrap_or(inside));
    out.push(b'"');
    let mut escaped = false;
    for byte in text {
        if *byte == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// A word of a header: lists with commas alone, `any` and protocols in lower case.
fn header_word(word: &[u8], protocol: bool, out: &mut Vec<u8>) {
    if protocol || word.eq_ignore_ascii_case(b"any") {
        out.extend(word.iter().map(u8::to_ascii_lowercase));
        return;
    }
    if !word.contains(&b'[') {
        out.extend_from_slice(word);
        return;
    }
    let is_gap = |byte: &u8| matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n');
    let mut gap = false;
    for byte in word {
        if is_gap(byte) {
            gap = true;
            continue;
        }
        let opens = matches!(out.last(), Some(b'[' | b'!' | b' '));
        if gap && !opens && *byte != b']' {
            out.push(b',');
        }
        gap = false;
        out.push(*byte);
    }
}
