//! `content:"…",nocase,offset 0,depth 5` — a literal in the current buffer.

use std::ops::Range;

use super::{Cursor, Offset, OptionError, RuleContext, args, hex::byte_code, not_built};
use crate::parser::{
    Reason,
    lexer::{Arg, RawOption},
};

const MAX_OFFSET: i64 = 65_535;

/// A literal and where it may lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pattern: Box<[u8]>,
    /// The content must not be found.
    pub negated: bool,
    nocase: bool,
    place: Place,
    /// Explicit `fast_pattern`.
    pub fast_pattern: bool,
    /// Which bytes of the pattern are searched first.
    fast_range: Range<usize>,
}

/// The window that the whole match must lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// From `offset` behind the buffer's start, in the `depth` bytes from there.
    Absolute {
        offset: Offset,
        depth: Option<Offset>,
    },
    /// From `distance` behind the cursor, in the `within` bytes from there.
    Relative {
        distance: Offset,
        within: Option<Offset>,
    },
}

/// Reads a content; wide characters are valid in Snort and not built.
pub(super) fn parse(raw: &RawOption<'_>, context: &RuleContext) -> Result<Content, Reason> {
    let content = Content::parse(raw, context)?;
    let wide = raw
        .args
        .iter()
        .any(|arg| arg.name() == "width" && arg.value.is_some_and(|v| v.bytes != b"8"));
    if wide {
        return Err(not_built("content with wide characters"));
    }
    Ok(content)
}

impl Content {
    fn parse(raw: &RawOption<'_>, context: &RuleContext) -> Result<Content, OptionError> {
        let (first, modifiers) = raw.args.split_first().ok_or(OptionError::EmptyContent)?;
        if !first.word.quoted {
            return Err(OptionError::ByteCode { at: 1 });
        }
        first.no_value()?;
        let pattern = byte_code(first.word.bytes)?;
        if pattern.is_empty() {
            return Err(OptionError::EmptyContent);
        }
        let mut read = Modifiers::default();
        for modifier in modifiers {
            read.add(modifier, pattern.len(), context)?;
        }
        let place = read.place()?;
        let fast_range = read.fast_range(pattern.len())?;
        Ok(Content {
            pattern: pattern.into(),
            negated: first.word.negated,
            nocase: read.nocase,
            place,
            fast_pattern: read.fast_pattern,
            fast_range,
        })
    }

    /// Whether the window hangs on the cursor.
    pub(crate) fn is_relative(&self) -> bool {
        matches!(self.place, Place::Relative { .. })
    }

    /// Whether the content may serve as a fast pattern at all.
    pub(crate) fn can_be_fast(&self) -> bool {
        !self.negated
    }

    /// The bytes that are searched first, and whether their case counts.
    pub(crate) fn fast_bytes(&self) -> (&[u8], bool) {
        let bytes = self.pattern.get(self.fast_range.clone());
        (bytes.unwrap_or(&self.pattern), self.nocase)
    }

    /// Offset behind the first occurrence whose start is at or behind `from` (`None`: the
    /// window's start), together with that start.
    pub(crate) fn find(&self, cursor: &Cursor<'_>, from: Option<usize>) -> Option<(usize, usize)> {
        let window = self.window(cursor);
        let start = from.unwrap_or(window.start).max(window.start);
        let bytes = cursor.data.get(start..window.end)?;
        let at = if self.nocase {
            find_nocase(bytes, &self.pattern)?
        } else {
            find_exact(bytes, &self.pattern)?
        };
        let start = start.checked_add(at)?;
        Some((start, start.checked_add(self.pattern.len())?))
    }

    /// The window in bytes of the buffer; empty if it lies outside.
    fn window(&self, cursor: &Cursor<'_>) -> Range<usize> {
        let (base, offset, length) = match &self.place {
            Place::Absolute { offset, depth } => (0, offset, depth),
            Place::Relative { distance, within } => (cursor.pos, distance, within),
        };
        let len = to_i64(cursor.data.len());
        let start = to_i64(base).saturating_add(offset.value(cursor));
        let end = length
            .as_ref()
            .map_or(len, |length| start.saturating_add(length.value(cursor)))
            .clamp(0, len);
        to_usize(start.clamp(0, len))..to_usize(end)
    }
}

