//! From the bytes of a message or form to the content of its parts (RFC 2046 §5.1).

use super::{
    content_type::{media_type, parameter},
    transfer_encoding::Decoder,
};

/// Reader of one message or form, cut at any place.
#[derive(Debug)]
pub(in crate::service_inspectors) struct MimeReader {
    wanted: Wanted,
    /// `--` and the boundary; empty until a header has told.
    delimiter: Vec<u8>,
    state: State,
    /// The start of a line that may be a delimiter, or of a header field with the lines that
    /// it is folded over.
    line: Vec<u8>,
    /// The line end that belongs to the delimiter if one follows, else to the part.
    line_end: Vec<u8>,
    header: Header,
    decoder: Decoder,
    /// Bytes of the part under way have been given out.
    given: bool,
    limit_hit: Option<&'static str>,
}

/// Which content is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service_inspectors) enum Wanted {
    /// That of parts alone.
    Parts,
    /// Also that of a message which has no parts, but says how it is encoded.
    PartsOrBody,
}

/// What some bytes hold of a part, decoded.
#[derive(Clone, Debug)]
pub(in crate::service_inspectors) struct Part {
    pub(in crate::service_inspectors) bytes: Vec<u8>,
    /// These are the first bytes of the part.
    pub(in crate::service_inspectors) begins: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    MessageHeader,
    Preamble,
    PartHeader,
    /// At the start of a line.
    LineStart,
    /// Inside a line that is no delimiter.
    InLine,
    /// Behind the last part, or in a message without parts: nothing more is given out.
    Epilogue,
}

/// What the fields of a header have told so far.
#[derive(Debug, Default)]
struct Header {
    /// By Content-Transfer-Encoding.
    encoding: Option<Decoder>,
    boundary: Option<Vec<u8>>,
    /// The line that comes next goes on with one that was cut.
    is_in_line: bool,
}

/// RFC 2046 §5.1.1 allows 70; some clients exceed it.
const MAX_BOUNDARY: usize = 256;
/// Bytes of a header field that are looked at.
const MAX_FIELD: usize = 4096;

impl MimeReader {
    /// A form, whose header has told the boundary; `None` for an empty or absurdly long one.
    pub(in crate::service_inspectors) fn form(boundary: &[u8]) -> Option<MimeReader> {
        let mut reader = MimeReader::message(Wanted::Parts);
        reader.delimiter = delimiter(boundary)?;
        reader.state = State::Preamble;
        Some(reader)
    }

    /// A message, from the first line of its header on.
    pub(in crate::service_inspectors) fn message(wanted: Wanted) -> MimeReader {
        MimeReader {
            wanted,
            delimiter: Vec::new(),
            state: State::MessageHeader,
            line: Vec::new(),
            line_end: Vec::new(),
            header: Header::default(),
            decoder: Decoder::default(),
            given: false,
            limit_hit: None,
        }
    }

