//! Whether one rule matches one unit: header, header tests, then the options on the
//! payload with earlier contents tried again where a later relative option fails.

use super::{
    compile::Compiled,
    option_tree::{Beginning, Memory, Place},
};
use crate::{
    buffers::BufferId,
    ips_options::{BufferOption, Content, Context, Cursor, Found, IpsOption, PcreOption},
    packet::Transport,
    parser::{Ends, Protocol, Rule},
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
struct Search<'b> {
    cursor: Cursor<'b>,
    /// Start and end of the first one, where it is known.
    first: Option<(usize, usize)>,
}

/// Where the beginning of a rule leads.
enum Walk<'u> {
    Fails,
    /// The cursor behind it, and where what its last option found begins.
    Holds(Cursor<'u>, usize),
    /// There are not steps enough to say so without taking them.
    Unsure,
}

/// How trying options ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Match,
    /// Another occurrence of an earlier content may do better.
    Retry,
    /// No choice of occurrences would.
    Never,
}

/// Whether protocol, service, ports and addresses let the rule be tried at all.
///
/// A service takes the place of the ports once the flow's service is known; until then
/// the ports decide ("service or port").
pub(super) fn header_fits(rule: &Rule, unit: &InspectionUnit<'_>) -> bool {
    let service = unit.flow.and_then(|flow| flow.service);
    let header = &rule.header;
    let transport = &unit.packet.transport;
    let protocol = match &header.protocol {
        Protocol::Ip => true,
        Protocol::Tcp => matches!(transport, Transport::Tcp(_)),
        Protocol::Udp => matches!(transport, Transport::Udp { .. }),
        Protocol::Icmp => matches!(transport, Transport::Icmp { .. }),
        Protocol::Service(_) => service.is_some(),
    };
    if !protocol {
        return false;
    }
    let by_service = match service {
        Some(name) if !rule.services.is_empty() => {
            if !rule.services.iter().any(|wanted| **wanted == *name) {
                return false;
            }
            true
        }
        _ => false,
    };
    let has_ports = matches!(transport, Transport::Tcp(_) | Transport::Udp { .. });
    let (src_port, dst_port) = unit.packet.ports();
    let ends = Ends {
        src: unit.packet.ip.src,
        dst: unit.packet.ip.dst,
        src_port,
        dst_port,
    };
    header.matches(&ends, has_ports && !by_service)
}

