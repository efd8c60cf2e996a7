//! Evaluation of a rule whose beginning is known, as far as it is: on from there.

use super::{
    compile::Compiled,
    evaluate::{Evaluation, Outcome, Search},
    option_tree::{Beginning, Memory, Place},
};
use crate::ips_options::{Cursor, IpsOption};

/// Where the beginning of a rule leads.
enum Walk<'u> {
    Fails,
    /// The cursor behind it, and where what its last option found begins.
    Holds(Cursor<'u>, usize),
    /// There are not steps enough to say so without taking them.
    Unsure,
}

impl<'u> Evaluation<'u, '_> {
    /// Whether every option of the rule holds, given what is known of its beginning.
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
}
