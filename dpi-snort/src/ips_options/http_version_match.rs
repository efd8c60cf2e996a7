//! `http_version_match:"1.0 1.1"` — the version of an HTTP message is one of a list.

use super::OptionError;
use crate::{
    buffers::{BufferId, BufferSelector, MessageNumber},
    parser::lexer::RawOption,
    unit::InspectionUnit,
};

/// A set of versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpVersionMatch {
    versions: Vec<Version>,
    version: BufferSelector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Version {
    /// `HTTP/` and then no version.
    Malformed,
    /// A version that nobody defined.
    Other,
    /// A request line without a version.
    Http09,
    Http10,
    Http11,
    Http2,
    Http3,
}

/// The words of the option.
const WORDS: [(&str, Version); 7] = [
    ("malformed", Version::Malformed),
    ("other", Version::Other),
    ("0.9", Version::Http09),
    ("1.0", Version::Http10),
    ("1.1", Version::Http11),
    ("2.0", Version::Http2),
    ("3.0", Version::Http3),
];

impl HttpVersionMatch {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<HttpVersionMatch, OptionError> {
        let mut option = HttpVersionMatch {
            versions: Vec::new(),
            version: BufferSelector::whole(BufferId::HttpVersion),
        };
        for (at, arg) in raw.args.iter().enumerate() {
            match arg.name() {
                "request" => option.version.request = true,
                "with_header" | "with_body" | "with_trailer" => {}
                words if at == 0 => {
                    let more = arg.value.map_or("", |value| value.text());
                    option.add(words)?;
                    option.add(more)?;
                    continue;
                }
                _ => return Err(arg.unknown()),
            }
            arg.no_value()?;
        }
        Ok(option)
    }

    /// Adds versions that blanks separate.
    fn add(&mut self, words: &str) -> Result<(), OptionError> {
        for word in words.split_whitespace() {
            let known = WORDS.iter().find(|(name, _)| *name == word);
            let (_, version) = known.ok_or_else(|| OptionError::BadValue {
                argument: "versions",
                found: word.into(),
            })?;
            self.versions.push(*version);
        }
        Ok(())
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        // A message without a version has no such buffer; what is no message has no headers.
        let buffers = unit.buffers;
        if buffers
            .number(MessageNumber::Headers, self.version.request)
            .is_none()
        {
            return false;
        }
        let version = buffers
            .buffer(&self.version)
            .map_or(Version::Http09, version);
        self.versions.contains(&version)
    }
}

/// RFC 9112 §2.3, in any case. What does not begin with `HTTP/` and ends after another three
/// bytes is no version: to Snort the line has none.
fn version(text: &[u8]) -> Version {
    let Some((name, [major, dot, minor])) = text.split_at_checked(5) else {
        return Version::Http09;
    };
    if !name.eq_ignore_ascii_case(b"HTTP/") {
        return Version::Http09;
    }
    match (major, dot, minor) {
        (b'1', b'.', b'0') => Version::Http10,
        (b'1', b'.', b'1') => Version::Http11,
        (b'2', b'.', b'0') => Version::Http2,
        (b'3', b'.', b'0') => Version::Http3,
        (b'0'..=b'9', b'.', b'0'..=b'9') => Version::Other,
        _ => Version::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, options, packet, refused, unit};

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        for (text, version, expected) in [
            ("1.0", Some(&b"HTTP/1.0"[..]), true),
            ("1.1", Some(b"HTTP/1.0"), false),
            ("1.0 1.1", Some(b"HTTP/1.1"), true),
            ("1.1", Some(b"http/1.1"), true),
            ("2.0", Some(b"HTTP/2.0"), true),
            ("other", Some(b"HTTP/0.9"), true),
            ("0.9", Some(b"HTTP/0.9"), false),
            ("other", Some(b"HTTP/1.2"), true),
            ("malformed", Some(b"HTTP/1.2"), false),
            ("malformed", Some(b"HTTP/1,1"), true),
            ("0.9", Some(b"HTTP/1"), true),
            ("0.9", Some(b"HTTPX1.1"), true),
            ("0.9", None, true),
            ("malformed other 1.0 1.1 2.0 3.0", None, false),
        ] {
            let message = Message {
                numbers: &[(true, 1), (false, 1)],
                field: version,
                ..Message::default()
            };
            let text = format!("http_version_match:\"{text}\"");
            let unit = message_unit(&packet, &message);
            assert_eq!(holds(&text, &unit), expected, "{text} on {version:?}");
        }
    }

    #[test]
    fn what_is_no_message_has_no_version() {
        let packet = packet(b"GET /\r\n");
        assert!(!holds("http_version_match:\"0.9\"", &unit(&packet)));
    }

    #[test]
    fn refusals() {
        assert_eq!(options("http_version_match:1.1,request").len(), 1);
        refused(&[
            (
                "http_version_match:bogus",
                r#""bogus" is no value for versions"#,
            ),
            (
                "http_version_match:\"1.1 1.4\"",
                r#""1.4" is no value for versions"#,
            ),
            (
                "http_version_match:1.1,bogus",
                r#"unknown argument "bogus""#,
            ),
        ]);
    }
}
