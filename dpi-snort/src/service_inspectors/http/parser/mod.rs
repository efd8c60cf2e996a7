//! Bytes of one direction into the pieces of HTTP/1 messages (RFC 9112): heads,
//! body data freed of its framing, trailers. Incremental at any byte; it knows
//! nothing of what the fields mean, save what its caller tells it by [`Framing`].

mod chunks;

use crate::{
    builtin::{BuiltinEvent, EventSet},
    config::Config,
};

use super::start_line::{self, Look};
use chunks::ChunkSize;

/// Which kind of messages a direction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response,
}

/// A piece of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A start line and its header lines, line ends included, without the empty line.
    /// The caller answers with [`Parser::start_body`].
    Head(Vec<u8>),
    /// Body bytes without chunk framing.
    Body {
        /// The bytes.
        data: &'a [u8],
        /// Whether the declared length ends with them.
        last: bool,
    },
    /// What was taken for the size of a chunk and is none: body bytes as well.
    NoSize(Vec<u8>),
    /// Trailer lines, line ends included, without the empty line.
    Trailers(Vec<u8>),
    /// The message is complete.
    End,
}

/// How the end of a body is found (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service_inspectors) enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// All that comes.
    UntilClose,
}

/// Why a direction cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseError {
    #[error("not a start line")]
    StartLine,
    #[error("start line longer than http_max_start_line")]
    StartLineLength,
    #[error("header section longer than http_max_headers")]
    HeaderLength,
    #[error("more header lines than http_max_header_lines")]
    HeaderLines,
}

impl ParseError {
    /// The counter's label.
    pub(super) fn reason(self) -> &'static str {
        match self {
            ParseError::StartLine => "http_not_a_start_line",
            ParseError::StartLineLength => "http_max_start_line",
            ParseError::HeaderLength => "http_max_headers",
            ParseError::HeaderLines => "http_max_header_lines",
        }
    }
}

/// Reader of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parser {
    kind: Kind,
    state: State,
    /// The lines of an unfinished head or trailer section, or of a chunk size.
    buffer: Vec<u8>,
    /// Where in `buffer` the unfinished line begins.
    line_start: usize,
    /// Finished lines in `buffer`.
    lines: usize,
    noted: Noted,
}

/// What was found odd so far. It is no part of where a reader stands, so that all are equal.
#[derive(Clone, Copy, Debug, Default, Eq)]
struct Noted(EventSet);

impl PartialEq for Noted {
    fn eq(&self, _other: &Noted) -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    /// A head was given out, its framing is not known yet.
    Pending,
    Length(u64),
    UntilClose,
    ChunkSize(ChunkSize),
    ChunkData(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    Trailers,
    End,
}

impl Parser {
    pub(super) fn new(kind: Kind) -> Parser {
        Parser {
            kind,
            state: State::Head,
            buffer: Vec::new(),
            line_start: 0,
            lines: 0,
            noted: Noted::default(),
        }
    }

    /// What was found odd since the last call.
    pub(super) fn take_oddities(&mut self) -> EventSet {
        std::mem::take(&mut self.noted).0
    }

    fn note(&mut self, event: BuiltinEvent) {
        self.noted.0.insert(event);
    }

