//! An error with its causes in one line.

use std::error::Error;

/// The error and every cause that its text does not quote already, in one line: whoever
/// reads it has thing, place and remedy before the eyes.
pub fn error_line(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line.replace('\n', " ")
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
}
