//! The inspectors of mail: SMTP (RFC 5321), POP3 (RFC 1939) and IMAP (RFC 9051), and of FTP's
//! control channel (RFC 959), which is a dialogue of the same kind.
//!
//! Each command and each reply is a PDU, as it came; so is a message, or 16 KB of it, with what
//! its parts hold in `file_data`, one unit a part. `protocol` and its folder say of each line
//! what follows it, `side` cuts one direction accordingly, `dotted` finds the end of a message,
//! `unit` gives out. What a message is made of is known to `mime`, what FTP announces to
//! `ftp_control`. Mailboxes, envelopes and logins are not followed.

mod dotted;
mod fuzz;
mod imap;
mod pop3;
mod protocol;
mod side;
mod smtp;
mod unit;

pub use fuzz::fuzz_mail;

use crate::{
    config::Config,
    flow::Sides,
    service_inspectors::{Emit, Feed, ServiceInspector, Verdict, labels::Labels},
};

use protocol::{Next, Protocol};
use side::{Out, Side, Step};

/// Commands, replies and messages that are PDUs of their own while the other end is silent; more
/// are judged together. As many as requests of HTTP.
const MAX_IN_TURN: u32 = 100;
/// The first byte of a TLS handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// Reader of one connection.
#[derive(Debug)]
pub struct Mail {
    service: &'static str,
    protocol: Protocol,
    sides: Sides<Side>,
    /// The client has asked to go over to TLS and was not refused.
    asked_for_tls: bool,
    labels: Labels,
}

impl Mail {
    /// A reader for `smtp`, `pop3`, `imap` or `ftp`; `None` for other services.
    pub fn of(service: &str) -> Option<Mail> {
        let (service, protocol) = Protocol::of(service)?;
        Some(Mail {
            service,
            protocol,
            sides: Sides::default(),
            asked_for_tls: false,
            labels: Labels::default(),
        })
    }

    /// Deals with a line that is complete.
    fn line(&mut self, to_server: bool, out: &mut Out<'_>) {
        let side = self.sides.side_mut(to_server);
        let (line, is_whole) = side.line();
        let next = self
            .protocol
            .next(to_server, line, is_whole, &mut self.labels);
        if to_server {
            self.asked_for_tls = self.protocol.asks_for_tls(line);
        } else if self.protocol.is_refusal(line) {
            self.asked_for_tls = false;
        }
        match next {
            Next::More => side.go_on(),
            Next::End => self.end_pdu(to_server, false, out),
            Next::Reset => {
                side.drop_message();
                self.end_pdu(to_server, false, out);
            }
            Next::Message => {
                self.end_pdu(to_server, false, out);
                self.sides.side_mut(to_server).begin_message();
            }
            Next::Lines { includes_line } => side.begin_lines(includes_line),
            Next::Chunk { length, is_last } => {
                self.end_pdu(to_server, false, out);
                let side = self.sides.side_mut(to_server);
                side.begin_chunk(length, is_last);
                self.counted(to_server, out);
            }
            Next::Literal(literal) => {
                side.begin_literal(literal);
                self.counted(to_server, out);
            }
        }
        if !to_server && self.protocol.take_refusal() {
            self.sides.client.refuse(out);
        }
    }

    /// A command, a reply or a message ends here, and with it its PDU.
    fn end_pdu(&mut self, to_server: bool, ends_message: bool, out: &mut Out<'_>) {
        let side = self.sides.side_mut(to_server);
        if side.count_in_turn() {
            side.emit(to_server, ends_message, out);
        } else {
            self.labels.note("mail_in_turn");
            side.hold_back(ends_message);
        }
    }

    /// Deals with counted bytes that may have come to their end.
    fn counted(&mut self, to_server: bool, out: &mut Out<'_>) {
        if let Some(ends_message) = self.sides.side_mut(to_server).end_counted() {
            self.end_pdu(to_server, ends_message, out);
        }
    }

    /// Gives out what is held of both directions.
    fn flush(&mut self, out: &mut Out<'_>) {
        for to_server in [true, false] {
            self.sides.side_mut(to_server).emit(to_server, true, out);
        }
    }
}

impl ServiceInspector for Mail {
    fn service(&self) -> &'static str {
        self.service
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let to_server = feed.to_server;
        let config = feed.config;
        let out = &mut Out { emit, config };
        let limit = config.flush_size.max(1);
        self.sides.side_mut(!to_server).end_turn(!to_server, out);
        let mut input = feed.data;
        while let Some(first) = input.first() {
            let side = self.sides.side_mut(to_server);
            let may_turn = to_server && self.asked_for_tls && side.is_between_pdus();
            if may_turn && *first == HANDSHAKE {
                let taken = feed.data.len().saturating_sub(input.len());
                self.flush(out);
                return Verdict::Restart {
                    reason: "starttls",
                    taken,
                };
            }
            match side.take(&mut input, limit) {
                Step::Nothing => {}
                Step::Line => self.line(to_server, out),
                Step::Dot => {
                    self.end_pdu(to_server, true, out);
                    self.protocol.message_ended(to_server);
                }
                Step::Counted => self.counted(to_server, out),
            }
            let side = self.sides.side_mut(to_server);
            if side.is_full(limit) {
                if side.is_line_too_long() {
                    self.labels.note("mail_line_length");
                }
                side.emit(to_server, false, out);
            }
        }
        if let Some(label) = self.sides.side_mut(to_server).limit_hit() {
            self.labels.note(label);
        }
        Verdict::Continue
    }

    fn gap(&mut self, to_server: bool, lost: u64, config: &Config, emit: Emit<'_>) -> Verdict {
        let out = &mut Out { emit, config };
        let side = self.sides.side_mut(to_server);
        side.emit(to_server, false, out);
        side.gap(lost);
        self.counted(to_server, out);
        Verdict::Continue
    }

    fn finish(&mut self, to_server: bool, config: &Config, emit: Emit<'_>) {
        let out = &mut Out { emit, config };
        self.sides.side_mut(to_server).emit(to_server, true, out);
    }

    fn memory(&self) -> usize {
        let sides = self.sides.client.memory() + self.sides.server.memory();
        size_of::<Mail>() + sides + self.protocol.memory()
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        self.labels.drain(count);
    }
}

#[cfg(test)]
mod tests;
