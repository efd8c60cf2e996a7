//! SMTP (RFC 5321), with chunks (RFC 3030), and the replies that FTP has as well.

use super::protocol::{Next, words};

/// A dialogue of SMTP.
#[derive(Debug, Default)]
pub(super) struct Smtp {
    replies: Replies,
    /// Commands and messages that were not replied to.
    unanswered: u32,
    /// The server has asked for a line that is no command (RFC 4954 §4).
    is_challenged: bool,
    is_refused: bool,
}

impl Smtp {
    pub(super) fn command(&mut self, line: &[u8]) -> Next {
        self.unanswered = self.unanswered.saturating_add(1);
        if std::mem::take(&mut self.is_challenged) {
            return Next::End;
        }
        let mut words = words(line);
        let command = words.next().unwrap_or_default().to_ascii_uppercase();
        match (command.as_slice(), words.next()) {
            (b"DATA", None) => Next::Message,
            (b"BDAT", Some(length)) => {
                let length = std::str::from_utf8(length).map(str::parse);
                let Ok(Ok(length)) = length else {
                    return Next::End;
                };
                let is_last = words
                    .next()
                    .is_some_and(|w| w.eq_ignore_ascii_case(b"LAST"));
                Next::Chunk { length, is_last }
            }
            (b"MAIL" | b"RSET" | b"EHLO" | b"HELO", _) => Next::Reset,
            _ => Next::End,
        }
    }

    pub(super) fn reply(&mut self, line: &[u8]) -> Next {
        let next = self.replies.line(line);
        if next == Next::End {
            self.unanswered = self.unanswered.saturating_sub(1);
            self.is_challenged = line.starts_with(b"334");
            // Pipelined commands (RFC 2920) are replied to in order, DATA as the last.
            self.is_refused = self.unanswered == 0 && is_refusal(line);
        }
        next
    }

    /// What DATA has begun is replied to as well.
    pub(super) fn message_ended(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    pub(super) fn take_refusal(&mut self) -> bool {
        std::mem::take(&mut self.is_refused)
    }
}

/// Replies of one line, or of several between `220-` and `220 ` (RFC 5321 §4.2.1, RFC 959
/// §4.2).
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The code of the reply under way.
    code: Option<[u8; 3]>,
}

impl Replies {
    pub(super) fn line(&mut self, line: &[u8]) -> Next {
        let code = line.first_chunk::<3>().copied();
        let code = code.filter(|code| code.iter().all(u8::is_ascii_digit));
        let goes_on = line.get(3) == Some(&b'-');
        match (self.code, code) {
            (None, Some(_)) if goes_on => self.code = code,
            (Some(under_way), Some(code)) if under_way == code && !goes_on => self.code = None,
            (Some(_), _) => {}
            (None, _) => return Next::End,
        }
        if self.code.is_some() {
            Next::More
        } else {
            Next::End
        }
    }
}

/// Whether a reply says no, for now or for good (RFC 5321 §4.2.1, RFC 959 §4.2.1).
pub(super) fn is_refusal(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'4' | b'5'))
}
