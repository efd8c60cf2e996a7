//! POP3 (RFC 1939).

use std::collections::VecDeque;

use crate::service_inspectors::labels::Labels;

use super::protocol::{Next, words};

/// Commands without a response that are remembered (RFC 2449 §6.6 lets clients send several);
/// responses to others are taken for single lines.
const MAX_PIPELINE: usize = 100;

/// A dialogue of POP3.
#[derive(Debug, Default)]
pub(super) struct Pop3 {
    /// Of each command without a response: whether it will be of several lines.
    unanswered: VecDeque<bool>,
}

impl Pop3 {
    pub(super) fn command(&mut self, line: &[u8], labels: &mut Labels) -> Next {
        if self.unanswered.len() < MAX_PIPELINE {
            self.unanswered.push_back(has_lines(line));
        } else {
            labels.note("pop3_pipeline");
        }
        Next::End
    }

    pub(super) fn response(&mut self, line: &[u8]) -> Next {
        let is_positive = line.starts_with(b"+OK");
        // A challenge (RFC 5034 §4) is answered by a line that counts as a command.
        if !is_positive && !line.starts_with(b"-ERR") && !line.starts_with(b"+ ") {
            // Of a response whose beginning was not seen.
            return Next::Lines {
                includes_line: true,
            };
        }
        let has_lines = self.unanswered.pop_front().unwrap_or(false);
        if is_positive && has_lines {
            Next::Lines {
                includes_line: false,
            }
        } else {
            Next::End
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.unanswered.capacity()
    }
}

/// Whether the positive response to a command is of several lines (RFC 1939 §5 and §7, RFC
/// 2449 §5).
fn has_lines(line: &[u8]) -> bool {
    let mut words = words(line);
    let command = words.next().unwrap_or_default().to_ascii_uppercase();
    match command.as_slice() {
        b"RETR" | b"TOP" | b"CAPA" => true,
        b"LIST" | b"UIDL" | b"AUTH" => words.next().is_none(),
        _ => false,
    }
}
