//! A content and the modifiers behind it → one content of Snort 3.

use super::buffer;
use crate::{
    ips_options::OptionError,
    parser::{
        lexer::{Arg, RawOption},
        print,
    },
};

/// A content and what was said of it.
pub(super) struct Content<'a, 'r> {
    content: &'r RawOption<'a>,
    modifiers: Vec<&'r RawOption<'a>>,
}

/// Whether an option is said of the content in front of it.
pub(super) fn is_modifier(name: &str) -> bool {
    matches!(
        name,
        "nocase" | "offset" | "depth" | "distance" | "within" | "fast_pattern"
    ) || buffer::of_modifier(name).is_some()
}

/// Whether an option is a content.
pub(super) fn is_content(name: &str) -> bool {
    matches!(name, "content" | "uricontent")
}

impl<'a, 'r> Content<'a, 'r> {
    pub(super) fn new(content: &'r RawOption<'a>) -> Content<'a, 'r> {
        Content {
            content,
            modifiers: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, modifier: &'r RawOption<'a>) {
        self.modifiers.push(modifier);
    }

    /// The buffer it names; an error at the modifier that names a second one.
    pub(super) fn buffer(&self) -> Result<Option<&'static str>, (&'r RawOption<'a>, OptionError)> {
        let mut found = (self.content.name == "uricontent").then_some("http_uri");
        for modifier in &self.modifiers {
            let Some(buffer) = buffer::of_modifier(modifier.name) else {
                continue;
            };
            if found.is_some() {
                let error = OptionError::Conflict {
                    a: buffer,
                    b: "another buffer of the same content",
                };
                return Err((modifier, error));
            }
            if modifier.raw.is_some() {
                return Err((
                    modifier,
                    OptionError::UnknownArgument {
                        found: String::from_utf8_lossy(modifier.raw.unwrap_or_default()).into(),
                    },
                ));
            }
            found = Some(buffer);
        }
        Ok(found)
    }

    /// The content as Snort 3 writes it.
    pub(super) fn text(&self) -> Result<Vec<u8>, (&'r RawOption<'a>, OptionError)> {
        let mut text = b"content:".to_vec();
        print::args(&self.content.args, &mut text);
        let mut nocase = self.content.args.iter().any(|arg| arg.name() == "nocase");
        for modifier in &self.modifiers {
            if buffer::of_modifier(modifier.name).is_some() {
                continue;
            }
            match (modifier.name, modifier.args.as_slice()) {
                ("nocase", []) if nocase => {}
                ("nocase", []) => {
                    nocase = true;
                    text.extend_from_slice(b",nocase");
                }
                ("fast_pattern", []) => text.extend_from_slice(b",fast_pattern"),
                ("fast_pattern", [only]) if only.name() == "only" => {
                    text.extend_from_slice(b",fast_pattern");
                    // It was searched for without regard to case, and never looked at again.
                    if !nocase {
                        nocase = true;
                        text.extend_from_slice(b",nocase");
                    }
                }
                ("fast_pattern", [offset, length]) => {
                    let (offset, length) = (offset.name(), length.name());
                    let range = format!(
                        ",fast_pattern,fast_pattern_offset {offset},fast_pattern_length {length}"
                    );
                    text.extend_from_slice(range.as_bytes());
                }
                (
                    name @ ("offset" | "depth" | "distance" | "within"),
                    [Arg { word, value: None }],
                ) => {
                    text.push(b',');
                    text.extend_from_slice(name.as_bytes());
                    text.push(b' ');
                    text.extend_from_slice(word.bytes);
                }
                _ => {
                    let error = modifier
                        .args
                        .first()
                        .map_or(OptionError::Missing { argument: "number" }, Arg::unknown);
                    return Err((modifier, error));
                }
            }
        }
        Ok(text)
    }
}