    /// Takes bytes off the front of `input` until a piece is complete; `None` when more
    /// bytes are needed, then `input` is empty.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ParseError> {
        loop {
            match self.state {
                State::Pending => return Ok(None),
                State::End => {
                    self.state = State::Head;
                    return Ok(Some(Piece::End));
                }
                _ if input.is_empty() => return Ok(None),
                State::Head => return self.head(input, config),
                State::Length(left) => return Ok(Some(self.sized(input, left))),
                State::UntilClose => {
                    let data = std::mem::take(input);
                    return Ok(Some(Piece::Body { data, last: false }));
                }
                State::ChunkSize(size) => {
                    if let Some(piece) = self.chunk_size(input, size) {
                        return Ok(Some(piece));
                    }
                }
                State::ChunkData(left) => {
                    let data = take(input, left);
                    let left = left - data.len() as u64;
                    self.state = if left == 0 {
                        State::ChunkEnd
                    } else {
                        State::ChunkData(left)
                    };
                    return Ok(Some(Piece::Body { data, last: false }));
                }
                State::ChunkEnd => self.chunk_end(input),
                State::Trailers => {
                    if let Some(piece) = self.trailers(input, config)? {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// How the body of the head just given out ends.
    pub(super) fn start_body(&mut self, framing: Framing) {
        self.state = match framing {
            Framing::None | Framing::Length(0) => State::End,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize(ChunkSize::default()),
            Framing::UntilClose => State::UntilClose,
        };
    }

    /// Skips bytes that were lost; false if what follows them cannot be placed.
    pub(super) fn skip(&mut self, lost: u64) -> bool {
        self.state = match self.state {
            State::Length(left) if left > lost => State::Length(left - lost),
            State::Length(left) if left == lost => State::End,
            State::ChunkData(left) if left > lost => State::ChunkData(left - lost),
            State::ChunkData(left) if left == lost => State::ChunkEnd,
            State::UntilClose => State::UntilClose,
            _ => return false,
        };
        true
    }

    /// Forgets what is half read and gives back the lines of an unfinished head.
    pub(super) fn reset(&mut self) -> Vec<u8> {
        self.state = State::Head;
        self.line_start = 0;
        self.lines = 0;
        std::mem::take(&mut self.buffer)
    }

    /// The unfinished head at the end of the stream, if there is more of it than a word.
    pub(super) fn unfinished_head(&mut self) -> Option<Vec<u8>> {
        let is_head = self.state == State::Head
            && (self.lines > 0 || start_line::is_begun(self.kind, &self.buffer));
        is_head.then(|| self.reset())
    }

    pub(super) fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    fn head<'a>(
        &mut self,
        input: &mut &'a [u8],
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ParseError> {
        if self.buffer.is_empty() {
            // RFC 9112 §2.2: empty lines in front of a start line are ignored.
            let empty = input
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            take(input, empty as u64);
            if empty > 0 {
                self.note(BuiltinEvent::HttpBlankBetween);
            }
        }
        while let Some(line_end) = self.line(input) {
            let line = self.buffer.get(line_end.clone()).unwrap_or_default();
            if self.lines > 0 && is_empty_line(line) {
                self.buffer.truncate(line_end.start);
                return Ok(Some(self.finish_head()));
            }
            self.lines += 1;
            if self.lines == 1 {
                if line.len() > config.http_max_start_line {
                    return Err(ParseError::StartLineLength);
                }
                match start_line::look(self.kind, line) {
                    Look::Good => {}
                    Look::Simple => return Ok(Some(self.finish_head())),
                    Look::Bad => return Err(ParseError::StartLine),
                }
            }
            if self.lines > config.http_max_header_lines {
                return Err(ParseError::HeaderLines);
            }
            if self.buffer.len() > config.http_max_headers {
                return Err(ParseError::HeaderLength);
            }
        }
        if self.lines == 0 && self.buffer.len() > config.http_max_start_line {
            return Err(ParseError::StartLineLength);
        }
        if self.buffer.len() > config.http_max_headers {
            return Err(ParseError::HeaderLength);
        }
        Ok(None)
    }

    fn finish_head<'a>(&mut self) -> Piece<'a> {
        self.state = State::Pending;
        self.line_start = 0;
        self.lines = 0;
        Piece::Head(std::mem::take(&mut self.buffer))
    }

    /// Moves bytes into the buffer up to and with the next LF; where the line lies.
    fn line(&mut self, input: &mut &[u8]) -> Option<std::ops::Range<usize>> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(input.len(), |end| end + 1);
        self.buffer.extend_from_slice(take(input, length as u64));
        end?;
        let line = self.line_start..self.buffer.len();
        self.line_start = self.buffer.len();
        let content = self.buffer.strip_suffix(b"\n").unwrap_or_default();
        if content.last() != Some(&b'\r') {
            self.note(BuiltinEvent::HttpBareLf);
        }
        Some(line)
    }

    fn sized<'a>(&mut self, input: &mut &'a [u8], left: u64) -> Piece<'a> {
        let data = take(input, left);
        let left = left - data.len() as u64;
        self.state = if left == 0 {
            State::End
        } else {
            State::Length(left)
        };
        Piece::Body {
            data,
            last: left == 0,
        }
    }

    fn trailers<'a>(
        &mut self,
        input: &mut &'a [u8],
        config: &Config,
    ) -> Result<Option<Piece<'a>>, ParseError> {
        while let Some(line_end) = self.line(input) {
            let line = self.buffer.get(line_end.clone()).unwrap_or_default();
            if is_empty_line(line) {
                self.buffer.truncate(line_end.start);
                self.state = State::End;
                self.line_start = 0;
                let lines = std::mem::take(&mut self.lines);
                let trailers = std::mem::take(&mut self.buffer);
                return Ok((lines > 0).then_some(Piece::Trailers(trailers)));
            }
            self.lines += 1;
            if self.lines > config.http_max_header_lines {
                return Err(ParseError::HeaderLines);
            }
        }
        if self.buffer.len() > config.http_max_headers {
            return Err(ParseError::HeaderLength);
        }
        Ok(None)
    }
}

/// Takes up to `count` bytes off the front.
fn take<'a>(input: &mut &'a [u8], count: u64) -> &'a [u8] {
    let count = usize::try_from(count)
        .unwrap_or(usize::MAX)
        .min(input.len());
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    taken
}

fn is_empty_line(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}
