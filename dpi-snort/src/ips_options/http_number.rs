//! `http_num_headers:>5`, `http_num_cookies`, `http_num_trailers`, `http_max_header_line`,
//! `http_max_trailer_line` — a number that an HTTP message has.

use super::{NumberRange, OptionError};
use crate::{buffers::MessageNumber, parser::lexer::RawOption, unit::InspectionUnit};

/// A range over a number of the message under examination, or of its request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpNumber {
    number: MessageNumber,
    range: NumberRange,
    request: bool,
}

/// Option names, what they count, and the largest number that may be asked for.
const NUMBERS: [(&str, MessageNumber, i64); 5] = [
    ("http_max_header_line", MessageNumber::HeaderLine, 65_535),
    ("http_max_trailer_line", MessageNumber::TrailerLine, 65_535),
    ("http_num_cookies", MessageNumber::Cookies, 65_535),
    ("http_num_headers", MessageNumber::Headers, 200),
    ("http_num_trailers", MessageNumber::Trailers, 200),
];

/// Whether an option of this name asks for such a number.
pub(super) fn is_number(name: &str) -> bool {
    NUMBERS.iter().any(|(known, _, _)| *known == name)
}

impl HttpNumber {
    /// A range and words for other parts of a message; trailers come last, so nothing is
    /// with them. Without a range every number will do.
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<HttpNumber, OptionError> {
        let (_, number, max) = NUMBERS
            .iter()
            .find(|(name, _, _)| *name == raw.name)
            .ok_or(OptionError::Unknown)?;
        let is_last = matches!(number, MessageNumber::Trailers | MessageNumber::TrailerLine);
        let mut option = HttpNumber {
            number: *number,
            range: NumberRange::ANY,
            request: false,
        };
        for (at, arg) in raw.args.iter().enumerate() {
            arg.no_value()?;
            match arg.name() {
                "request" => option.request = true,
                "with_header" | "with_body" => {}
                "with_trailer" if !is_last => {}
                range if at == 0 => option.range = NumberRange::parse(range, 0, *max)?,
                _ => return Err(arg.unknown()),
            }
        }
        Ok(option)
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let number = unit.buffers.number(self.number, self.request);
        number
            .and_then(|number| i64::try_from(number).ok())
            .is_some_and(|number| self.range.contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, options, packet, refused, unit};

    #[test]
    fn evaluated() {
        let message = Message {
            numbers: &[(true, 3), (false, 7)],
            ..Message::default()
        };
        let packet = packet(b"");
        let on = |text: &str| holds(text, &message_unit(&packet, &message));
        for (text, expected) in [
            ("http_num_headers:7", true),
            ("http_num_headers:6", false),
            ("http_num_headers:!7", false),
            ("http_num_headers:>6", true),
            ("http_num_headers:5<>8", true),
            ("http_num_headers:3<>7", false),
            ("http_num_headers:3<=>7", true),
            ("http_num_headers:3,request", true),
            ("http_num_headers:7,request", false),
            ("http_num_cookies:7,with_body", true),
            ("http_max_header_line:<7", false),
            ("http_num_trailers:7", true),
            ("http_max_trailer_line:7", true),
            ("http_num_headers", true),
        ] {
            assert_eq!(on(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_message_has_no_numbers() {
        let packet = packet(b"GET / HTTP/1.1\r\n\r\n");
        for text in ["http_num_headers:0", "http_num_headers:!0"] {
            assert!(!holds(text, &unit(&packet)), "{text}");
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(options("http_num_headers:1; http_num_headers:1").len(), 2);
        refused(&[
            ("http_num_headers:bogus", r#""bogus" is no value for range"#),
            (
                "http_num_cookies:99999999999",
                "range must be 0 to 65535, not 99999999999",
            ),
            (
                "http_num_cookies:1,bogus 1",
                r#"unknown argument "bogus 1""#,
            ),
            ("http_num_cookies:1,bogus", r#"unknown argument "bogus""#),
            (
                "http_max_trailer_line:>1,request 1",
                r#"unknown argument "request 1""#,
            ),
            (
                "http_num_trailers:1,with_trailer",
                r#"unknown argument "with_trailer""#,
            ),
            ("http_num_headers:201", "range must be 0 to 200, not 201"),
        ]);
    }
}
