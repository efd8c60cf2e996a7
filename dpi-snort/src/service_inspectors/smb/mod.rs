//! The inspector of SMB 1 to 3 (service `netbios-ssn`, on any port): messages one by one, with
//! their session header, as in Snort; `file_data` is what is written to a file or read from it,
//! and what a pipe carries is read as DCE/RPC.
//!
//! `framing` cuts a stream into session packets, `smb1` and `smb2` say what one carries of
//! files and pipes (`carried`), `session` and `pipes` remember what that takes, `unit` are the
//! buffers. Names, rights and the other commands are not looked at; messages that are encrypted
//! or compressed are searched as they are.

mod carried;
mod framing;
mod fuzz;
mod pipes;
mod session;
mod smb1;
mod smb2;
mod unit;

pub use fuzz::fuzz_smb;

use crate::{
    config::Config,
    file_types::FileTypes,
    flow::Sides,
    service_inspectors::{
        Emit, Feed, Pdu, ServiceInspector, Verdict,
        dce::{Spoken, emit_spoken},
        http::emit_plain,
    },
};
use carried::{AllCarried, Carried, Open};
use framing::{Framing, HEADER, Part};
use session::Session;
use unit::SmbUnit;

/// Reader of one connection.
#[derive(Debug, Default)]
pub struct Smb {
    sides: Sides<Side>,
    session: Session,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    framing: Framing,
    /// What a long message carries beyond its piece, and how many bytes are to come.
    going_on: Option<(Open, usize)>,
}

/// A message or a piece of one, and what it carries.
struct Piece<'a> {
    to_server: bool,
    bytes: &'a [u8],
    carried: AllCarried,
}

impl ServiceInspector for Smb {
    fn service(&self) -> &'static str {
        "netbios-ssn"
    }

    fn feed(&mut self, feed: &Feed<'_>, emit: Emit<'_>) -> Verdict {
        let Feed {
            to_server, config, ..
        } = *feed;
        let Smb { sides, session } = self;
        let mut input = feed.data;
        loop {
            let Side { framing, going_on } = sides.side_mut(to_server);
            let piece = |bytes, carried| Piece {
                to_server,
                bytes,
                carried,
            };
            let piece = match framing.next(&mut input, config.flush_size) {
                Ok(None) => return Verdict::Continue,
                Ok(Some(Part::Message(bytes))) => piece(bytes, read(bytes, session, config)),
                Ok(Some(Part::More(bytes))) => piece(bytes, more(*going_on)),
                Ok(Some(Part::Damaged(bytes))) => piece(bytes, AllCarried::new()),
                Err(reason) => {
                    self.end(to_server, input, emit);
                    return Verdict::Abandon(reason);
                }
            };
            *going_on = piece.beyond(session);
            piece.judge(session, config, emit);
        }
    }

    fn gap(&mut self, to_server: bool, lost: u64, _config: &Config, emit: Emit<'_>) -> Verdict {
        let side = self.sides.side_mut(to_server);
        side.going_on = None;
        let (is_known, held) = side.framing.skip(lost);
        emit_plain(to_server, &held, emit);
        if is_known {
            return Verdict::Continue;
        }
        self.end(to_server, &[], emit);
        Verdict::Abandon("smb_gap_in_framing")
    }

    fn finish(&mut self, to_server: bool, _config: &Config, emit: Emit<'_>) {
        let held = self.sides.side_mut(to_server).framing.reset();
        emit_plain(to_server, &held, emit);
    }

    fn memory(&self) -> usize {
        let Sides { client, server } = &self.sides;
        size_of::<Smb>()
            .saturating_add(client.framing.memory())
            .saturating_add(server.framing.memory())
            .saturating_add(self.session.memory())
    }

    fn limits_hit(&mut self, count: &mut dyn FnMut(&'static str)) {
        self.session.limits_hit.drain(count);
    }
}

impl Smb {
    /// Judges what is held, and what is of no message, as plain streams.
    fn end(&mut self, to_server: bool, rest: &[u8], emit: Emit<'_>) {
        let other = self.sides.side_mut(!to_server).framing.reset();
        emit_plain(!to_server, &other, emit);
        let mut bytes = self.sides.side_mut(to_server).framing.reset();
        bytes.extend_from_slice(rest);
        emit_plain(to_server, &bytes, emit);
    }
}

