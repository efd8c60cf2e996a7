//! `content:"…",nocase,offset 0,depth 5` — a literal in the current buffer.

use std::ops::Range;

use super::{Cursor, Offset, OptionError, RuleContext, args, hex::byte_code};
use crate::parser::lexer::{Arg, RawOption};

const MAX_OFFSET: i64 = 65_535;

/// A literal and where it may lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// The pattern with each byte as wide as `width` says, in the byte order of `endian`.
fn widened(pattern: Vec<u8>, modifiers: &[Arg<'_>]) -> Vec<u8> {
    let value = |name| {
        let arg = modifiers.iter().find(|arg| arg.name() == name);
        arg.and_then(|arg| arg.value).map(|value| value.text())
    };
    let padding: &[u8] = match value("width") {
        Some("16") => &[0],
        Some("32") => &[0, 0, 0],
        _ => return pattern,
    };
    let is_little = value("endian") == Some("little");
    let wide = |byte: &u8| {
        if is_little {
            [&[*byte], padding].concat()
        } else {
            [padding, &[*byte]].concat()
        }
    };
    pattern.iter().flat_map(wide).collect()
}

impl Content {
    pub(super) fn parse(
        raw: &RawOption<'_>,
        context: &RuleContext,
    ) -> Result<Content, OptionError> {
        let (first, modifiers) = raw.args.split_first().ok_or(OptionError::EmptyContent)?;
        if !first.word.quoted {
            return Err(OptionError::ByteCode { at: 1 });
        }
        first.no_value()?;
        let pattern = byte_code(first.word.bytes)?;
        if pattern.is_empty() {
            return Err(OptionError::EmptyContent);
        }
        let pattern = widened(pattern, modifiers);
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

    /// Bytes of the literal.
    pub(crate) fn len(&self) -> usize {
        self.pattern.len()
    }

    /// Bytes that [`find`](Content::find) looked at, given what it came to.
    pub(crate) fn searched(
        &self,
        cursor: &Cursor<'_>,
        from: Option<usize>,
        found: Option<(usize, usize)>,
    ) -> usize {
        let window = self.window(cursor);
        let start = from.unwrap_or(window.start).max(window.start);
        found
            .map_or(window.end, |(_, end)| end)
            .saturating_sub(start)
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

#[cfg(test)]
mod tests {
    use super::super::{
        Cursor, IpsOption,
        testing::{moves, options, refused},
    };

    #[test]
    fn evaluated() {
        moves(&[
            (r#"content:"abc""#, b"xxabc", 0, Some(5)),
            (r#"content:"abc""#, b"xxabc", 4, Some(5)),
            (r#"content:"abc""#, b"xxABC", 0, None),
            (r#"content:"aBc",nocase"#, b"xxAbC", 0, Some(5)),
            (r#"content:"ab",width 16"#, b"x\0a\0b", 0, Some(5)),
            (r#"content:"ab",width 16"#, b"a\0b\0", 0, None),
            (
                r#"content:"ab",width 16,endian little"#,
                b"a\0b\0",
                0,
                Some(4),
            ),
            (
                r#"content:"a",endian little,width 32"#,
                b"a\0\0\0",
                0,
                Some(4),
            ),
            (r#"content:"A",width 32,nocase"#, b"\0\0\0a", 0, Some(4)),
            (r#"content:!"a",width 16"#, b"xaxa", 0, Some(0)),
            (r#"content:"ab",width 8"#, b"ab", 0, Some(2)),
            (r#"content:"abc""#, b"ab", 0, None),
            (r#"content:"|00 ff|""#, b"\x00\xff", 0, Some(2)),
            (r#"content:!"z""#, b"abc", 2, Some(2)),
            (r#"content:!"a""#, b"abc", 0, None),
            (r#"content:"a",offset 1"#, b"aa", 0, Some(2)),
            (r#"content:"a",offset 2"#, b"aa", 0, None),
            (r#"content:"a",offset 9"#, b"aa", 0, None),
            (r#"content:"b",depth 2"#, b"ab", 0, Some(2)),
            (r#"content:"b",depth 1"#, b"ab", 0, None),
            (r#"content:"b",offset 1,depth 1"#, b"ab", 0, Some(2)),
            (r#"content:"b",offset -2"#, b"ab", 0, Some(2)),
            (r#"content:"a",offset -2,depth 3"#, b"ab", 0, Some(1)),
            (r#"content:"b",offset -2,depth 3"#, b"ab", 0, None),
            (r#"content:"b",distance 0"#, b"bab", 1, Some(3)),
            (r#"content:"b",distance 0"#, b"ba", 1, None),
            (r#"content:"b",distance 1"#, b"xab", 1, Some(3)),
            (r#"content:"a",distance -1"#, b"a", 1, Some(1)),
            (r#"content:"a",distance -9"#, b"a", 1, Some(1)),
            (r#"content:"b",within 1"#, b"ab", 1, Some(2)),
            (r#"content:"b",within 1"#, b"axb", 1, None),
            (r#"content:"b",distance 1,within 1"#, b"axb", 1, Some(3)),
            (r#"content:!"b",within 1"#, b"ab", 1, None),
            (
                r#"byte_extract:1,0,n; content:"b",offset n"#,
                b"\x02xb",
                0,
                Some(3),
            ),
            (
                r#"byte_extract:1,0,n; content:"b",depth n"#,
                b"\x02xb",
                0,
                None,
            ),
            (
                r#"byte_extract:1,0,n; content:"b",within n"#,
                b"\x02xb",
                0,
                Some(3),
            ),
            (
                r#"byte_extract:1,0,n; content:"b",distance n"#,
                b"\x02xb",
                0,
                None,
            ),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            (r#"content:"""#, "empty content"),
            ("content", "empty content"),
            ("content:abc", "bad byte code at 1"),
            (r#"content:"|4g|""#, "bad byte code at 3"),
            (r#"content:"a\x41""#, "bad byte code at 3"),
            (r#"content:"|41""#, "unclosed | in a content"),
            (
                r#"content:"abc",depth 2"#,
                "depth must be 3 to 65535, not 2",
            ),
            (
                r#"content:"abc",within 2"#,
                "within must be 3 to 65535, not 2",
            ),
            (
                r#"content:"a",offset 65536"#,
                "offset must be -65535 to 65535, not 65536",
            ),
            (r#"content:"a",offset"#, "offset needs a value"),
            (
                r#"content:"a",offset 1,offset 2"#,
                "offset cannot stand with offset",
            ),
            (
                r#"content:"a",offset 1,distance 1"#,
                "distance cannot stand with offset or depth",
            ),
            (
                r#"content:"a",depth 1,within 1"#,
                "within cannot stand with offset or depth",
            ),
            (
                r#"content:"a",offset n"#,
                r#"unknown variable "n": byte_extract or byte_math must set it before"#,
            ),
            (
                r#"content:"a",nocase yes"#,
                r#"unknown argument "nocase yes""#,
            ),
            (r#"content:"a",rawbytes"#, r#"unknown argument "rawbytes""#),
            (r#"content:"a","b""#, r#"unknown argument "b""#),
            (
                r#"content:"abc",fast_pattern_offset 3"#,
                "fast_pattern_offset 3 and fast_pattern_length 0 exceed the content's 3 bytes",
            ),
            (
                r#"content:"abc",fast_pattern_offset 1,fast_pattern_length 3"#,
                "fast_pattern_offset 1 and fast_pattern_length 3 exceed the content's 3 bytes",
            ),
            (
                r#"content:"a",fast_pattern_length 0"#,
                "fast_pattern_offset or _length must be 1 to 65535, not 0",
            ),
            (r#"content:"a",width 9"#, r#"unknown argument "width""#),
            (r#"content:"a",width 12"#, r#"unknown argument "width""#),
            (
                r#"content:"a",width 16,endian middle"#,
                r#"unknown argument "endian""#,
            ),
            (
                r#"content:"ab",width 16,depth 3"#,
                "depth must be 4 to 65535, not 3",
            ),
        ]);
    }

    #[test]
    fn bytes_that_are_searched_first() {
        for (text, expected) in [
            (r#"content:"abc""#, (&b"abc"[..], false)),
            (r#"content:"aBc",nocase"#, (b"aBc", true)),
            (r#"content:"abc",fast_pattern"#, (b"abc", false)),
            (r#"content:"abcd",fast_pattern_offset 1"#, (b"bcd", false)),
            (r#"content:"abcd",fast_pattern_length 2"#, (b"ab", false)),
            (
                r#"content:"abcd",fast_pattern_offset 1,fast_pattern_length 2"#,
                (b"bc", false),
            ),
        ] {
            match &options(text)[0] {
                IpsOption::Content(content) => assert_eq!(content.fast_bytes(), expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn occurrences() {
        let content = options(r#"content:"aa",offset 1,depth 4"#).remove(0);
        let IpsOption::Content(content) = content else {
            panic!("no content");
        };
        let cursor = Cursor::start_of(b"aaaaaa");
        let found: Vec<_> = (0..6)
            .map(|from| content.find(&cursor, Some(from)))
            .collect();
        let at = |start: usize| Some((start, start + 2));
        assert_eq!(found, [at(1), at(1), at(2), at(3), None, None]);
    }
}