/// Modifiers as they are read.
#[derive(Default)]
struct Modifiers {
    nocase: bool,
    offset: Option<Offset>,
    depth: Option<Offset>,
    distance: Option<Offset>,
    within: Option<Offset>,
    fast_pattern: bool,
    fast_offset: Option<usize>,
    fast_length: Option<usize>,
}

impl Modifiers {
    fn add(
        &mut self,
        arg: &Arg<'_>,
        length: usize,
        context: &RuleContext,
    ) -> Result<(), OptionError> {
        let at_least = to_i64(length);
        if arg.word.quoted {
            return Err(arg.unknown());
        }
        match arg.name() {
            "nocase" => self.nocase = true,
            "fast_pattern" => self.fast_pattern = true,
            "offset" => {
                let offset = Offset::parse(arg, "offset", -MAX_OFFSET, MAX_OFFSET, context)?;
                set(&mut self.offset, offset, "offset")?;
            }
            "depth" => {
                let depth = Offset::parse(arg, "depth", at_least, MAX_OFFSET, context)?;
                set(&mut self.depth, depth, "depth")?;
            }
            "distance" => {
                let distance = Offset::parse(arg, "distance", -MAX_OFFSET, MAX_OFFSET, context)?;
                set(&mut self.distance, distance, "distance")?;
            }
            "within" => {
                let within = Offset::parse(arg, "within", at_least, MAX_OFFSET, context)?;
                set(&mut self.within, within, "within")?;
            }
            "fast_pattern_offset" => self.fast_offset = Some(fast_number(arg, 0)?),
            "fast_pattern_length" => self.fast_length = Some(fast_number(arg, 1)?),
            "width" if matches!(arg.required("width")?, "8" | "16" | "32") => {}
            "endian" if matches!(arg.required("endian")?, "big" | "little") => {}
            _ => return Err(arg.unknown()),
        }
        if matches!(arg.name(), "nocase" | "fast_pattern") {
            arg.no_value()?;
        }
        Ok(())
    }

    fn place(&mut self) -> Result<Place, OptionError> {
        let absolute = self.offset.is_some() || self.depth.is_some();
        if absolute && self.distance.is_some() {
            return Err(OptionError::Conflict {
                a: "distance",
                b: "offset or depth",
            });
        }
        if absolute && self.within.is_some() {
            return Err(OptionError::Conflict {
                a: "within",
                b: "offset or depth",
            });
        }
        if self.distance.is_some() || self.within.is_some() {
            return Ok(Place::Relative {
                distance: self.distance.take().unwrap_or(Offset::Number(0)),
                within: self.within.take(),
            });
        }
        Ok(Place::Absolute {
            offset: self.offset.take().unwrap_or(Offset::Number(0)),
            depth: self.depth.take(),
        })
    }

    fn fast_range(&self, content: usize) -> Result<Range<usize>, OptionError> {
        let offset = self.fast_offset.unwrap_or(0);
        let length = self
            .fast_length
            .unwrap_or_else(|| content.saturating_sub(offset));
        let end = offset.saturating_add(length);
        if offset >= content || end > content {
            return Err(OptionError::FastPattern {
                offset,
                length,
                content,
            });
        }
        Ok(offset..end)
    }
}

fn set(slot: &mut Option<Offset>, value: Offset, name: &'static str) -> Result<(), OptionError> {
    if slot.is_some() {
        return Err(OptionError::Conflict { a: name, b: name });
    }
    *slot = Some(value);
    Ok(())
}

fn fast_number(arg: &Arg<'_>, min: i64) -> Result<usize, OptionError> {
    let value = args::bounded(
        arg.required("fast_pattern_offset or _length")?,
        "fast_pattern_offset or _length",
        min,
        MAX_OFFSET,
    )?;
    Ok(to_usize(value))
}

fn find_exact(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Looks for the first byte in both cases, then compares; rules' contents are short and
/// their first byte rare enough for that to beat building a searcher.
fn find_nocase(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let last_start = haystack.len().checked_sub(needle.len())?;
    let starts = haystack.get(..=last_start)?;
    let found = |at: &usize| {
        haystack
            .get(*at..)
            .and_then(|rest| rest.get(..needle.len()))
            .is_some_and(|window| window.eq_ignore_ascii_case(needle))
    };
    memchr::memchr2_iter(
        first.to_ascii_lowercase(),
        first.to_ascii_uppercase(),
        starts,
    )
    .find(found)
}

pub(super) fn to_i64(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn to_usize(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}
