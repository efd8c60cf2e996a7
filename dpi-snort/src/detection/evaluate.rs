//! Whether one rule matches one unit: header tests, then the options on the payload with
//! earlier contents tried again where a later relative option fails.

use super::compile::Compiled;
use crate::{
    buffers::BufferId,
    ips_options::{BufferOption, Content, Context, Cursor, Found, IpsOption, PcreOption},
    unit::{InspectionUnit, UnitKind},
};

/// Bytes that may be searched for the price of one step.
const BYTES_PER_STEP: usize = 256;

/// Evaluation of options on one unit, with a bound on its steps.
pub(super) struct Evaluation<'u, 's> {
    pub(super) context: Context<'u, 's>,
    /// Steps left for the rule.
    pub(super) steps: u32,
}

/// Where a search for occurrences begins.
pub(super) struct Search<'b> {
    pub(super) cursor: Cursor<'b>,
    /// Start and end of the first one, where it is known.
    pub(super) first: Option<(usize, usize)>,
}

/// How trying options ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Match,
    /// Another occurrence of an earlier content may do better.
    Retry,
    /// No choice of occurrences would.
    Never,
}

impl<'u> Evaluation<'u, '_> {
    /// Whether every option of the rule holds. The header is the caller's business.
    pub(super) fn matches(&mut self, compiled: &Compiled) -> bool {
        let cursor = Cursor::start_of(self.context.unit.payload);
        self.headers(&compiled.header_tests, cursor)
            && self.payload(&compiled.payload_tests, cursor, compiled)
    }

    pub(super) fn headers(&mut self, options: &[IpsOption], mut cursor: Cursor<'_>) -> bool {
        options
            .iter()
            .all(|option| self.step() && option.evaluate(&mut cursor, &mut self.context))
    }

    pub(super) fn payload(
        &mut self,
        options: &[IpsOption],
        cursor: Cursor<'u>,
        compiled: &Compiled,
    ) -> bool {
        self.options(options, cursor, None, compiled.has_variables) == Outcome::Match
    }

    /// Whether the first `count` options hold, counted in the order in which they are tried.
    pub(super) fn first_match(&mut self, compiled: &Compiled, count: usize) -> bool {
        let mut cursor = Cursor::start_of(self.context.unit.payload);
        for option in compiled.header_tests.iter().take(count) {
            if !option.evaluate(&mut cursor, &mut self.context) {
                return false;
            }
        }
        let count = count.saturating_sub(compiled.header_tests.len());
        let tests = &compiled.payload_tests;
        let tests = tests.get(..count).unwrap_or(tests);
        self.options(tests, cursor, None, compiled.has_variables) == Outcome::Match
    }

    /// Tries options one after the other; a content or an expression that later relative
    /// options hang on begins a new level.
    pub(super) fn options<'b>(
        &mut self,
        mut options: &[IpsOption],
        mut cursor: Cursor<'b>,
        decoded: Option<&'b [u8]>,
        sticky: bool,
    ) -> Outcome
    where
        'u: 'b,
    {
        let mut failure = Outcome::Retry;
        while let Some((option, rest)) = options.split_first() {
            if !self.step() {
                return Outcome::Never;
            }
            self.pay(option.reads(&cursor));
            // Behind such an option the choice of earlier occurrences has no say, unless a
            // variable carries it over.
            if option.resets_cursor() && !sticky {
                failure = Outcome::Never;
            }
            if is_tried_again(option, rest, sticky) {
                let search = Search {
                    cursor,
                    first: None,
                };
                return match self.occurrences(option, rest, &search, decoded, sticky) {
                    Outcome::Retry => failure,
                    outcome => outcome,
                };
            }
            if let IpsOption::Base64Decode(decode) = option {
                let Some(bytes) = decode.decode(&cursor) else {
                    return failure;
                };
                return match self.options(rest, cursor, Some(&bytes), sticky) {
                    Outcome::Retry => failure,
                    outcome => outcome,
                };
            }
            if self.holds(option, &mut cursor, decoded).is_none() {
                return failure;
            }
            options = rest;
        }
        Outcome::Match
    }

    /// Whether an option holds that is not tried again; it moves the cursor. Gives where what
    /// it found begins, 0 if it does not look for anything.
    pub(super) fn holds<'b>(
        &mut self,
        option: &IpsOption,
        cursor: &mut Cursor<'b>,
        decoded: Option<&'b [u8]>,
    ) -> Option<usize>
    where
        'u: 'b,
    {
        let holds = match option {
            IpsOption::Content(content) if content.negated => {
                self.content(content, cursor, None).is_none()
            }
            IpsOption::Pcre(pcre) if pcre.is_negated() => {
                !matches!(self.pcre(pcre, cursor, None), Found::At { .. })
            }
            IpsOption::Content(content) => {
                let (start, end) = self.content(content, cursor, None)?;
                return move_to(cursor, end).then_some(start);
            }
            IpsOption::Pcre(pcre) => match self.pcre(pcre, cursor, None) {
                Found::At { end, .. } => move_to(cursor, end),
                Found::Nowhere | Found::GivenUp => false,
            },
            IpsOption::Buffer(buffer) => {
                let data = self.data(buffer);
                data.map(|data| cursor.set_buffer(data)).is_some()
            }
            IpsOption::Base64Data => decoded.map(|data| cursor.set_buffer(data)).is_some(),
            _ => option.evaluate(cursor, &mut self.context),
        };
        holds.then_some(0)
    }

    /// The bytes of a buffer, if the unit has it.
    pub(super) fn data(&self, buffer: &BufferOption) -> Option<&'u [u8]> {
        let unit = self.context.unit;
        match buffer.selector.id {
            BufferId::PktData => own(unit, unit.payload),
            BufferId::RawData => own(unit, unit.raw_payload),
            _ => unit.buffers.buffer(&buffer.selector),
        }
    }

    /// Tries each occurrence of a content or expression until the options behind it hold.
    pub(super) fn occurrences<'b>(
        &mut self,
        option: &IpsOption,
        rest: &[IpsOption],
        search: &Search<'b>,
        decoded: Option<&'b [u8]>,
        sticky: bool,
    ) -> Outcome
    where
        'u: 'b,
    {
        let cursor = search.cursor;
        let mut first = search.first;
        let mut from = None;
        loop {
            if !self.step() {
                return Outcome::Never;
            }
            let found = match option {
                _ if first.is_some() => first.take(),
                IpsOption::Content(content) => self.content(content, &cursor, from),
                IpsOption::Pcre(pcre) => match self.pcre(pcre, &cursor, from) {
                    Found::At { start, end } => Some((start, end)),
                    Found::Nowhere | Found::GivenUp => None,
                },
                _ => None,
            };
            let Some((start, end)) = found else {
                return Outcome::Retry;
            };
            let mut next = cursor;
            if move_to(&mut next, end) {
                match self.options(rest, next, decoded, sticky) {
                    Outcome::Retry => {}
                    outcome => return outcome,
                }
            }
            // An expression's `\K` can put its start in front of where the search began.
            from = Some(start.max(from.unwrap_or(0)).saturating_add(1));
        }
    }

    /// Looks for a content, paying for the bytes that were searched.
    fn content(
        &mut self,
        content: &Content,
        cursor: &Cursor<'_>,
        from: Option<usize>,
    ) -> Option<(usize, usize)> {
        let found = content.find(cursor, from);
        self.pay(content.searched(cursor, from, found));
        found
    }

    /// Looks for an expression, paying for the bytes that there are.
    fn pcre(&mut self, pcre: &PcreOption, cursor: &Cursor<'_>, from: Option<usize>) -> Found {
        self.pay(cursor.data.len().saturating_sub(from.unwrap_or(0)));
        pcre.find(cursor, from, &mut self.context)
    }

    pub(super) fn pay(&mut self, bytes: usize) {
        let steps = u32::try_from(bytes / BYTES_PER_STEP).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(steps);
    }

    /// Takes a step; false when there are none left.
    pub(super) fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                true
            }
            None => false,
        }
    }
}

/// The unit's own bytes. A message of a service without any (a header section) does not
/// have the buffer, unlike a packet without payload.
fn own<'u>(unit: &InspectionUnit<'_>, data: &'u [u8]) -> Option<&'u [u8]> {
    (unit.kind != UnitKind::RebuiltPdu || !data.is_empty()).then_some(data)
}

/// Whether other occurrences of what the option looks for may be tried for the sake of those
/// behind it.
pub(super) fn is_tried_again(option: &IpsOption, rest: &[IpsOption], sticky: bool) -> bool {
    let searches = match option {
        IpsOption::Content(content) => !content.negated,
        IpsOption::Pcre(pcre) => !pcre.is_negated(),
        _ => false,
    };
    searches && depends(rest, sticky)
}

/// Whether an option behind hangs on where this one leaves the cursor.
fn depends(rest: &[IpsOption], sticky: bool) -> bool {
    for option in rest {
        if option.is_relative() {
            return true;
        }
        if option.resets_cursor() && !sticky {
            return false;
        }
    }
    false
}

fn move_to(cursor: &mut Cursor<'_>, pos: usize) -> bool {
    i64::try_from(pos).is_ok_and(|pos| cursor.set_pos(pos))
}
