//! `sd_pattern:"credit_card",threshold 2` — personal data in the current buffer.

use dpi_match::pcre::{Options, Regex};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{Context, Cursor, OptionError, args, content::to_usize};
use crate::parser::lexer::RawOption;

/// Data of a kind, and how many of them must be there.
#[derive(Clone, Debug)]
pub struct SdPattern {
    regex: Arc<Regex>,
    kind: Kind,
    threshold: usize,
}

/// What more than its shape makes a match one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Luhn's check digit (ISO/IEC 7812-1 annex B).
    CreditCard,
    /// An area, group and serial that are given out.
    UsSocial,
    Other,
}

/// Between digits that belong to the number and others: none may touch it.
const CREDIT_CARD: &[u8] =
    br"(?<!\d)\d{4}(?:[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}|[ -]?\d{6}[ -]?\d{5})(?!\d)";
const US_SOCIAL: &[u8] = br"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)";
const US_SOCIAL_NODASHES: &[u8] = br"(?<!\d)\d{9}(?!\d)";
const EMAIL: &[u8] =
    br"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z]{2,24}(?!\w)";
const US_PHONE: &[u8] = br"(?<!\d)(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}[-. ]?)\d{3}[-. ]?\d{4}(?!\d)";

/// Two are equal that share an expression: comparing the texts of all is not worth it.
impl PartialEq for SdPattern {
    fn eq(&self, other: &SdPattern) -> bool {
        Arc::ptr_eq(&self.regex, &other.regex)
            && self.kind == other.kind
            && self.threshold == other.threshold
    }
}

impl Eq for SdPattern {}

impl Hash for SdPattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.regex).hash(state);
    }
}

impl SdPattern {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<SdPattern, OptionError> {
        let Some((first, modifiers)) = raw.args.split_first() else {
            return Err(OptionError::Missing {
                argument: "pattern",
            });
        };
        first.no_value()?;
        if first.word.negated {
            return Err(OptionError::Negated);
        }
        let mut threshold = 1;
        for modifier in modifiers {
            match modifier.name() {
                "threshold" => {
                    let text = modifier.required("threshold")?;
                    threshold = args::bounded(text, "threshold", 1, i64::from(u32::MAX))?;
                }
                _ => return Err(modifier.unknown()),
            }
        }
        let (pattern, kind) = match first.word.bytes {
            b"credit_card" => (CREDIT_CARD, Kind::CreditCard),
            b"us_social" => (US_SOCIAL, Kind::UsSocial),
            b"us_social_nodashes" => (US_SOCIAL_NODASHES, Kind::UsSocial),
            b"email" => (EMAIL, Kind::Other),
            b"us_phone" => (US_PHONE, Kind::Other),
            own => (own, Kind::Other),
        };
        Ok(SdPattern {
            regex: Arc::new(Regex::new(pattern, Options::default())?),
            kind,
            threshold: to_usize(threshold),
        })
    }

    /// Whether there are as many as wanted from the cursor on; goes behind the last of them.
    pub(super) fn evaluate(&self, cursor: &mut Cursor<'_>, context: &mut Context<'_, '_>) -> bool {
        let mut from = cursor.pos;
        let mut count = 0usize;
        while from <= cursor.data.len() {
            let found = match self.regex.find_at(cursor.data, from, context.pcre) {
                Ok(Some(found)) => found,
                Ok(None) => return false,
                Err(_) => {
                    *context.pcre_limit_hits = context.pcre_limit_hits.saturating_add(1);
                    return false;
                }
            };
            let bytes = cursor.data.get(found.start..found.end).unwrap_or_default();
            if self.kind.is_valid(bytes) {
                count = count.saturating_add(1);
                if count >= self.threshold {
                    cursor.pos = found.end;
                    return true;
                }
            }
            // Also behind an empty match the next one begins further on.
            from = found.end.max(from.saturating_add(1));
        }
        false
    }
}

impl Kind {
    fn is_valid(self, bytes: &[u8]) -> bool {
        let digits = bytes
            .iter()
            .filter_map(|byte| char::from(*byte).to_digit(10));
        match self {
            Kind::CreditCard => is_issued(bytes) && has_check_digit(digits),
            Kind::UsSocial => is_social(digits),
            Kind::Other => true,
        }
    }
}

/// Whether the number begins as those of American Express (15 digits), Visa, Mastercard and
/// Discover (16).
fn is_issued(bytes: &[u8]) -> bool {
    let count = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    match bytes {
        [b'3', b'4' | b'7', ..] => count == 15,
        [b'4' | b'5', ..] | [b'6', b'0' | b'4' | b'5', ..] | [b'2', b'2'..=b'7', ..] => count == 16,
        _ => false,
    }
}

