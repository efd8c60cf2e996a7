//! Both ends of a TCP connection.

use super::{
    Data, Half, SegmentVerdict, Unfit,
    options::{timestamp, window_scale},
};
use crate::{flow::Sides, packet::TcpHeader};

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The handshake is not complete.
    Opening,
    /// Complete, or picked up in mid-stream.
    Established,
    /// Both ends have finished, or one has reset it.
    Closed,
}

/// A TCP connection.
#[derive(Clone, Debug)]
pub struct TcpSession {
    client: Half,
    server: Half,
    phase: Phase,
    /// What the SYN of each end offered.
    syn: Sides<Option<Offer>>,
    /// Sequence number of a client's SYN that came while the connection was open: it counts
    /// only if the server answers it.
    new_syn: Option<u32>,
    /// Who has reset the connection, if anyone: the client?
    reset_by: Option<bool>,
}

/// The options of a SYN that hold for the connection if both ends offer them.
#[derive(Clone, Copy, Debug)]
struct Offer {
    scale: Option<u8>,
    timestamps: bool,
}

/// Shift that is assumed where the handshake was not seen: the largest, so that nothing that
/// the receiver may have used is refused.
const UNKNOWN_SCALE: u8 = 14;

impl TcpSession {
    /// A connection of which nothing is known yet.
    pub fn new() -> Self {
        TcpSession {
            client: Half::default(),
            server: Half::default(),
            phase: Phase::Opening,
            syn: Sides::default(),
            new_syn: None,
            reset_by: None,
        }
    }

    /// Whether the sender of the first packet seen is the client.
    ///
    /// A SYN says so, a SYN-ACK says the opposite; in mid-stream the higher port is the client's,
    /// since servers mostly listen on the lower one.
    pub fn first_is_client(tcp: &TcpHeader<'_>) -> bool {
        let syn = tcp.flags & (TcpHeader::SYN | TcpHeader::ACK);
        if syn == TcpHeader::SYN {
            true
        } else if syn == TcpHeader::SYN | TcpHeader::ACK {
            false
        } else {
            tcp.src_port >= tcp.dst_port
        }
    }

    /// How far the connection has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What the client or the server sends.
    pub fn half(&self, from_client: bool) -> &Half {
        if from_client {
            &self.client
        } else {
            &self.server
        }
    }

    fn half_mut(&mut self, from_client: bool) -> &mut Half {
        if from_client {
            &mut self.client
        } else {
            &mut self.server
        }
    }

    /// Sequence numbers that an end has used (`stream_size`): its bytes, and its SYN if that
    /// was seen.
    pub fn used(&self, from_client: bool) -> u64 {
        let sent = self.half(from_client).sent();
        sent.saturating_add(u64::from(self.has_syn(from_client)))
    }

    /// The same, counting a segment that has not been accepted yet.
    pub fn used_with(&self, from_client: bool, seq: u32, len: usize) -> u64 {
        let sent = self.half(from_client).sent_with(seq, len);
        sent.saturating_add(u64::from(self.has_syn(from_client)))
    }

    /// Memory in use for what is held back.
    pub fn cost(&self) -> usize {
        self.client.cost().saturating_add(self.server.cost())
    }

    /// Takes the header of a segment with `len` bytes of payload.
    pub fn accept(&mut self, from_client: bool, tcp: &TcpHeader<'_>, len: usize) -> SegmentVerdict {
        let has = |flag: u8| tcp.flags & flag != 0;
        if has(TcpHeader::SYN) && !has(TcpHeader::RST) {
            return self.accept_syn(from_client, tcp);
        }
        if has(TcpHeader::RST) {
            return self.accept_reset(from_client, tcp);
        }
        if self.phase == Phase::Closed {
            return SegmentVerdict::Unusable(Unfit::Closed);
        }
        if !has(TcpHeader::ACK) {
            // The kernel drops segments without ACK in a connection.
            return SegmentVerdict::Unusable(Unfit::NoAck);
        }
        let stamp = timestamp(tcp.options).filter(|_| self.has_timestamps());
        let half = self.half(from_client);
        if half.is_old_timestamp(stamp) {
            return SegmentVerdict::Unusable(Unfit::Timestamp);
        }
        if let Some(unfit) = half.outside(tcp.seq, tcp.seq_len(len)) {
            return SegmentVerdict::Unusable(unfit);
        }
        if self.phase == Phase::Opening {
            self.open(from_client, tcp);
        }
        if self.has_both_syns() && self.half(!from_client).is_unsent(tcp.ack) {
            return SegmentVerdict::Doubtful(tcp.seq);
        }
        if !self.half(!from_client).is_acknowledged_beyond(tcp.ack) {
            self.half_mut(from_client).note_timestamp(stamp, tcp.seq);
        }
        let window = u32::from(tcp.window) << self.scale_of(from_client);
        let other = self.half_mut(!from_client);
        other.acknowledge(tcp.ack);
        other.open_window(tcp.ack.wrapping_add(window));
        if tcp.flags & TcpHeader::URG != 0 {
            // The pointer counts from the sequence number to the byte behind the urgent one
            // (`tcp_check_urg` with `tcp_stdurg` off); 0 and 1 both mark the first byte.
            let at = u32::from(tcp.urgent.saturating_sub(1));
            self.half_mut(from_client)
                .set_urgent(tcp.seq.wrapping_add(at));
        }
        SegmentVerdict::Usable(tcp.seq)
    }

