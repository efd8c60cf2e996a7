//! What is odd about a segment of a connection (generator 129).

use super::{BuiltinEvent, EventSet};
use crate::{
    packet::{Packet, TcpHeader},
    stream::tcp::{SegmentVerdict, TcpSession, Unfit},
};

/// Of a segment that the connection has judged; `session` as it is then, before the segment's
/// bytes are taken.
pub(crate) fn of_segment(
    packet: &Packet<'_>,
    header: &TcpHeader<'_>,
    from_client: bool,
    (session, verdict): (&TcpSession, SegmentVerdict),
) -> EventSet {
    use BuiltinEvent as Event;
    let mut events = EventSet::EMPTY;
    let has = |flag: u8| header.flags & flag != 0;
    let len = packet.payload.len();
    let has_data = len > 0;
    let is_fit = matches!(verdict, SegmentVerdict::Usable(_));
    let unfit = match verdict {
        SegmentVerdict::Unusable(unfit) => Some(unfit),
        _ => None,
    };
    let is_closed = unfit == Some(Unfit::Closed);
    let reset_by = session.reset_by().filter(|_| is_closed && has_data);
    let syn = has(TcpHeader::SYN);
    for (event, is_so) in [
        (Event::SynInConnection, unfit == Some(Unfit::Syn)),
        (Event::DataOnSyn, syn && has_data),
        (Event::OldTimestamp, unfit == Some(Unfit::Timestamp)),
        (Event::DataAfterOwnReset, reset_by == Some(from_client)),
        (Event::DataAfterReset, reset_by == Some(!from_client)),
        (Event::DataWithoutFlags, header.flags == 0 && has_data),
        (
            Event::FourWayHandshake,
            is_fit && syn && !has(TcpHeader::ACK) && session.has_both_syns(),
        ),
        (
            Event::NoTimestamp,
            is_fit && !syn && session.lacks_timestamp(header),
        ),
        (Event::ResetOutside, unfit == Some(Unfit::ResetOutside)),
        (Event::OutsideWindow, unfit == Some(Unfit::BeyondWindow)),
        (
            Event::DataAfterFin,
            has_data
                && (is_fit || (is_closed && session.reset_by().is_none()))
                && session.half(from_client).is_behind_end(header.seq, len),
        ),
    ] {
        events.insert_if(event, is_so);
    }
    events
}