/// What a message carries, by its protocol ([MS-SMB2] 2.2.1, [MS-CIFS] 2.2.3.1).
fn read(packet: &[u8], session: &mut Session, config: &Config) -> AllCarried {
    match packet.get(HEADER..).unwrap_or_default() {
        [0xFE, b'S', b'M', b'B', ..] => smb2::read(packet, session, config),
        [0xFF, b'S', b'M', b'B', ..] => smb1::read(packet, session, config),
        _ => AllCarried::new(),
    }
}

/// What more of a long message carries.
fn more(going_on: Option<(Open, usize)>) -> AllCarried {
    let carried = going_on.map(|(open, left)| Carried {
        open,
        start: 0,
        length: left,
        offset: None,
    });
    carried.into_iter().collect()
}

impl<'a> Piece<'a> {
    /// What it carries and the next piece goes on with.
    fn beyond(&self, session: &Session) -> Option<(Open, usize)> {
        self.carried.iter().find_map(|carried| {
            let data = self.data(carried);
            let left = carried.length.checked_sub(data.len())?;
            // What it is does its beginning say.
            let open = Open {
                is_pipe: Some(session.pipes.is_pipe(&carried.open, data)),
                ..carried.open
            };
            (left > 0 && !data.is_empty()).then_some((open, left))
        })
    }

    fn data(&self, carried: &Carried) -> &'a [u8] {
        let data = self.bytes.get(carried.start..).unwrap_or_default();
        data.get(..carried.length).unwrap_or(data)
    }

    /// Gives out the message: with the first file that it carries, and with what is said in
    /// the first pipe if the message holds all of it. The rest has units of its own.
    fn judge(&self, session: &mut Session, config: &Config, emit: Emit<'_>) {
        let Session {
            pipes, limits_hit, ..
        } = session;
        let (in_pipes, files): (AllCarried, AllCarried) = self
            .carried
            .iter()
            .copied()
            .partition(|carried: &Carried| pipes.is_pipe(&carried.open, self.data(carried)));
        let mut files = files.iter().map(|carried| self.file(carried, config));
        let mut whole = Some(files.next().unwrap_or_default());
        for carried in &in_pipes {
            let channel = (self.to_server, carried.open.id);
            let data = self.data(carried);
            pipes.feed(channel, data, config, limits_hit, &mut |spoken| {
                self.say(spoken, &mut whole, emit);
            });
        }
        if let Some(unit) = whole {
            self.emit(self.bytes, &unit, emit);
        }
        // Their bytes were searched with the message.
        for unit in files {
            self.emit(&[], &unit, emit);
        }
    }

    /// Gives out what was said in a pipe: with the message, if that is still to be given out,
    /// and holds all of it.
    fn say(&self, spoken: &Spoken<'_>, whole: &mut Option<SmbUnit<'a>>, emit: Emit<'_>) {
        let Some(unit) = whole.take() else {
            return emit_spoken(self.to_server, spoken, emit);
        };
        let with_facts = SmbUnit {
            dce: Some(spoken.facts).filter(|_| !spoken.is_joined),
            ..unit
        };
        self.emit(self.bytes, &with_facts, emit);
        if spoken.is_joined {
            emit_spoken(self.to_server, spoken, emit);
        }
    }

    fn file(&self, carried: &Carried, config: &Config) -> SmbUnit<'a> {
        let file = self.data(carried);
        let is_beginning = carried.offset == Some(0);
        SmbUnit {
            file: Some(file).filter(|file| !file.is_empty()),
            file_types: if is_beginning {
                config.file_definitions.of(file)
            } else {
                FileTypes::default()
            },
            dce: None,
        }
    }

    fn emit(&self, payload: &[u8], unit: &SmbUnit<'_>, emit: Emit<'_>) {
        let size = if payload.is_empty() {
            unit.file.map_or(0, <[u8]>::len)
        } else {
            payload.len()
        };
        emit(&Pdu {
            to_server: self.to_server,
            payload,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            buffers: unit,
        });
    }
}

#[cfg(test)]
mod tests;