impl<'u> Evaluation<'u, '_> {
    /// Whether every option of the rule holds. The header is the caller's business.
    pub(super) fn matches(&mut self, compiled: &Compiled) -> bool {
        let cursor = Cursor::start_of(self.context.unit.payload);
        self.headers(&compiled.header_tests, cursor)
            && self.payload(&compiled.payload_tests, cursor, compiled)
    }

    /// The same, with what is known of the beginning of the rule.
    pub(super) fn matches_from(&mut self, compiled: &Compiled, memory: &mut Memory) -> bool {
        let nodes = &compiled.beginning.nodes;
        if nodes.is_empty() {
            return self.matches(compiled);
        }
        let budget = self.steps;
        match self.walk(compiled, memory) {
            Walk::Fails => false,
            Walk::Holds(cursor, start) => self.behind(compiled, memory, cursor, start),
            Walk::Unsure => {
                self.steps = budget;
                self.matches(compiled)
            }
        }
    }

    /// Goes through the beginning of a rule, as far as it is known in one leap.
    fn walk(&mut self, compiled: &Compiled, memory: &mut Memory) -> Walk<'u> {
        let Beginning {
            nodes,
            is_tried_again,
        } = &compiled.beginning;
        let known = memory.known(nodes);
        // Which option the steps would end at is not kept.
        if known.steps >= self.steps {
            return Walk::Unsure;
        }
        let budget = self.steps;
        self.steps = self.steps.saturating_sub(known.steps);
        let Some(mut place) = known.place else {
            if *is_tried_again && known.options == nodes.len() {
                self.step();
            }
            return Walk::Fails;
        };
        let Some(mut cursor) = self.cursor_at(compiled, known.options, place) else {
            return Walk::Unsure;
        };
        let options = compiled.header_tests.iter().chain(&compiled.payload_tests);
        let left = nodes.iter().zip(options).skip(known.options);
        for (node, option) in left {
            if !self.step() {
                return Walk::Fails;
            }
            self.pay(option.reads(&cursor));
            let found = self.holds(option, &mut cursor, None);
            if self.steps == 0 {
                return Walk::Unsure;
            }
            let here = found.map(|start| Place {
                start,
                pos: cursor.pos,
                variables: cursor.variables,
            });
            memory.keep(*node, budget.saturating_sub(self.steps), here);
            let Some(here) = here else {
                if *is_tried_again && nodes.last() == Some(node) {
                    self.step();
                }
                return Walk::Fails;
            };
            place = here;
        }
        Walk::Holds(cursor, place.start)
    }

    /// The cursor behind the first `count` options of a rule.
    fn cursor_at(&self, compiled: &Compiled, count: usize, place: Place) -> Option<Cursor<'u>> {
        let count = count.saturating_sub(compiled.header_tests.len());
        let options = compiled.payload_tests.get(..count)?;
        let buffer = options.iter().rev().find_map(|option| match option {
            IpsOption::Buffer(buffer) => Some(buffer),
            _ => None,
        });
        let data = match buffer {
            None => self.context.unit.payload,
            Some(buffer) => self.data(buffer)?,
        };
        Some(Cursor {
            data,
            pos: place.pos,
            variables: place.variables,
        })
    }

    /// The options behind the beginning.
    fn behind(
        &mut self,
        compiled: &Compiled,
        memory: &Memory,
        cursor: Cursor<'u>,
        start: usize,
    ) -> bool {
        let Beginning {
            nodes,
            is_tried_again,
        } = &compiled.beginning;
        let headers = compiled.header_tests.get(nodes.len()..).unwrap_or_default();
        if !self.headers(headers, cursor) {
            return false;
        }
        let done = nodes.len().saturating_sub(compiled.header_tests.len());
        let rest = compiled.payload_tests.get(done..).unwrap_or_default();
        let last = done
            .checked_sub(1)
            .and_then(|at| compiled.payload_tests.get(at));
        let Some(last) = last.filter(|_| *is_tried_again) else {
            return self.payload(rest, cursor, compiled);
        };
        // Its search begins where the options before it left the cursor.
        let before = nodes.len().checked_sub(2).and_then(|at| nodes.get(at));
        let before = before.map_or(Some(Place::default()), |node| memory.place(*node));
        let Some(before) = before else {
            return false;
        };
        let search = Search {
            cursor: Cursor {
                pos: before.pos,
                variables: before.variables,
                ..cursor
            },
            first: Some((start, cursor.pos)),
        };
        self.occurrences(last, rest, &search, None, compiled.has_variables) == Outcome::Match
    }

    fn headers(&mut self, options: &[IpsOption], mut cursor: Cursor<'_>) -> bool {
        options
            .iter()
            .all(|option| self.step() && option.evaluate(&mut cursor, &mut self.context))
    }

    fn payload(&mut self, options: &[IpsOption], cursor: Cursor<'u>, compiled: &Compiled) -> bool {
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
    fn options<'b>(
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
    fn holds<'b>(
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
    fn data(&self, buffer: &BufferOption) -> Option<&'u [u8]> {
        let unit = self.context.unit;
        match buffer.selector.id {
            BufferId::PktData => own(unit, unit.payload),
            BufferId::RawData => own(unit, unit.raw_payload),
            _ => unit.buffers.buffer(&buffer.selector),
        }
    }

    /// Tries each occurrence of a content or expression until the options behind it hold.
    fn occurrences<'b>(
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

    fn pay(&mut self, bytes: usize) {
        let steps = u32::try_from(bytes / BYTES_PER_STEP).unwrap_or(u32::MAX);
        self.steps = self.steps.saturating_sub(steps);
    }

    /// Takes a step; false when there are none left.
    fn step(&mut self) -> bool {
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
