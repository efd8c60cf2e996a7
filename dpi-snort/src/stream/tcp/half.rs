//! One direction of a TCP connection, as its receiver sees it.

use super::{Segments, Unfit};

/// What one end sends.
#[derive(Clone, Debug, Default)]
pub struct Half {
    /// Sequence number of the next byte in order; `None` before anything was seen.
    next: Option<u32>,
    /// Stream offset of that byte: 0 is the first byte after the SYN, or the first one seen.
    offset: u64,
    /// Stream offset behind the last byte that was sent, in order or not.
    sent: u64,
    held: Option<Box<Segments>>,
    /// Bytes that the receiver should refuse; taken once it acknowledges them all the same.
    doubtful: Option<Box<Segments>>,
    /// Highest acknowledgement by the other end.
    acked: Option<u32>,
    /// Sequence number behind the last byte for which the other end has offered room.
    edge: Option<u32>,
    /// Stream offset of the byte that the latest urgent pointer marks.
    urgent: Option<u64>,
    /// Stream offset at which the stream ends, once a FIN is in order.
    fin: Option<u64>,
    closed: bool,
    /// Latest timestamp of a segment in order (RFC 7323, `TS.Recent`).
    timestamp: Option<u32>,
}

/// Which bytes of a segment are usable now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// None: nothing in it, or all of it was there before.
    Nothing,
    /// The bytes from this index on are the next of the stream.
    InOrder(usize),
    /// All of it was held back.
    Held,
    /// It begins beyond the receiver's window.
    OutOfWindow,
    /// It is further ahead than one flow may hold, or there is no memory to hold it.
    Refused,
}

impl Half {
    /// Takes up a sequence number as that of the next byte.
    pub(super) fn synchronize(&mut self, next: u32) {
        self.next = Some(next);
    }

    /// Sequence number of the next byte in order.
    pub fn next(&self) -> Option<u32> {
        self.next
    }

    /// Stream offset behind the last byte that was sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The same, counting a segment that has not been accepted yet.
    pub fn sent_with(&self, seq: u32, len: usize) -> u64 {
        let ahead = seq.wrapping_sub(self.next.unwrap_or(seq)).cast_signed();
        let end = self
            .offset
            .saturating_add_signed(ahead.into())
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        self.sent.max(end)
    }

