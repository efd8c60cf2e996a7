//! Header and trailer lines: the block as sent, the block that rules search, single
//! fields and cookies.

use std::{ops::Range, sync::OnceLock};

use super::uri::{self, Substitute};

/// The header lines of a message, or its trailer lines.
#[derive(Debug, Default)]
pub(in crate::service_inspectors) struct Headers {
    /// All lines without the last one's line end.
    raw: Vec<u8>,
    fields: Vec<Field>,
    normal: OnceLock<Vec<u8>>,
    cookie: OnceLock<Option<Vec<u8>>>,
    raw_cookie: OnceLock<Option<Vec<u8>>>,
}

#[derive(Debug)]
struct Field {
    /// From the name to behind the line end.
    line: Range<usize>,
    /// Empty for a line without a colon.
    name: Range<usize>,
    /// Behind the colon, without the line end.
    value: Range<usize>,
    /// The value of this and all later fields of the same name, if this is the first.
    joined: OnceLock<Vec<u8>>,
    raw_joined: OnceLock<Vec<u8>>,
}

/// What stands in `http_cookie` instead of `http_header`.
const COOKIES: [&[u8]; 2] = [b"cookie", b"set-cookie"];

impl Headers {
    /// Reads lines; line ends are LF, CR LF and, as Snort and some servers take it, CR.
    pub(in crate::service_inspectors) fn new(lines: &[u8]) -> Headers {
        let raw = strip_line_end(lines).to_vec();
        let mut fields: Vec<Field> = Vec::new();
        let mut start = 0;
        while start < raw.len() {
            let (content_end, end) = line_end(&raw, start);
            let folded = matches!(raw.get(start), Some(b' ' | b'\t'));
            match fields.last_mut() {
                // RFC 9112 §5.2: a line that begins with a blank goes on with the last.
                Some(field) if folded => {
                    field.line.end = end;
                    field.value.end = content_end;
                }
                _ => fields.push(Field::new(&raw, start, content_end, end)),
            }
            start = end;
        }
        Headers {
            raw,
            fields,
            ..Headers::default()
        }
    }

    /// `http_raw_header`: the lines as sent, without the last line's end.
    pub(in crate::service_inspectors) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// `http_header`: the lines without cookies, escapes undone.
    pub(in crate::service_inspectors) fn normal(&self) -> &[u8] {
        self.normal.get_or_init(|| {
            let mut output = Vec::with_capacity(self.raw.len());
            for field in &self.fields {
                if !self.is_cookie(field) {
                    output.extend_from_slice(self.raw.get(field.line.clone()).unwrap_or_default());
                }
            }
            output.truncate(strip_line_end(&output).len());
            if output.contains(&b'%') {
                output = uri::decode(&output, Substitute::No);
            }
            output
        })
    }

    /// A field's value: blanks around removed, runs of them and folds one blank, fields
    /// of the same name joined by a comma. `name` is lower case.
    pub(in crate::service_inspectors) fn field(&self, name: &str) -> Option<&[u8]> {
        let first = self.find(name)?;
        Some(
            first
                .joined
                .get_or_init(|| self.join(name.as_bytes(), normal_value)),
        )
    }

    /// The same as sent: with the blank behind the colon, inner blanks and folds.
    pub(in crate::service_inspectors) fn raw_field(&self, name: &str) -> Option<&[u8]> {
        let first = self.find(name)?;
        Some(
            first
                .raw_joined
                .get_or_init(|| self.join(name.as_bytes(), <[u8]>::to_vec)),
        )
    }

