//! Forms of several parts (RFC 7578, RFC 2046 §5.1): the content of each part, its
//! transfer encoding undone.

/// Reader of one multipart body, cut at any place.
#[derive(Debug)]
pub(in crate::service_inspectors) struct Multipart {
    /// `--` and the boundary.
    delimiter: Vec<u8>,
    state: State,
    /// The start of a line that may be a delimiter, or of a part's header line.
    line: Vec<u8>,
    /// The line end that belongs to the delimiter if one follows, else to the part.
    line_end: Vec<u8>,
    encoding: Encoding,
    quantum: Vec<u8>,
    /// Bytes of the part under way have been given out.
    given: bool,
}

/// What some bytes hold of a part, decoded.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    /// These are the first bytes of the part.
    pub(super) begins: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    PartHeaders,
    /// At the start of a line.
    LineStart,
    /// Inside a line that is no delimiter.
    InLine,
    Epilogue,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    #[default]
    Plain,
    Base64,
    QuotedPrintable,
}

/// RFC 2046 §5.1.1 allows 70; some clients exceed it.
const MAX_BOUNDARY: usize = 256;
/// Bytes of a part's header line that are looked at.
const MAX_HEADER_LINE: usize = 4096;

impl Multipart {
    /// `None` for an empty or absurdly long boundary.
    pub(super) fn new(boundary: &[u8]) -> Option<Multipart> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
            return None;
        }
        Some(Multipart {
            delimiter: [b"--", boundary].concat(),
            state: State::Preamble,
            line: Vec::new(),
            line_end: Vec::new(),
            encoding: Encoding::Plain,
            quantum: Vec::new(),
            given: false,
        })
    }

    /// Takes bytes and gives back what they hold of each part, decoded, in order. A part
    /// cut by the end of the bytes is given as far as it came.
    pub(super) fn read(&mut self, data: &[u8], ends: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut content = Vec::new();
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            self.read_line(line, &mut content, &mut parts);
        }
        if ends && matches!(self.state, State::LineStart | State::InLine) {
            let held = [
                std::mem::take(&mut self.line_end),
                std::mem::take(&mut self.line),
            ]
            .concat();
            content.extend_from_slice(&held);
        }
        self.close_part(&mut content, &mut parts, ends);
        parts
    }

    pub(super) fn memory(&self) -> usize {
        self.delimiter.capacity() + self.line.capacity() + self.quantum.capacity()
    }

    /// A line, or the beginning, middle or end of one.
    fn read_line(&mut self, line: &[u8], content: &mut Vec<u8>, parts: &mut Vec<Part>) {
        let whole = line.ends_with(b"\n");
        match self.state {
            State::Epilogue => {}
            State::InLine => self.append(line, whole, content),
            State::Preamble | State::PartHeaders | State::LineStart => {
                let room = MAX_HEADER_LINE.saturating_sub(self.line.len());
                self.line
                    .extend_from_slice(line.get(..room.min(line.len())).unwrap_or_default());
                let common = self.line.len().min(self.delimiter.len());
                let possible = self.line.get(..common) == self.delimiter.get(..common);
                if self.state == State::LineStart && !possible {
                    let held = std::mem::take(&mut self.line);
                    let ended = std::mem::take(&mut self.line_end);
                    content.extend_from_slice(&ended);
                    self.state = State::InLine;
                    self.append(&held, whole, content);
                } else if whole {
                    let line = std::mem::take(&mut self.line);
                    self.finish_line(
                        &line,
                        possible && line.len() > self.delimiter.len(),
                        content,
                        parts,
                    );
                }
            }
        }
    }

    fn finish_line(
        &mut self,
        line: &[u8],
        delimiter: bool,
        content: &mut Vec<u8>,
        parts: &mut Vec<Part>,
    ) {
        if delimiter {
            self.line_end.clear();
            self.close_part(content, parts, true);
            let tail = line.get(self.delimiter.len()..).unwrap_or_default();
            self.state = if tail.starts_with(b"--") {
                State::Epilogue
            } else {
                State::PartHeaders
            };
            self.encoding = Encoding::Plain;
        } else if self.state == State::PartHeaders {
            if line.trim_ascii().is_empty() {
                self.state = State::LineStart;
            } else if let Some(encoding) = transfer_encoding(line) {
                self.encoding = encoding;
            }
        } else if self.state == State::LineStart {
            content.append(&mut self.line_end);
            self.state = State::InLine;
            self.append(line, true, content);
        }
    }

    /// Appends part content and holds back its line end.
    fn append(&mut self, line: &[u8], whole: bool, content: &mut Vec<u8>) {
        // A CR held back at a cut whose LF did not follow is content.
        let mut line = line;
        let joined;
        if !self.line_end.is_empty() {
            joined = [std::mem::take(&mut self.line_end).as_slice(), line].concat();
            line = &joined;
        }
        let text = if whole {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            text.strip_suffix(b"\r").unwrap_or(text)
        } else {
            line.strip_suffix(b"\r").unwrap_or(line)
        };
        content.extend_from_slice(text);
        self.line_end
            .extend_from_slice(line.get(text.len()..).unwrap_or_default());
        if whole {
            self.state = State::LineStart;
        }
    }

    fn close_part(&mut self, content: &mut Vec<u8>, parts: &mut Vec<Part>, ends: bool) {
        let decoded = match self.encoding {
            Encoding::Plain => std::mem::take(content),
            Encoding::Base64 => base64(&mut self.quantum, content),
            Encoding::QuotedPrintable => quoted_printable(&mut self.quantum, content, ends),
        };
        content.clear();
        if ends {
            self.quantum.clear();
        }
        if !decoded.is_empty() {
            parts.push(Part {
                bytes: decoded,
                begins: !self.given,
            });
            self.given = true;
        }
        if ends {
            self.given = false;
        }
    }
}