    /// Takes bytes and gives back what they hold of each part, decoded, in order. A part
    /// cut by the end of the bytes is given as far as it came.
    pub(in crate::service_inspectors) fn read(&mut self, data: &[u8], ends: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut content = Vec::new();
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            self.read_line(line, &mut content, &mut parts);
        }
        if ends && self.state == State::LineStart && self.is_delimiter() {
            self.delimit(&mut content, &mut parts);
        } else if ends && matches!(self.state, State::LineStart | State::InLine) {
            content.append(&mut self.line_end);
            content.append(&mut self.line);
        }
        self.close_part(&mut content, &mut parts, ends);
        parts
    }

    /// Bytes are missing here: a line or an escape that they cut is not put together.
    pub(in crate::service_inspectors) fn gap(&mut self) {
        self.line.clear();
        self.decoder.gap();
    }

    /// The label of a limit hit since the last call.
    pub(in crate::service_inspectors) fn limit_hit(&mut self) -> Option<&'static str> {
        self.limit_hit.take()
    }

    /// Heap bytes held.
    pub(in crate::service_inspectors) fn memory(&self) -> usize {
        let boundary = self.header.boundary.as_ref().map_or(0, Vec::capacity);
        let held = self.line.capacity() + self.decoder.memory();
        self.delimiter.capacity() + boundary + held
    }

    /// A line, or the beginning, middle or end of one.
    fn read_line(&mut self, line: &[u8], content: &mut Vec<u8>, parts: &mut Vec<Part>) {
        match self.state {
            State::Epilogue => {}
            State::InLine => self.append(line, content),
            State::MessageHeader | State::PartHeader => self.read_header(line, content, parts),
            State::Preamble | State::LineStart => self.read_start(line, content, parts),
        }
    }

    /// A line of a header. A field is read once the next one begins, since it may be folded
    /// (RFC 5322 §2.2.3).
    fn read_header(&mut self, line: &[u8], content: &mut Vec<u8>, parts: &mut Vec<Part>) {
        let whole = line.ends_with(b"\n");
        let begins = !std::mem::replace(&mut self.header.is_in_line, !whole);
        if begins && !matches!(line.first(), Some(b' ' | b'\t')) {
            self.end_field();
        }
        if line.len() > self.room() {
            self.limit_hit = Some("mime_header_length");
        }
        self.line.extend(line.iter().take(self.room()));
        if whole && self.line.trim_ascii().is_empty() {
            self.line.clear();
            self.end_header();
        } else if whole && self.is_delimiter() {
            self.delimit(content, parts);
        }
    }

    /// Reads the field that is held.
    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.line);
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            return;
        };
        let (name, value) = field.split_at_checked(colon).unwrap_or_default();
        let name = name.trim_ascii();
        let value = value.get(1..).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            let is_token = |byte: &u8| byte.is_ascii_graphic() && *byte != b';' && *byte != b'(';
            let value = value.trim_ascii();
            let length = value.iter().take_while(|byte| is_token(byte)).count();
            self.header.encoding = value.get(..length).map(Decoder::new);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let is_multipart = media_type(value)
                .get(..10)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
            self.header.boundary = parameter(value, b"boundary")
                .filter(|_| is_multipart)
                .map(<[u8]>::to_vec);
        }
    }

    /// The empty line behind a header.
    fn end_header(&mut self) {
        let Header {
            encoding, boundary, ..
        } = std::mem::take(&mut self.header);
        let of_message = self.state == State::MessageHeader;
        let boundary = boundary.filter(|_| of_message);
        if let Some(boundary) = boundary {
            self.delimiter = delimiter(&boundary).unwrap_or_default();
            self.state = State::Preamble;
            if self.delimiter.is_empty() {
                self.limit_hit = Some("mime_boundary_length");
                self.state = State::Epilogue;
            }
        } else if !of_message || (encoding.is_some() && self.wanted == Wanted::PartsOrBody) {
            self.decoder = encoding.unwrap_or_default();
            self.state = State::LineStart;
        } else {
            self.state = State::Epilogue;
        }
    }

    /// A line that may be a delimiter.
    fn read_start(&mut self, line: &[u8], content: &mut Vec<u8>, parts: &mut Vec<Part>) {
        let whole = line.ends_with(b"\n");
        let held = self.line.len();
        self.line.extend(line.iter().take(self.room()));
        if self.state == State::LineStart && !self.may_be_delimiter() {
            self.line.truncate(held);
            let held = std::mem::take(&mut self.line);
            content.append(&mut self.line_end);
            content.extend_from_slice(&held);
            self.state = State::InLine;
            self.append(line, content);
        } else if whole && self.is_delimiter() {
            self.delimit(content, parts);
        } else if whole {
            self.line.clear();
        }
    }

    /// Bytes that may still be held of a line or field.
    fn room(&self) -> usize {
        MAX_FIELD.saturating_sub(self.line.len())
    }

    fn may_be_delimiter(&self) -> bool {
        let common = self.line.len().min(self.delimiter.len());
        !self.delimiter.is_empty() && self.line.get(..common) == self.delimiter.get(..common)
    }

    fn is_delimiter(&self) -> bool {
        self.may_be_delimiter() && self.line.len() > self.delimiter.len()
    }

    /// The line that is held ends what was before it.
    fn delimit(&mut self, content: &mut Vec<u8>, parts: &mut Vec<Part>) {
        let line = std::mem::take(&mut self.line);
        self.line_end.clear();
        self.close_part(content, parts, true);
        let tail = line.get(self.delimiter.len()..).unwrap_or_default();
        self.state = if tail.starts_with(b"--") {
            State::Epilogue
        } else {
            State::PartHeader
        };
        self.header = Header::default();
        self.decoder = Decoder::default();
    }

    /// Appends part content and holds back its line end.
    fn append(&mut self, line: &[u8], content: &mut Vec<u8>) {
        // A CR held back at a cut whose LF did not follow is content.
        let mut line = line;
        let joined;
        if !self.line_end.is_empty() {
            joined = [std::mem::take(&mut self.line_end).as_slice(), line].concat();
            line = &joined;
        }
        let whole = line.ends_with(b"\n");
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        content.extend_from_slice(text);
        self.line_end
            .extend_from_slice(line.get(text.len()..).unwrap_or_default());
        if whole {
            self.state = State::LineStart;
        }
    }

    fn close_part(&mut self, content: &mut Vec<u8>, parts: &mut Vec<Part>, ends: bool) {
        let bytes = self.decoder.decode(std::mem::take(content), ends);
        if !bytes.is_empty() {
            parts.push(Part {
                bytes,
                begins: !self.given,
            });
            self.given = true;
        }
        if ends {
            self.given = false;
        }
    }
}

/// What a delimiter begins with; `None` for an empty or absurdly long boundary.
fn delimiter(boundary: &[u8]) -> Option<Vec<u8>> {
    let is_usable = !boundary.is_empty() && boundary.len() <= MAX_BOUNDARY;
    is_usable.then(|| [b"--", boundary].concat())
}
