//! From the bytes of one TCP flow to what the rules judge: messages of its service, or
//! pieces of a plain stream.

use std::fmt;

use super::piece::{Piece, ReaderContext, event_of};
use crate::{
    flow::Sides,
    service_inspectors::{
        Feed, FtpControl, Identification, ServiceInspector, Verdict, Wizard, inspector_for,
        is_turn_by_turn, may_turn_to_tls,
    },
    stats::{Counter, Stats},
};

/// Reads one flow. Bytes of each direction come in order, each once.
#[derive(Debug, Default)]
pub struct Reader {
    mode: Mode,
    wizard: Wizard,
    /// Bytes of a plain stream that have not been judged yet.
    pending: Sides<Vec<u8>>,
    /// How many bytes of `pending` the rules have looked at ahead of the flush.
    looked: Sides<usize>,
    /// Whether bytes of a direction were judged already: the wizard wants the beginning.
    flushed: Sides<bool>,
    /// Of an FTP dialogue: what it announces.
    control: Option<Box<FtpControl>>,
}

#[derive(Default)]
enum Mode {
    /// The service is not known yet.
    #[default]
    Identifying,
    Service(Box<dyn ServiceInspector>),
    Plain,
    /// Ciphertext from here on.
    Encrypted,
}

impl Reader {
    /// A reader of a stream whose bytes may be anything, since its service is known otherwise.
    pub fn plain() -> Reader {
        Reader {
            mode: Mode::Plain,
            ..Reader::default()
        }
    }

    /// Takes the next bytes of one direction.
    pub fn deliver(
        &mut self,
        to_server: bool,
        data: &[u8],
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        if data.is_empty() {
            return;
        }
        match self.mode {
            Mode::Service(_) => return self.feed(to_server, data, context, emit),
            Mode::Encrypted => return,
            Mode::Identifying | Mode::Plain => {}
        }
        if matches!(self.mode, Mode::Plain) {
            self.answer(!to_server, context, emit);
            self.watch(to_server, data, context);
            if to_server && self.turns_to_tls(data, context) {
                context.stats.count_label("starttls");
                self.identify_anew();
            }
        }
        self.pending.side_mut(to_server).extend_from_slice(data);
        if matches!(self.mode, Mode::Identifying) {
            self.identify(to_server, context, emit);
        }
        self.flush_full(to_server, context, emit);
    }

    /// `lost` bytes of one direction will never come.
    pub fn gap(
        &mut self,
        to_server: bool,
        lost: u64,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        if let Mode::Service(inspector) = &mut self.mode {
            let service = inspector.service();
            let verdict = inspector.gap(to_server, lost, context.config, &mut |pdu| {
                emit(&Piece::Pdu { service, pdu });
            });
            context.note(inspector.as_mut());
            self.go_on(verdict, context);
        } else {
            self.flush(to_server, context.stats, emit);
        }
    }

    /// One direction has ended.
    pub fn finish(
        &mut self,
        to_server: bool,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        if let Mode::Service(inspector) = &mut self.mode {
            let service = inspector.service();
            inspector.finish(to_server, context.config, &mut |pdu| {
                emit(&Piece::Pdu { service, pdu });
            });
            context.note(inspector.as_mut());
        } else {
            self.flush(to_server, context.stats, emit);
        }
    }

    /// Whether an inspector reads the flow.
    pub fn has_inspector(&self) -> bool {
        matches!(self.mode, Mode::Service(_))
    }

