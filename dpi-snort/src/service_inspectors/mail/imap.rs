//! IMAP (RFC 9051, and RFC 3501 before it).

use super::protocol::{Literal, Next, words};

/// A dialogue of IMAP.
#[derive(Debug, Default)]
pub(super) struct Imap {
    /// The response under way has messages in its literals.
    is_fetch: bool,
    /// A literal has come in the response under way.
    is_in_response: bool,
    is_refused: bool,
}

impl Imap {
    /// A line of either end. Of one that is not whole what it begins with is not known.
    pub(super) fn line(&mut self, to_server: bool, line: &[u8], is_whole: bool) -> Next {
        let literal = literal_of(line);
        if !to_server {
            if is_whole && !self.is_in_response {
                self.is_fetch = is_fetch(line);
                self.is_refused = is_refusal(line);
            }
            self.is_in_response = literal.is_some();
        }
        match literal {
            None => Next::End,
            Some((length, waits)) => Next::Literal(Literal {
                length,
                is_message: !to_server && self.is_fetch,
                waits: to_server && waits,
            }),
        }
    }

    pub(super) fn take_refusal(&mut self) -> bool {
        std::mem::take(&mut self.is_refused)
    }
}

/// Whether a response says no to a command, and not (untagged) to none (RFC 9051 §7.1).
pub(super) fn is_refusal(line: &[u8]) -> bool {
    let mut words = words(line);
    let is_tagged = words.next().is_some_and(|tag| tag != b"*");
    let is = |word: &[u8], other: &[u8]| word.eq_ignore_ascii_case(other);
    is_tagged
        && words
            .next()
            .is_some_and(|word| is(word, b"NO") || is(word, b"BAD"))
}

/// `* 1 FETCH (` (RFC 9051 §7.5.2).
fn is_fetch(line: &[u8]) -> bool {
    let mut words = words(line);
    let (tag, _, name) = (words.next(), words.next(), words.next());
    tag == Some(b"*") && name.is_some_and(|name| name.eq_ignore_ascii_case(b"FETCH"))
}

/// The literal that a line ends with, and whether the client waits for a `+` before it:
/// `{12}`, or `{12+}` and `{12-}` (RFC 7888), or `~{12}` (RFC 3516 §4.2).
fn literal_of(line: &[u8]) -> Option<(u64, bool)> {
    let inner = line.trim_ascii_end().strip_suffix(b"}")?;
    let brace = inner.iter().rposition(|byte| *byte == b'{')?;
    let number = inner.get(brace.saturating_add(1)..)?;
    let digits = number.strip_suffix(b"+").or(number.strip_suffix(b"-"));
    let waits = digits.is_none();
    let digits = digits.unwrap_or(number);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    Some((length.parse().ok()?, waits))
}
