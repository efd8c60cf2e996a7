//! Lines up to one that is a dot alone (RFC 5321 §4.5.2, RFC 1939 §3).

/// Finds the end, and takes off the dots that were put in front of lines which began with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dotted {
    LineStart,
    /// Behind a dot at the start of a line.
    Dot,
    /// Behind a dot and a CR.
    DotCr,
    InLine,
}

impl Dotted {
    /// Takes bytes off the front of `input`, and gives `text` what the receiver keeps of them;
    /// says how many, and whether the end was among them. A line end in front of the last dot
    /// may lack its CR, as many servers let it.
    pub(super) fn take(&mut self, input: &[u8], text: &mut Vec<u8>) -> (usize, bool) {
        let mut rest = input;
        while let Some((byte, after)) = rest.split_first() {
            *self = match (*self, byte) {
                (Dotted::LineStart, b'.') => Dotted::Dot,
                (Dotted::Dot, b'\r') => Dotted::DotCr,
                (Dotted::Dot | Dotted::DotCr, b'\n') => {
                    *self = Dotted::LineStart;
                    return (input.len().saturating_sub(after.len()), true);
                }
                (before, _) => {
                    if before == Dotted::DotCr {
                        text.push(b'\r');
                    }
                    let (line, next) = line_of(rest);
                    text.extend_from_slice(line);
                    rest = next;
                    *self = if line.ends_with(b"\n") {
                        Dotted::LineStart
                    } else {
                        Dotted::InLine
                    };
                    continue;
                }
            };
            rest = after;
        }
        (input.len(), false)
    }
}

/// Bytes to the line's end, with it, or to that of the input; and the rest.
fn line_of(input: &[u8]) -> (&[u8], &[u8]) {
    let length = memchr::memchr(b'\n', input).map_or(input.len(), |at| at.saturating_add(1));
    input.split_at_checked(length).unwrap_or((input, &[]))
}