    /// Whether all that follows is ciphertext.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.mode, Mode::Encrypted)
    }

    /// Bytes of a plain stream that are held, if any of them is one that no rule has looked
    /// at together with those before it; else 0.
    pub fn unseen(&self) -> usize {
        let is_new = |side| self.pending.side(side).len() > *self.looked.side(side);
        if is_new(true) || is_new(false) {
            let (client, server) = (self.pending.client.len(), self.pending.server.len());
            client.saturating_add(server)
        } else {
            0
        }
    }

    /// Shows what is held of a plain stream, and has not been shown yet, without taking it
    /// out: the PDU to come holds it as well.
    pub fn look(&mut self, stats: &mut Stats, emit: &mut dyn FnMut(&Piece<'_>)) {
        for to_server in [true, false] {
            let data = self.pending.side(to_server);
            if data.len() > *self.looked.side(to_server) {
                stats.count(Counter::StreamFlushIdle);
                let looked = std::mem::replace(self.looked.side_mut(to_server), data.len());
                emit(&Piece::Stream {
                    to_server,
                    data,
                    looked,
                    is_flushed: false,
                });
            }
        }
    }

    /// Judges what is held of a plain stream, however little, and gives its memory back.
    pub fn relieve(&mut self, stats: &mut Stats, emit: &mut dyn FnMut(&Piece<'_>)) {
        for to_server in [true, false] {
            if !self.pending.side(to_server).is_empty() {
                stats.count(Counter::StreamMemory);
                self.flush(to_server, stats, emit);
            }
            *self.pending.side_mut(to_server) = Vec::new();
        }
    }

    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        let service = match &self.mode {
            Mode::Service(inspector) => inspector.memory(),
            Mode::Identifying | Mode::Plain | Mode::Encrypted => 0,
        };
        let control = self.control.as_ref().map_or(0, |control| control.memory());
        service
            .saturating_add(control)
            .saturating_add(self.pending.client.capacity())
            .saturating_add(self.pending.server.capacity())
    }

    /// Ends an inspector that holds more than a flow may: what it holds is judged as at the
    /// end of the flow, and the rest is a plain stream.
    pub fn give_up(&mut self, context: &mut ReaderContext<'_>, emit: &mut dyn FnMut(&Piece<'_>)) {
        if !self.has_inspector() {
            return;
        }
        context.stats.count(Counter::ServiceMemory);
        for to_server in [true, false] {
            self.finish(to_server, context, emit);
        }
        self.mode = Mode::Plain;
    }

    fn feed(
        &mut self,
        to_server: bool,
        data: &[u8],
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        self.watch(to_server, data, context);
        if let Mode::Service(inspector) = &mut self.mode {
            let feed = Feed {
                to_server,
                data,
                config: context.config,
            };
            let service = inspector.service();
            let verdict = inspector.feed(&feed, &mut |pdu| emit(&Piece::Pdu { service, pdu }));
            context.note(inspector.as_mut());
            self.go_on(verdict, context);
            if let Verdict::Restart { taken, .. } = verdict {
                self.deliver(
                    to_server,
                    data.get(taken..).unwrap_or_default(),
                    context,
                    emit,
                );
            }
        }
    }

    fn go_on(&mut self, verdict: Verdict, context: &mut ReaderContext<'_>) {
        match verdict {
            Verdict::Continue => {}
            Verdict::Abandon(reason) => {
                context.stats.count(Counter::ServiceAbandoned);
                context.stats.count_label(reason);
                context.events.extend(event_of(reason));
                self.mode = Mode::Plain;
            }
            Verdict::Encrypted => self.mode = Mode::Encrypted,
            Verdict::Restart { reason, .. } => {
                context.stats.count_label(reason);
                self.identify_anew();
            }
        }
    }

    /// The bytes to come are those of a new stream.
    fn identify_anew(&mut self) {
        self.mode = Mode::Identifying;
        self.wizard = Wizard::default();
        self.flushed = Sides::default();
    }

    /// Whether a client's message begins as TLS does, of a service that may change to it.
    fn turns_to_tls(&self, data: &[u8], context: &ReaderContext<'_>) -> bool {
        const HANDSHAKE: u8 = 0x16;
        data.first() == Some(&HANDSHAKE)
            && self.pending.client.is_empty()
            && context.service.is_some_and(may_turn_to_tls)
    }

    /// Looks for connections that an FTP dialogue announces.
    fn watch(&mut self, to_server: bool, data: &[u8], context: &mut ReaderContext<'_>) {
        if let Some(control) = &mut self.control {
            control.feed(to_server, data, &mut |announced| {
                context.announced.push(announced);
            });
        }
    }

    fn identify(
        &mut self,
        to_server: bool,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        if *self.flushed.side(to_server) {
            return;
        }
        match self
            .wizard
            .identify(to_server, self.pending.side(to_server))
        {
            Identification::Undecided => {}
            Identification::Unknown => self.mode = Mode::Plain,
            Identification::Service(name) => {
                *context.service = Some(name);
                self.begin(name, context, emit);
            }
        }
    }

    /// Hands what has come so far to the inspector of a service, if it has one.
    fn begin(
        &mut self,
        service: &str,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        let Some(inspector) = inspector_for(service) else {
            self.mode = Mode::Plain;
            return;
        };
        self.control = (service == "ftp").then(Box::default);
        self.mode = Mode::Service(inspector);
        for to_server in [true, false] {
            let bytes = std::mem::take(self.pending.side_mut(to_server));
            *self.looked.side_mut(to_server) = 0;
            if bytes.is_empty() {
                continue;
            }
            match self.mode {
                Mode::Service(_) => self.feed(to_server, &bytes, context, emit),
                Mode::Encrypted => {}
                Mode::Identifying | Mode::Plain => *self.pending.side_mut(to_server) = bytes,
            }
        }
    }

    /// The other end has answered what was asked. Of a service that is known the commands
    /// are messages, each by itself; else contents reach over answers for a while.
    fn answer(
        &mut self,
        asked: bool,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        let is_full = self.pending.side(asked).len() >= context.config.answered_flush_size;
        if is_full {
            context.stats.count(Counter::StreamFlushAnswered);
        }
        if is_full || context.service.is_some_and(is_turn_by_turn) {
            self.flush(asked, context.stats, emit);
        }
    }

    /// Judges a plain stream's bytes once there are `flush_size` of them.
    fn flush_full(
        &mut self,
        to_server: bool,
        context: &mut ReaderContext<'_>,
        emit: &mut dyn FnMut(&Piece<'_>),
    ) {
        if self.pending.side(to_server).len() >= context.config.flush_size {
            context.stats.count(Counter::StreamFlushSize);
            self.flush(to_server, context.stats, emit);
        }
    }

    fn flush(&mut self, to_server: bool, stats: &mut Stats, emit: &mut dyn FnMut(&Piece<'_>)) {
        let pending = self.pending.side_mut(to_server);
        if pending.is_empty() {
            return;
        }
        *self.flushed.side_mut(to_server) = true;
        let looked = std::mem::take(self.looked.side_mut(to_server));
        stats.count(Counter::StreamPdus);
        emit(&Piece::Stream {
            to_server,
            data: pending,
            looked,
            is_flushed: true,
        });
        pending.clear();
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Identifying => f.write_str("Identifying"),
            Mode::Service(inspector) => write!(f, "Service({})", inspector.service()),
            Mode::Plain => f.write_str("Plain"),
            Mode::Encrypted => f.write_str("Encrypted"),
        }
    }
}