    fn accept_syn(&mut self, from_client: bool, tcp: &TcpHeader<'_>) -> SegmentVerdict {
        let is_answer = tcp.flags & TcpHeader::ACK != 0;
        // The SYN takes one sequence number; data behind it is TCP Fast Open's.
        let first = tcp.seq.wrapping_add(1);
        let half = self.half(from_client);
        let is_repeated =
            self.has_syn(from_client) && half.is_fresh() && half.next() == Some(first);
        match self.phase {
            Phase::Closed => return SegmentVerdict::NewConnection,
            Phase::Established if is_answer && !from_client && !is_repeated => {
                let answered = self.new_syn.map(|seq| seq.wrapping_add(1));
                return if answered == Some(tcp.ack) {
                    SegmentVerdict::NewConnection
                } else {
                    SegmentVerdict::Unusable(Unfit::Syn)
                };
            }
            Phase::Established => {
                // A kernel answers this with a challenge ACK, unless it has lost the connection.
                if !is_answer {
                    self.new_syn = Some(tcp.seq);
                }
                return SegmentVerdict::Unusable(if is_repeated {
                    Unfit::OtherSyn
                } else {
                    Unfit::Syn
                });
            }
            Phase::Opening => {}
        }
        let half = self.half_mut(from_client);
        // One that was answered holds, whatever other comes behind it (`tcp_check_req`).
        let is_answered = half.next().is_some_and(|next| half.is_acknowledged(next));
        if half.is_fresh() && !is_answered {
            half.synchronize(first);
        } else if half.next() != Some(first) && !is_repeated {
            return SegmentVerdict::Unusable(Unfit::OtherSyn);
        }
        let stamp = timestamp(tcp.options);
        half.note_timestamp(stamp, tcp.seq);
        *self.syn.side_mut(from_client) = Some(Offer {
            scale: window_scale(tcp.options),
            timestamps: stamp.is_some(),
        });
        if is_answer {
            let other = self.half_mut(!from_client);
            if other.next().is_none() || other.is_fresh() {
                // Of several SYNs the one that is answered counts.
                other.synchronize(tcp.ack);
            }
            other.acknowledge(tcp.ack);
            // RFC 7323 (2.2): the window of a SYN is never scaled.
            other.open_window(tcp.ack.wrapping_add(u32::from(tcp.window)));
        }
        SegmentVerdict::Usable(first)
    }

    fn accept_reset(&mut self, from_client: bool, tcp: &TcpHeader<'_>) -> SegmentVerdict {
        if self.phase == Phase::Closed {
            return SegmentVerdict::Unusable(Unfit::Closed);
        }
        let refused = self.phase == Phase::Opening
            && tcp.flags & TcpHeader::ACK != 0
            && self.half(!from_client).next() == Some(tcp.ack);
        // RFC 5961 (3.2): only the exact sequence number resets.
        let exact = self
            .half(from_client)
            .next()
            .is_none_or(|next| next == tcp.seq);
        if refused || exact {
            self.reset_by = Some(from_client);
            return SegmentVerdict::Reset;
        }
        let outside = self.half(from_client).outside(tcp.seq, 0);
        SegmentVerdict::Unusable(outside.map_or(Unfit::Reset, |_| Unfit::ResetOutside))
    }

    /// An ACK before the handshake is complete: completes it, or is a pick-up in mid-stream.
    fn open(&mut self, from_client: bool, tcp: &TcpHeader<'_>) {
        if !self.has_syn(true) && !self.has_syn(false) {
            // In mid-stream each end is where the first segment says.
            for (half, next) in [(from_client, tcp.seq), (!from_client, tcp.ack)] {
                let half = self.half_mut(half);
                if half.next().is_none() {
                    half.synchronize(next);
                }
            }
            self.phase = Phase::Established;
        } else if self.has_syn(!from_client) {
            self.phase = Phase::Established;
        }
    }