fn transfer_encoding(line: &[u8]) -> Option<Encoding> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    if !name
        .trim_ascii()
        .eq_ignore_ascii_case(b"content-transfer-encoding")
    {
        return None;
    }
    let value = value.get(1..)?.trim_ascii();
    Some(if value.eq_ignore_ascii_case(b"base64") {
        Encoding::Base64
    } else if value.eq_ignore_ascii_case(b"quoted-printable") {
        Encoding::QuotedPrintable
    } else {
        Encoding::Plain
    })
}

/// RFC 4648 §4; other characters are skipped, up to three digits are kept for later.
fn base64(quantum: &mut Vec<u8>, text: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding: two digits hold one byte, three hold two.
                match quantum.as_slice() {
                    [a, b] => output.push(a << 2 | b >> 4),
                    [a, b, c] => output.extend([a << 2 | b >> 4, b << 4 | c >> 2]),
                    _ => {}
                }
                quantum.clear();
                continue;
            }
            _ => continue,
        };
        quantum.push(digit);
        if let [a, b, c, d] = *quantum.as_slice() {
            output.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
            quantum.clear();
        }
    }
    output
}

/// RFC 2045 §6.7; a bad escape stays as text. An escape that may go on is kept for later.
fn quoted_printable(held: &mut Vec<u8>, text: &[u8], ends: bool) -> Vec<u8> {
    let joined = [std::mem::take(held).as_slice(), text].concat();
    let mut output = Vec::with_capacity(joined.len());
    let mut rest = joined.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        match *rest {
            [b'=', b'\r', b'\n', ..] => rest = rest.get(3..).unwrap_or_default(),
            [b'=', b'\n', ..] => rest = rest.get(2..).unwrap_or_default(),
            [b'='] | [b'=', _] if !ends => {
                held.extend_from_slice(rest);
                break;
            }
            [b'=', high, low, ..] => {
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    output.push(high << 4 | low);
                    rest = rest.get(3..).unwrap_or_default();
                } else {
                    output.push(b'=');
                    rest = tail;
                }
            }
            _ => {
                output.push(*first);
                rest = tail;
            }
        }
    }
    output
}
