//! Finding the next message after a gap, or from mid-stream.

use crate::service_inspectors::{Identification, Wizard};

/// What one direction's bytes are while nobody knows where its messages begin.
///
/// A message may begin with the first byte after the gap, or with the first one after the
/// other side has spoken: these places do not depend on how the bytes were cut into
/// segments. All else is plain, and is held so that contents are found over segments.
#[derive(Debug, Default)]
pub(super) struct Resync {
    is_lost: bool,
    /// What is held begins where a message may begin.
    may_begin: bool,
    held: Vec<u8>,
}

/// What to do with bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Wait for more.
    Nothing,
    /// These are the start of a message.
    Start(Vec<u8>),
    /// These belong to no message that could be read.
    Plain(Vec<u8>),
}

impl Resync {
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The place is lost; `may_begin`: the next byte may be the first of a message.
    pub(super) fn lose(&mut self, may_begin: bool) {
        self.is_lost = true;
        self.may_begin = may_begin;
    }

    /// Takes bytes of a direction that is lost; holds at most `max` of them.
    pub(super) fn push(&mut self, to_server: bool, data: &[u8], max: usize) -> Found {
        self.held.extend_from_slice(data);
        if self.may_begin {
            let mut wizard = Wizard::default();
            if wizard.identify(to_server, &self.held) == Identification::Service("http") {
                self.is_lost = false;
                return Found::Start(self.take());
            }
            self.may_begin = !wizard.is_ruled_out(to_server);
        }
        if self.held.len() < max {
            Found::Nothing
        } else {
            self.may_begin = false;
            Found::Plain(self.take())
        }
    }

    /// The other side speaks. Returns what is held, which is plain.
    pub(super) fn turn(&mut self) -> Vec<u8> {
        self.may_begin = self.is_lost;
        self.take()
    }

    /// Takes out what is held.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    pub(super) fn memory(&self) -> usize {
        self.held.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of writes; `/` is a turn.
    fn after(may_begin: bool, writes: &str) -> Vec<Found> {
        let mut resync = Resync::default();
        resync.lose(may_begin);
        let mut found = Vec::new();
        for write in writes.split('|') {
            found.push(if write == "/" {
                Found::Plain(resync.turn())
            } else {
                resync.push(false, write.as_bytes(), 16)
            });
        }
        found
    }

    #[test]
    fn starts_are_found_where_a_message_may_begin() {
        let start = |text: &str| Found::Start(text.as_bytes().to_vec());
        let plain = |text: &str| Found::Plain(text.as_bytes().to_vec());
        let nothing = || Found::Nothing;
        for (may_begin, writes, expected) in [
            (true, "HTTP/1.1 200", vec![start("HTTP/1.1 200")]),
            (
                true,
                "H|T|TP/1.",
                vec![nothing(), nothing(), start("HTTP/1.")],
            ),
            (
                false,
                "tail|/|HTTP/1.1 200",
                vec![nothing(), plain("tail"), start("HTTP/1.1 200")],
            ),
            (
                true,
                "tail|HTTP/1.1 200",
                vec![nothing(), plain("tailHTTP/1.1 200")],
            ),
            (
                false,
                "0123456789|0123456789|/",
                vec![nothing(), plain("01234567890123456789"), plain("")],
            ),
        ] {
            let found = after(may_begin, writes);
            assert_eq!(found, expected, "{writes}");
        }
    }
}
