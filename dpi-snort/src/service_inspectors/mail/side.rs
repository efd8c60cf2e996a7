//! One direction: lines, messages and counted bytes cut into PDUs.

use crate::{
    buffers::{BufferSource, NoBuffers},
    config::Config,
    file_types::FileTypes,
    service_inspectors::{
        Emit, Pdu,
        mime::{MimeReader, Part, Wanted},
    },
};

use super::{MAX_IN_TURN, dotted::Dotted, protocol::Literal, unit::PartUnit};

/// One direction. It holds one PDU, or as much of it as is judged at once.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// The bytes, as they came.
    held: Vec<u8>,
    /// Where in them the line under way begins.
    line_start: usize,
    /// The beginning of that line is not held any more, or was never seen.
    is_cut: bool,
    mode: Mode,
    /// Nothing has come yet since the mode began.
    is_fresh: bool,
    /// The message under way.
    message: Option<MimeReader>,
    /// What the message has of the bytes held.
    text: Vec<u8>,
    /// What was read of the message, and of those before it in the same PDU.
    parts: Vec<Part>,
    /// What the part under way is by its first bytes.
    file: FileTypes,
    /// Commands, replies and messages since the other end last said something.
    pdus_in_turn: u32,
    limit_hit: Option<&'static str>,
}

/// Where PDUs go, and what decides on them.
pub(super) struct Out<'a> {
    pub(super) emit: Emit<'a>,
    pub(super) config: &'a Config,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Lines,
    Dotted(Dotted),
    /// So many bytes, and what they are.
    Counted(u64, Counted),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Of a message (RFC 3030), by themselves.
    Chunk { is_last: bool },
    /// Within a command or reply (RFC 9051 §4.3).
    Literal,
}

/// What taking some bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// A line is complete.
    Line,
    /// A message has ended with a dot.
    Dot,
    /// Of counted bytes some have come, maybe all.
    Counted,
}

impl Side {
    /// Takes bytes off the front of the input, so many that no more than `limit` are held.
    pub(super) fn take(&mut self, input: &mut &[u8], limit: usize) -> Step {
        let room = limit.saturating_sub(self.held.len()).max(1);
        let near = input.get(..room).unwrap_or(input);
        let (taken, step) = match &mut self.mode {
            Mode::Lines => match memchr::memchr(b'\n', near) {
                Some(at) => (at.saturating_add(1), Step::Line),
                None => (near.len(), Step::Nothing),
            },
            Mode::Dotted(dotted) => match dotted.take(near, &mut self.text) {
                (taken, true) => {
                    self.mode = Mode::Lines;
                    (taken, Step::Dot)
                }
                (taken, false) => (taken, Step::Nothing),
            },
            Mode::Counted(left, _) => {
                let taken = near.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                if self.message.is_some() {
                    self.text.extend(near.iter().take(taken));
                }
                (taken, Step::Counted)
            }
        };
        let (now, rest) = input.split_at_checked(taken).unwrap_or((input, &[]));
        self.held.extend_from_slice(now);
        self.is_fresh = false;
        *input = rest;
        step
    }

    /// The line under way, and whether its beginning is there.
    pub(super) fn line(&self) -> (&[u8], bool) {
        let line = self.held.get(self.line_start..).unwrap_or_default();
        (line, !self.is_cut)
    }

    /// The PDU goes on with another line.
    pub(super) fn go_on(&mut self) {
        self.line_start = self.held.len();
        self.is_cut = false;
    }

    /// Counts a PDU; false if the other end was silent for too many of them.
    pub(super) fn count_in_turn(&mut self) -> bool {
        self.pdus_in_turn = self.pdus_in_turn.saturating_add(1);
        self.pdus_in_turn <= MAX_IN_TURN
    }

    /// The PDU that ends here becomes part of the next one.
    pub(super) fn hold_back(&mut self, ends_message: bool) {
        self.read(ends_message);
        self.go_on();
    }

    /// The other end says something.
    pub(super) fn end_turn(&mut self, to_server: bool, out: &mut Out<'_>) {
        let is_held_back = self.pdus_in_turn > MAX_IN_TURN && self.mode == Mode::Lines;
        self.pdus_in_turn = 0;
        if is_held_back {
            self.emit(to_server, false, out);
        }
    }

    /// A message follows, up to a dot.
    pub(super) fn begin_message(&mut self) {
        self.message = Some(MimeReader::message(Wanted::PartsOrBody));
        self.begin(Mode::Dotted(Dotted::LineStart));
    }

    /// Lines up to a dot follow in the same PDU. They may be a message (in Snort, of POP3 only
    /// what has parts is one), and the line that is held may be the first of them.
    pub(super) fn begin_lines(&mut self, includes_line: bool) {
        self.message = Some(MimeReader::message(Wanted::Parts));
        if includes_line {
            let line = self.held.get(self.line_start..).unwrap_or_default();
            self.text.extend_from_slice(line);
        }
        self.begin(Mode::Dotted(Dotted::LineStart));
    }