fn has_check_digit(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = if place % 2 == 1 {
                digit.saturating_mul(2)
            } else {
                digit
            };
            if doubled > 9 {
                doubled.saturating_sub(9)
            } else {
                doubled
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Area 000, 666 and from 900 on, group 00 and serial 0000 are not given out (20 CFR 422.103).
fn is_social(digits: impl Iterator<Item = u32>) -> bool {
    let number = digits.fold(0u32, |number, digit| {
        number.saturating_mul(10).saturating_add(digit)
    });
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            (
                r#"sd_pattern:"credit_card""#,
                b"a 4111-1111-1111-1111 b",
                0,
                Some(21),
            ),
            (
                r#"sd_pattern:"credit_card""#,
                b"4111111111111111",
                0,
                Some(16),
            ),
            (
                r#"sd_pattern:"credit_card""#,
                b"4111 1111 1111 1111",
                0,
                Some(19),
            ),
            (
                r#"sd_pattern:"credit_card""#,
                b"378282246310005",
                0,
                Some(15),
            ),
            (r#"sd_pattern:"credit_card""#, b"4111111111111112", 0, None),
            (r#"sd_pattern:"credit_card""#, b"9111111111111119", 0, None),
            (r#"sd_pattern:"credit_card""#, b"41111111111111110", 0, None),
            (
                r#"sd_pattern:"credit_card",threshold 2"#,
                b"4111111111111111 4111-1111-1111-1111",
                0,
                Some(36),
            ),
            (
                r#"sd_pattern:"credit_card",threshold 2"#,
                b"4111111111111111",
                0,
                None,
            ),
            (r#"sd_pattern:"us_social""#, b"x 123-45-6789", 0, Some(13)),
            (r#"sd_pattern:"us_social""#, b"000-45-6789", 0, None),
            (r#"sd_pattern:"us_social""#, b"666-12-1234", 0, None),
            (r#"sd_pattern:"us_social""#, b"900-12-1234", 0, None),
            (r#"sd_pattern:"us_social""#, b"123-00-1234", 0, None),
            (r#"sd_pattern:"us_social""#, b"123-45-0000", 0, None),
            (r#"sd_pattern:"us_social""#, b"123456789", 0, None),
            (r#"sd_pattern:"us_social""#, b"1123-45-6789", 0, None),
            (
                r#"sd_pattern:"us_social_nodashes""#,
                b"123456789 x",
                0,
                Some(9),
            ),
            (r#"sd_pattern:"us_social_nodashes""#, b"1234567890", 0, None),
            (
                r#"sd_pattern:"us_social_nodashes""#,
                b"123-45-6789",
                0,
                None,
            ),
            (
                r#"sd_pattern:"email""#,
                b"to someone@example.com.",
                0,
                Some(22),
            ),
            (r#"sd_pattern:"email""#, b"a@b", 0, None),
            (r#"sd_pattern:"us_phone""#, b"(555) 123-4567", 0, Some(14)),
            (r#"sd_pattern:"us_phone""#, b"555-123-4567", 0, Some(12)),
            (r#"sd_pattern:"us_phone""#, b"123-45-6789", 0, None),
            (r#"sd_pattern:"us_phone""#, b"4111111111111112", 0, None),
            (r#"sd_pattern:"\d{3}-\d{2}""#, b"a 666-12-1234", 0, Some(8)),
            (r#"sd_pattern:"foo""#, b"a foo", 0, Some(5)),
            (r#"sd_pattern:"foo",threshold 2"#, b"foo foo", 0, Some(7)),
            (r#"sd_pattern:"foo""#, b"a foo", 3, None),
            (r#"sd_pattern:"x*",threshold 3"#, b"ab", 0, Some(2)),
            (r#"sd_pattern:"x*",threshold 4"#, b"ab", 0, None),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("sd_pattern", "missing argument: pattern"),
            (r#"sd_pattern:!"email""#, "this option cannot be negated"),
            (
                r#"sd_pattern:"email",threshold 0"#,
                "threshold must be 1 to 4294967295, not 0",
            ),
            (r#"sd_pattern:"email",threshold"#, "threshold needs a value"),
            (
                r#"sd_pattern:"email",limit 2"#,
                r#"unknown argument "limit""#,
            ),
            (r#"sd_pattern:"email" 5"#, r#"unknown argument "email 5""#),
        ]);
    }
}
