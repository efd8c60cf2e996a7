//! `cvs:invalid-entry` — an `Entry` line of the CVS protocol that older servers read beyond
//! its end (CVE-2004-0396, CVE-2004-0414).

use super::{Cursor, OptionError};
use crate::parser::lexer::RawOption;

/// Slashes of an entry that a server takes apart: name, version, conflict, options.
const MIN_SLASHES: usize = 4;

/// Looks for a malformed entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cvs {
    invalid_entry: bool,
}

impl Cvs {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Cvs, OptionError> {
        raw.at_most(1)?;
        for arg in &raw.args {
            arg.no_value()?;
            if arg.name() != "invalid-entry" {
                return Err(arg.unknown());
            }
        }
        Ok(Cvs {
            invalid_entry: !raw.args.is_empty(),
        })
    }

    /// Lines that are not whole are not judged.
    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> bool {
        let mut lines = cursor.data.split(|byte| *byte == b'\n');
        // What stands behind the last line end is no line.
        lines.next_back();
        self.invalid_entry && lines.any(is_invalid)
    }
}

fn is_invalid(line: &[u8]) -> bool {
    let Some(entry) = line.strip_prefix(b"Entry ") else {
        return false;
    };
    let slashes = memchr::memchr_iter(b'/', entry).count();
    !entry.starts_with(b"/") || slashes < MIN_SLASHES
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moves, refused};

    #[test]
    fn evaluated() {
        moves(&[
            ("cvs:invalid-entry", b"Entry CVS\n", 0, Some(0)),
            (
                "cvs:invalid-entry",
                b"x\nEntry /a/b\nIs-modified x\n",
                1,
                Some(1),
            ),
            ("cvs:invalid-entry", b"Entry a/b/c/d/\n", 0, Some(0)),
            ("cvs:invalid-entry", b"Entry CVS", 0, None),
            (
                "cvs:invalid-entry",
                b"Entry /a/b/c/d\nIs-modified x\n",
                0,
                None,
            ),
            (
                "cvs:invalid-entry",
                b"Entry /a/b/c/d/\nIs-modified x\n",
                0,
                None,
            ),
            ("cvs:invalid-entry", b"Entry /a/b/c/d/////////\n", 0, None),
            ("cvs:invalid-entry", b"Entries CVS\n", 0, None),
            ("cvs:invalid-entry", b"", 0, None),
            ("cvs", b"Entry CVS\n", 0, None),
        ]);
    }

    #[test]
    fn refusals() {
        refused(&[
            ("cvs:valid-entry", r#"unknown argument "valid-entry""#),
            ("cvs:invalid-entry,bogus 1", r#"unknown argument "bogus""#),
            (
                "cvs:invalid-entry 1",
                r#"unknown argument "invalid-entry 1""#,
            ),
            ("cvs:INVALID-ENTRY", r#"unknown argument "INVALID-ENTRY""#),
        ]);
    }
}