    /// Bytes of a message follow, which may have begun with an earlier chunk.
    pub(super) fn begin_chunk(&mut self, length: u64, is_last: bool) {
        let new = || MimeReader::message(Wanted::PartsOrBody);
        self.message.get_or_insert_with(new);
        self.begin(Mode::Counted(length, Counted::Chunk { is_last }));
    }

    /// Counted bytes follow within the PDU.
    pub(super) fn begin_literal(&mut self, literal: Literal) {
        let Literal {
            length,
            is_message,
            waits,
        } = literal;
        self.message = is_message.then(|| MimeReader::message(Wanted::PartsOrBody));
        self.begin(Mode::Counted(length, Counted::Literal));
        self.is_fresh = waits;
    }

    fn begin(&mut self, mode: Mode) {
        self.go_on();
        self.mode = mode;
        self.is_fresh = true;
    }

    /// The other end does not want what was to follow.
    pub(super) fn refuse(&mut self, out: &mut Out<'_>) {
        if self.is_fresh && self.mode != Mode::Lines {
            self.mode = Mode::Lines;
            self.message = None;
            self.emit(true, false, out);
        }
    }

    /// What was begun of a message is given up.
    pub(super) fn drop_message(&mut self) {
        self.message = None;
    }

    /// If all counted bytes have come: back to lines. Says whether a PDU ends with them, and
    /// then, whether a message does.
    pub(super) fn end_counted(&mut self) -> Option<bool> {
        let Mode::Counted(0, counted) = self.mode else {
            return None;
        };
        self.mode = Mode::Lines;
        self.go_on();
        match counted {
            Counted::Chunk { is_last } => Some(is_last),
            Counted::Literal => {
                self.read(true);
                None
            }
        }
    }

    /// Bytes are missing; what was before them has been given out.
    pub(super) fn gap(&mut self, lost: u64) {
        if let Some(message) = &mut self.message {
            message.gap();
        }
        self.is_fresh = false;
        match &mut self.mode {
            Mode::Dotted(dotted) => *dotted = Dotted::InLine,
            Mode::Counted(left, _) if *left >= lost => *left = left.saturating_sub(lost),
            Mode::Lines | Mode::Counted(..) => {
                self.mode = Mode::Lines;
                self.message = None;
                self.is_cut = true;
            }
        }
    }

    /// Whether a command may begin here.
    pub(super) fn is_between_pdus(&self) -> bool {
        self.mode == Mode::Lines && self.held.is_empty()
    }

    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.held.len() >= limit
    }

    /// Whether a single line is all that is held, and has no end yet.
    pub(super) fn is_line_too_long(&self) -> bool {
        self.mode == Mode::Lines && self.line_start == 0
    }

    /// Gives out what is held. Whatever `ends`, nothing is held back of a message.
    pub(super) fn emit(&mut self, to_server: bool, ends: bool, out: &mut Out<'_>) {
        self.read(ends);
        if !self.held.is_empty() {
            let is_in_line = self.line_start < self.held.len() && !self.held.ends_with(b"\n");
            self.is_cut = self.mode == Mode::Lines && is_in_line;
        }
        self.line_start = 0;
        let mut held = std::mem::take(&mut self.held);
        let size = u32::try_from(held.len()).unwrap_or(u32::MAX);
        let mut give = |payload: &[u8], buffers: &dyn BufferSource| {
            (out.emit)(&Pdu {
                to_server,
                payload,
                size,
                buffers,
            });
        };
        if self.parts.is_empty() && !held.is_empty() {
            give(&held, &NoBuffers);
        }
        for part in self.parts.drain(..) {
            if part.begins {
                self.file = out.config.file_definitions.of(&part.bytes);
            }
            let unit = PartUnit {
                data: &part.bytes,
                file: self.file,
            };
            // Another part comes without the bytes, which were searched.
            give(&held, &unit);
            held.clear();
        }
        held.clear();
        self.held = held;
    }

    /// Reads what has come of the message.
    fn read(&mut self, ends: bool) {
        if let Some(message) = &mut self.message {
            self.parts.extend(message.read(&self.text, ends));
            self.text.clear();
            self.limit_hit = message.limit_hit().or(self.limit_hit);
        }
        if ends {
            self.message = None;
        }
    }

    /// The label of a limit that a message has hit since the last call.
    pub(super) fn limit_hit(&mut self) -> Option<&'static str> {
        self.limit_hit.take()
    }

    pub(super) fn memory(&self) -> usize {
        let message = self.message.as_ref().map_or(0, MimeReader::memory);
        let parts = self.parts.iter().map(|part| part.bytes.capacity());
        self.held.capacity() + self.text.capacity() + message + parts.sum::<usize>()
    }
}
