//! What a connection says of a segment.

/// What a segment means for the connection, before its payload is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentVerdict {
    /// Its payload, if any, belongs to the stream, beginning at this sequence number.
    Usable(u32),
    /// The same, but the receiver should refuse it: it acknowledges what the other end has
    /// never sent. If it was sent and only not seen here, the receiver will acknowledge it.
    Doubtful(u32),
    /// The receiver does not use its payload.
    Unusable(Unfit),
    /// It ends the connection at once.
    Reset,
    /// It belongs to a new connection on the same addresses and ports.
    NewConnection,
}

/// Why a receiver does not use a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The connection is over.
    Closed,
    /// It has no ACK.
    NoAck,
    /// Its timestamp is older than the latest (PAWS).
    Timestamp,
    /// It ends before what was acknowledged.
    BeforeWindow,
    /// It begins beyond the receiver's window.
    BeyondWindow,
    /// A SYN in an open connection.
    Syn,
    /// A SYN that differs from the one before it.
    OtherSyn,
    /// A reset with another sequence number than the next, within the window.
    Reset,
    /// The same, outside of it.
    ResetOutside,
}