    fn has_syn(&self, from_client: bool) -> bool {
        self.syn.side(from_client).is_some()
    }

    /// Whether the beginning of the connection was seen.
    pub fn has_handshake(&self) -> bool {
        self.has_syn(true) || self.has_syn(false)
    }

    /// Whether both ends have sent a SYN that counts.
    pub fn has_both_syns(&self) -> bool {
        self.has_syn(true) && self.has_syn(false)
    }

    /// Who has reset the connection, if anyone: the client?
    pub fn reset_by(&self) -> Option<bool> {
        self.reset_by
    }

    /// Whether both ends have agreed on timestamps and the segment has none.
    pub fn lacks_timestamp(&self, tcp: &TcpHeader<'_>) -> bool {
        self.has_both_syns() && self.has_timestamps() && timestamp(tcp.options).is_none()
    }

    /// Shift of the windows that an end announces.
    fn scale_of(&self, from_client: bool) -> u8 {
        match (self.syn.side(from_client), self.syn.side(!from_client)) {
            (Some(own), Some(other)) => match (own.scale, other.scale) {
                (Some(shift), Some(_)) => shift,
                _ => 0,
            },
            _ => UNKNOWN_SCALE,
        }
    }

    /// Whether timestamps count. Without a handshake they are taken to be agreed on.
    fn has_timestamps(&self) -> bool {
        let offers = [self.syn.client, self.syn.server];
        offers.iter().flatten().all(|offer| offer.timestamps)
    }

    /// Index of the urgent byte in the next `len` bytes of a direction.
    pub fn urgent_in(&self, from_client: bool, len: usize) -> Option<usize> {
        self.half(from_client).urgent_in(len)
    }

    /// Takes a usable segment's payload, and whether a FIN is behind it; `room` and `reach`
    /// bound what is held back.
    pub fn accept_data(
        &mut self,
        from_client: bool,
        seq: u32,
        data: (&[u8], bool),
        room: usize,
        reach: usize,
    ) -> Data {
        self.half_mut(from_client).accept(seq, data, room, reach)
    }

    /// Puts the payload of a doubtful segment aside; bounds as for `accept_data`.
    pub fn doubt(
        &mut self,
        from_client: bool,
        seq: u32,
        payload: &[u8],
        room: usize,
        reach: usize,
    ) -> Data {
        self.half_mut(from_client).doubt(seq, payload, room, reach)
    }

    /// Bytes of doubtful segments that the receiver has acknowledged and that are the next of
    /// the stream; with `end` those that it has not, too. Not yet delivered.
    pub fn take_doubtful(&mut self, from_client: bool, end: bool) -> Option<Vec<u8>> {
        self.half_mut(from_client).take_doubtful(end)
    }

    /// Moves on by bytes that were delivered.
    pub fn delivered(&mut self, from_client: bool, bytes: usize) {
        self.half_mut(from_client).advance(bytes);
    }

    /// Held bytes that have become the next of the stream; not yet delivered.
    pub fn take_ready(&mut self, from_client: bool) -> Option<Vec<u8>> {
        self.half_mut(from_client).take_ready()
    }

    /// Steps over bytes that were acknowledged and never seen; says how many.
    pub fn skip_acknowledged(&mut self, from_client: bool) -> Option<u64> {
        self.half_mut(from_client).skip_acknowledged()
    }

    /// Steps over what is missing, where it can never be known whether it was acknowledged,
    /// because the other direction is not seen; says how many bytes.
    pub fn skip_missing(&mut self, from_client: bool) -> Option<u64> {
        let half = self.half_mut(from_client);
        if half.has_acknowledgement() {
            return None;
        }
        half.skip_missing()
    }

    /// Whether a direction has just come to its end. True once.
    pub fn reached_fin(&mut self, from_client: bool) -> bool {
        let reached = self.half_mut(from_client).reached_fin();
        if self.client.is_closed() && self.server.is_closed() {
            self.phase = Phase::Closed;
        }
        reached
    }

    /// Ends both directions.
    pub fn close(&mut self) {
        self.client.close();
        self.server.close();
        self.phase = Phase::Closed;
    }
}

impl Default for TcpSession {
    fn default() -> Self {
        TcpSession::new()
    }
}