    /// Whether the stream has ended.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nothing of the stream has been delivered yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.offset == 0
    }

    /// Memory in use for what is held back.
    pub fn cost(&self) -> usize {
        let both = [&self.held, &self.doubtful];
        both.into_iter().flatten().map(|held| held.cost()).sum()
    }

    /// Puts bytes aside that the receiver should refuse, within bounds as in
    /// [`accept`](Self::accept).
    pub(super) fn doubt(&mut self, seq: u32, payload: &[u8], room: usize, reach: usize) -> Data {
        let ahead = self.next.map(|next| seq.wrapping_sub(next).cast_signed());
        let Some(ahead) = ahead.and_then(|ahead| usize::try_from(ahead).ok()) else {
            return Data::Nothing;
        };
        if payload.is_empty() || self.closed {
            return Data::Nothing;
        }
        if ahead > reach || payload.len() > room {
            return Data::Refused;
        }
        let start = self
            .offset
            .saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX));
        // It was sent, so that its acknowledgement is none of something unsent.
        self.sent = self.sent.max(start.saturating_add(len_u64(payload)));
        let doubtful = self.doubtful.get_or_insert_default();
        doubtful.insert(start, payload, false);
        Data::Held
    }

    /// The next bytes of the stream, if they were put aside and have been acknowledged since;
    /// at the `end` of what is seen also if they have not. Not yet delivered.
    pub(super) fn take_doubtful(&mut self, end: bool) -> Option<Vec<u8>> {
        if self.closed || self.fin.is_some() {
            return None;
        }
        let acked = self.acked.unwrap_or_default().wrapping_sub(self.next?);
        let acked = usize::try_from(acked.cast_signed()).unwrap_or(0);
        let room = if end { usize::MAX } else { acked };
        let doubtful = self.doubtful.as_mut().filter(|_| room > 0)?;
        let mut bytes = doubtful.take_at(self.offset)?.bytes;
        if bytes.len() > room {
            let rest = bytes.split_off(room);
            let start = self.offset.saturating_add(len_u64(&bytes));
            doubtful.insert(start, &rest, false);
        }
        Some(bytes)
    }

    /// Whether an acknowledgement is of something that this end has never sent, so that its
    /// receiver refuses the segment (`tcp_ack` of Linux; RFC 5961, 5.2): ahead of all that
    /// was sent, or from before the stream's first byte.
    pub(super) fn is_unsent(&self, ack: u32) -> bool {
        let Some(next) = self.next else {
            return false;
        };
        let fin = u64::from(self.fin.is_some() || self.closed);
        let ahead = self.sent.saturating_sub(self.offset).saturating_add(fin);
        let from_next = i64::from(ack.wrapping_sub(next).cast_signed());
        match u64::try_from(from_next) {
            Ok(from_next) => from_next > ahead,
            Err(_) => from_next.unsigned_abs() > self.offset,
        }
    }

    /// Decides what of a segment is new. Held back is at most what `room` bytes of memory
    /// allow, no further ahead than `reach`. `fin`: the stream ends behind it.
    pub(super) fn accept(
        &mut self,
        seq: u32,
        (payload, fin): (&[u8], bool),
        room: usize,
        reach: usize,
    ) -> Data {
        let taken = payload.len().saturating_add(usize::from(fin));
        if taken == 0 || self.closed {
            return Data::Nothing;
        }
        let len = len_u64(payload);
        let ahead = i64::from(
            seq.wrapping_sub(*self.next.get_or_insert(seq))
                .cast_signed(),
        );
        let Ok(ahead) = u64::try_from(ahead) else {
            let skip = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
            if skip >= taken {
                return Data::Nothing;
            }
            return self.in_order(skip, len.saturating_sub(ahead.unsigned_abs()), fin);
        };
        if ahead == 0 {
            return self.in_order(0, len, fin);
        }
        let is_beyond = |edge: u32| seq.wrapping_sub(edge).cast_signed() >= 0;
        if self.edge.is_some_and(is_beyond) {
            return Data::OutOfWindow;
        }
        if ahead > u64::try_from(reach).unwrap_or(u64::MAX) || taken > room {
            return Data::Refused;
        }
        let start = self.offset.saturating_add(ahead);
        self.sent = self.sent.max(start.saturating_add(len));
        let held = self.held.get_or_insert_default();
        held.insert(start, payload, fin);
        Data::Held
    }

    fn in_order(&mut self, skip: usize, new: u64, fin: bool) -> Data {
        let end = self.offset.saturating_add(new);
        self.sent = self.sent.max(end);
        self.fin = fin.then_some(end);
        Data::InOrder(skip)
    }

    /// Moves on by bytes that were delivered.
    pub(super) fn advance(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(bytes);
        if let Some(next) = &mut self.next {
            // Sequence numbers wrap, so only the low 32 bits count.
            *next = next.wrapping_add(u32::try_from(bytes & 0xffff_ffff).unwrap_or(0));
        }
        self.sent = self.sent.max(self.offset);
    }

    /// Held bytes that have become the next of the stream; none behind a FIN.
    pub(super) fn take_ready(&mut self) -> Option<Vec<u8>> {
        if self.closed || self.fin.is_some() {
            return None;
        }
        let piece = self.held.as_mut()?.take_at(self.offset)?;
        if piece.fin {
            self.fin = Some(self.offset.saturating_add(len_u64(&piece.bytes)));
        }
        Some(piece.bytes)
    }

    /// Notes an acknowledgement by the other end.
    pub(super) fn acknowledge(&mut self, ack: u32) {
        let is_new = |acked: u32| ack.wrapping_sub(acked).cast_signed() > 0;
        if self.acked.is_none_or(is_new) {
            self.acked = Some(ack);
        }
    }

    /// Notes how far the other end lets this one send.
    pub(super) fn open_window(&mut self, edge: u32) {
        let is_further = |known: u32| edge.wrapping_sub(known).cast_signed() > 0;
        if self.edge.is_none_or(is_further) {
            self.edge = Some(edge);
        }
    }

    /// Notes an urgent byte by its sequence number, if it has not been delivered yet and is
    /// behind the one that is still waited for (`tcp_check_urg` of Linux).
    pub(super) fn set_urgent(&mut self, seq: u32) {
        let Some(next) = self.next else { return };
        if let Ok(ahead) = u64::try_from(seq.wrapping_sub(next).cast_signed()) {
            let at = self.offset.saturating_add(ahead);
            let awaited = self.urgent.filter(|urgent| *urgent >= self.offset);
            self.urgent = Some(awaited.map_or(at, |awaited| awaited.max(at)));
        }
    }

    /// Index of the urgent byte in the next `len` bytes of the stream, if it is there. Linux
    /// keeps it out of the stream unless the application asked for `SO_OOBINLINE`.
    pub(super) fn urgent_in(&self, len: usize) -> Option<usize> {
        let at = usize::try_from(self.urgent?.checked_sub(self.offset)?).ok()?;
        (at < len).then_some(at)
    }

    /// Whether the other end has acknowledged all bytes before sequence number `seq`.
    pub fn is_acknowledged(&self, seq: u32) -> bool {
        self.acked
            .is_some_and(|acked| acked.wrapping_sub(seq).cast_signed() >= 0)
    }

    /// Whether the other end has acknowledged anything.
    pub(super) fn has_acknowledgement(&self) -> bool {
        self.acked.is_some()
    }

    /// Steps over bytes that were acknowledged and never seen, if later ones are held back;
    /// says how many they are. The receiver has them, so they will not be sent again.
    pub(super) fn skip_acknowledged(&mut self) -> Option<u64> {
        let first = self.held.as_ref()?.first()?;
        let (next, acked) = (self.next?, self.acked?);
        let ahead = u64::try_from(acked.wrapping_sub(next).cast_signed()).ok()?;
        let target = first.min(self.offset.saturating_add(ahead));
        self.skip_to(target)
    }

    /// Steps over whatever is missing in front of what is held back; says how many bytes.
    pub(super) fn skip_missing(&mut self) -> Option<u64> {
        self.skip_to(self.held.as_ref()?.first()?)
    }

    fn skip_to(&mut self, target: u64) -> Option<u64> {
        let gap = target.checked_sub(self.offset).filter(|gap| *gap > 0)?;
        self.advance(usize::try_from(gap).ok()?);
        Some(gap)
    }

    /// Whether the stream has just come to its FIN. True once.
    pub(super) fn reached_fin(&mut self) -> bool {
        if self.closed || self.fin.is_none_or(|fin| self.offset < fin) {
            return false;
        }
        self.close();
        true
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.held = None;
        self.doubtful = None;
    }

    /// PAWS (RFC 7323, 5.3; `tcp_paws_check` of Linux allows a timestamp one tick older):
    /// whether the receiver drops a segment for its old timestamp.
    pub(super) fn is_old_timestamp(&self, timestamp: Option<u32>) -> bool {
        let (Some(timestamp), Some(recent)) = (timestamp, self.timestamp) else {
            return false;
        };
        recent.wrapping_sub(timestamp).cast_signed() > 1
    }

    /// Notes the timestamp of a segment that the receiver takes, if it is in order and not
    /// older than the latest.
    pub(super) fn note_timestamp(&mut self, timestamp: Option<u32>, seq: u32) {
        let Some(timestamp) = timestamp else { return };
        let is_older = |recent: u32| recent.wrapping_sub(timestamp).cast_signed() > 0;
        let in_order = |next: u32| seq.wrapping_sub(next).cast_signed() <= 0;
        if !self.timestamp.is_some_and(is_older) && self.next.is_none_or(in_order) {
            self.timestamp = Some(timestamp);
        }
    }

    /// Whether a segment lies outside the window, so that the receiver looks no further
    /// (`tcp_sequence` of Linux): it ends before what was acknowledged, or begins beyond what
    /// was offered.
    pub(super) fn outside(&self, seq: u32, len: u32) -> Option<Unfit> {
        let end = seq.wrapping_add(len);
        let is_before = |acked: u32| end.wrapping_sub(acked).cast_signed() < 0;
        let is_beyond = |edge: u32| seq.wrapping_sub(edge).cast_signed() > 0;
        if self.acked.is_some_and(is_before) {
            return Some(Unfit::BeforeWindow);
        }
        let beyond = self.edge.is_some_and(is_beyond);
        beyond.then_some(Unfit::BeyondWindow)
    }

    /// Whether a segment has bytes behind the end of the stream, which came before.
    pub(crate) fn is_behind_end(&self, seq: u32, len: usize) -> bool {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let ahead = |next: u32| seq.wrapping_add(len).wrapping_sub(next).cast_signed();
        self.closed && self.next.is_some_and(|next| ahead(next) > 0)
    }

    /// Whether the other end has acknowledged more than this.
    pub(super) fn is_acknowledged_beyond(&self, ack: u32) -> bool {
        self.acked
            .is_some_and(|acked| acked.wrapping_sub(ack).cast_signed() > 0)
    }
}

fn len_u64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
