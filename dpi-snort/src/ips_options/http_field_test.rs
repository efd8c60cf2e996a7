//! `http_header_test:field max-forwards,check >10` and `http_trailer_test` — whether a field
//! is there, is a number, and which.

use super::{NumberRange, OptionError, buffer};
use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, MessageNumber},
    parser::lexer::RawOption,
    unit::InspectionUnit,
};

/// What is asked of a field; all of it must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpFieldTest {
    field: BufferSelector,
    check: Option<NumberRange>,
    numeric: Option<bool>,
    absent: bool,
}

/// The largest number of eighteen digits: longer ones are no numbers to Snort.
const MAX: i64 = 999_999_999_999_999_999;

impl HttpFieldTest {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<HttpFieldTest, OptionError> {
        let id = if raw.name == "http_trailer_test" {
            BufferId::HttpTrailer
        } else {
            BufferId::HttpHeader
        };
        let mut test = HttpFieldTest {
            field: BufferSelector::whole(id),
            check: None,
            numeric: None,
            absent: false,
        };
        for arg in &raw.args {
            match arg.name() {
                "field" => test.field.part = buffer::field(arg)?,
                "check" => {
                    test.check = Some(NumberRange::parse(arg.required("check")?, 0, MAX)?);
                }
                "numeric" => test.numeric = Some(boolean(arg.required("numeric")?)?),
                "absent" => {
                    arg.no_value()?;
                    test.absent = true;
                }
                "request" => {
                    arg.no_value()?;
                    test.field.request = true;
                }
                "with_header" | "with_body" | "with_trailer" => arg.no_value()?,
                _ => return Err(arg.unknown()),
            }
        }
        if test.field.part == BufferPart::Whole {
            return Err(OptionError::Missing { argument: "field" });
        }
        match (test.check.is_some() || test.numeric.is_some(), test.absent) {
            (false, false) => Err(OptionError::Missing {
                argument: "check, numeric or absent",
            }),
            (true, true) => Err(OptionError::Conflict {
                a: "absent",
                b: "check or numeric",
            }),
            _ => Ok(test),
        }
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        let lines = match self.field.id {
            BufferId::HttpTrailer => MessageNumber::Trailers,
            _ => MessageNumber::Headers,
        };
        // Without lines to look at nothing is absent either.
        if unit.buffers.number(lines, self.field.request).is_none() {
            return false;
        }
        let Some(value) = unit.buffers.field(&self.field) else {
            return self.absent;
        };
        let number = decimal(value);
        !self.absent
            && self.numeric.is_none_or(|wanted| wanted == number.is_some())
            && self
                .check
                .is_none_or(|range| number.is_some_and(|number| range.contains(number)))
    }
}

fn boolean(text: &str) -> Result<bool, OptionError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(OptionError::BadValue {
            argument: "numeric",
            found: text.into(),
        }),
    }
}

/// A number of digits alone, leading zeros included.
fn decimal(value: &[u8]) -> Option<i64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    text.parse().ok().filter(|number| *number <= MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        for (text, value, expected) in [
            ("check 12", Some(&b"12"[..]), true),
            ("check =12", Some(b"12"), true),
            ("check !12", Some(b"12"), false),
            ("check >11", Some(b"012"), true),
            ("check 10<>13", Some(b"12"), true),
            ("check <12", Some(b"12"), false),
            ("check 12", Some(b"12a"), false),
            ("check !12", Some(b"abc"), false),
            ("check !12", None, false),
            ("check >11", Some(b"-5"), false),
            ("check >11", Some(b"99999999999999999999"), false),
            ("numeric true", Some(b"12"), true),
            ("numeric false", Some(b"12"), false),
            ("numeric false", Some(b"abc"), true),
            ("numeric false", Some(b"-5"), true),
            ("numeric false", Some(b"99999999999999999999"), true),
            ("numeric true", None, false),
            ("numeric false", None, false),
            ("numeric true", Some(b""), false),
            ("absent", Some(b""), false),
            ("absent", None, true),
            ("absent", Some(b"12"), false),
            ("check >=12,numeric true", Some(b"012"), true),
            ("check >=12,numeric true", Some(b"11"), false),
        ] {
            for name in ["http_header_test", "http_trailer_test"] {
                let message = Message {
                    numbers: &[(true, 1), (false, 1)],
                    field: value,
                    ..Message::default()
                };
                let text = format!("{name}:field max-forwards,{text}");
                let unit = message_unit(&packet, &message);
                assert_eq!(holds(&text, &unit), expected, "{text} on {value:?}");
            }
        }
    }

    #[test]
    fn nothing_is_absent_from_what_is_no_message() {
        let packet = packet(b"GET / HTTP/1.1\r\n\r\n");
        assert!(!holds("http_header_test:field host,absent", &unit(&packet)));
    }

    #[test]
    fn refusals() {
        refused(&[
            ("http_trailer_test", "missing argument: field"),
            ("http_header_test:check 1", "missing argument: field"),
            (
                "http_header_test:field host",
                "missing argument: check, numeric or absent",
            ),
            (
                "http_header_test:field host,check 1,bogus 1",
                r#"unknown argument "bogus""#,
            ),
            (
                "http_header_test:field host,numeric perhaps",
                r#""perhaps" is no value for numeric"#,
            ),
            ("http_header_test:field host,check", "check needs a value"),
            (
                "http_header_test:field host,absent,numeric true",
                "absent cannot stand with check or numeric",
            ),
            (
                "http_header_test:field host,absent 1",
                r#"unknown argument "absent 1""#,
            ),
        ]);
    }
}