    /// The values of a field that came more than once, normalised, in order.
    pub(in crate::service_inspectors) fn values<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = Vec<u8>> + 'a {
        self.fields
            .iter()
            .filter(move |field| self.is(field, name.as_bytes()))
            .map(|field| normal_value(self.raw.get(field.value.clone()).unwrap_or_default()))
    }

    /// `http_cookie`: `Cookie` or `Set-Cookie` values, escapes undone.
    pub(in crate::service_inspectors) fn cookie(&self) -> Option<&[u8]> {
        let cookie = self.cookie.get_or_init(|| {
            let raw = self.raw_cookie()?;
            Some(uri::decode(raw, Substitute::No))
        });
        cookie.as_deref()
    }

    /// `http_raw_cookie`: the same with the escapes left alone.
    pub(in crate::service_inspectors) fn raw_cookie(&self) -> Option<&[u8]> {
        let cookie = self.raw_cookie.get_or_init(|| {
            let name = COOKIES
                .into_iter()
                .find(|name| self.fields.iter().any(|field| self.is(field, name)))?;
            Some(self.join(name, normal_value))
        });
        cookie.as_deref()
    }

    /// Each line without its end; a folded one is one.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.fields.iter();
        lines.map(|field| strip_line_end(self.raw.get(field.line.clone()).unwrap_or_default()))
    }

    /// Lines; a folded one counts once.
    pub(in crate::service_inspectors) fn count(&self) -> usize {
        self.fields.len()
    }

    /// Bytes of the longest line, without its end.
    pub(in crate::service_inspectors) fn longest(&self) -> usize {
        let lengths = self.fields.iter().map(|field| {
            let line = self.raw.get(field.line.clone()).unwrap_or_default();
            strip_line_end(line).len()
        });
        lengths.max().unwrap_or(0)
    }

    /// Cookies: pairs of `Cookie` lines (RFC 6265 §4.2.1), or else `Set-Cookie` lines.
    pub(in crate::service_inspectors) fn cookies(&self) -> usize {
        let [cookie, set_cookie] = COOKIES;
        let pairs = self.fields.iter().filter(|field| self.is(field, cookie));
        let pairs: usize = pairs
            .map(|field| {
                let value = self.raw.get(field.value.clone()).unwrap_or_default();
                let pairs = value.split(|byte| *byte == b';');
                pairs.filter(|pair| !pair.trim_ascii().is_empty()).count()
            })
            .sum();
        let set = self
            .fields
            .iter()
            .filter(|field| self.is(field, set_cookie));
        pairs + set.count()
    }

    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        let cached = |cell: &OnceLock<Vec<u8>>| cell.get().map_or(0, Vec::capacity);
        let cookie = |cell: &OnceLock<Option<Vec<u8>>>| {
            cell.get().and_then(Option::as_ref).map_or(0, Vec::capacity)
        };
        let fields: usize = self
            .fields
            .iter()
            .map(|field| cached(&field.joined) + cached(&field.raw_joined))
            .sum();
        self.raw.capacity()
            + self.fields.capacity() * size_of::<Field>()
            + fields
            + cached(&self.normal)
            + cookie(&self.cookie)
            + cookie(&self.raw_cookie)
    }

    fn find(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| self.is(field, name.as_bytes()))
    }

    fn is(&self, field: &Field, name: &[u8]) -> bool {
        let own = self.raw.get(field.name.clone()).unwrap_or_default();
        own.eq_ignore_ascii_case(name)
    }

    fn is_cookie(&self, field: &Field) -> bool {
        COOKIES.iter().any(|name| self.is(field, name))
    }

    fn join(&self, name: &[u8], value: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut output = Vec::new();
        for (index, field) in self
            .fields
            .iter()
            .filter(|field| self.is(field, name))
            .enumerate()
        {
            if index > 0 {
                output.push(b',');
            }
            output.extend(value(self.raw.get(field.value.clone()).unwrap_or_default()));
        }
        output
    }
}

impl Field {
    fn new(raw: &[u8], start: usize, content_end: usize, end: usize) -> Field {
        let content = raw.get(start..content_end).unwrap_or_default();
        let (name, value) = match content.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let name = content.get(..colon).unwrap_or_default().trim_ascii_end();
                (start..start + name.len(), start + colon + 1..content_end)
            }
            None => (start..start, content_end..content_end),
        };
        Field {
            line: start..end,
            name,
            value,
            joined: OnceLock::new(),
            raw_joined: OnceLock::new(),
        }
    }
}

/// Blanks around removed, each run of blanks, tabs and line ends one blank.
fn normal_value(raw: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(raw.len());
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    for word in raw.split(blank).filter(|word| !word.is_empty()) {
        if !output.is_empty() {
            output.push(b' ');
        }
        output.extend_from_slice(word);
    }
    output
}

/// Where a line's content ends, and where the next line begins.
fn line_end(raw: &[u8], start: usize) -> (usize, usize) {
    let rest = raw.get(start..).unwrap_or_default();
    let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return (raw.len(), raw.len());
    };
    let length = match rest.get(end..) {
        Some([b'\r', b'\n', ..]) => 2,
        _ => 1,
    };
    (start + end, start + end + length)
}

fn strip_line_end(lines: &[u8]) -> &[u8] {
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    lines.strip_suffix(b"\r").unwrap_or(lines)
}
