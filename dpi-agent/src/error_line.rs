//! An error with its causes in one line.

use std::error::Error;

/// The error and every cause that its text does not quote already, in one line: whoever
/// reads it has thing, place and remedy before the eyes. Of a long text, such as the kernel's
/// account of why it refuses a program, the beginning and the end.
pub fn error_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&ends_of(text));
        }
        cause = error.source();
    }
    line.replace('\n', " ")
}

/// `text` without its middle, if it is long: the verifier's log begins with what was called and
/// ends with what is wrong, and has up to a megabyte in between.
fn ends_of(text: String) -> String {
    const BEGINNING: usize = 256;
    const END: usize = 768;
    if text.len() <= BEGINNING + END {
        return text;
    }
    let mut from = text.len() - END;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let end = text.get(from..).unwrap_or_default().to_owned();
    let left_out = from - BEGINNING;
    format!(
        "{} … ({left_out} bytes left out) … {end}",
        cut(text, BEGINNING)
    )
}

/// As much of `text` as fits `most` bytes, in whole characters.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("file a: {0}; make room")]
        Quotes(#[source] std::io::Error),
        #[error("file b\nis bad")]
        Silent(#[source] std::io::Error),
    }

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("disk full");
        for (error, expected) in [
            (Outer::Quotes(cause()), "file a: disk full; make room"),
            (Outer::Silent(cause()), "file b is bad: disk full"),
        ] {
            assert_eq!(error_line(&error), expected);
        }
    }

    #[test]
    fn of_a_long_cause_the_ends_are_told() {
        let log = format!(
            "refused: {}é{} the last word",
            "a".repeat(400),
            "b".repeat(900)
        );
        let line = error_line(&Outer::Silent(std::io::Error::other(log)));
        assert!(line.starts_with("file b is bad: refused: aaa"), "{line}");
        assert!(line.contains(" bytes left out) … bbb"), "{line}");
        assert!(line.ends_with("bbb the last word"), "{line}");
        assert!(line.len() < 1200, "{}", line.len());
        // A border within a character.
        for width in 0..4 {
            let log = format!("{}{}", "x".repeat(width), "é".repeat(1000));
            error_line(&Outer::Silent(std::io::Error::other(log)));
        }
    }
}
