//! A frame to its packets: decoding, checksums, fragments.

use super::Engine;
use crate::{
    codecs::{DecodeError, decode, decode_datagram, has_bad_checksum},
    engine::judge::Subject,
    frame::{ChecksumState, Frame, Tag},
    output::Output,
    packet::{Packet, Transport},
    stats::Counter,
    stream::FragmentVerdict,
    time::Now,
};

impl Engine {
    /// Examines a frame; says under which counter it is booked.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, now: Now, out: &mut dyn Output) -> Counter {
        let decoded = match decode(frame, &self.limits) {
            Ok(decoded) => decoded,
            Err(error) => return dropped(error),
        };
        if let Some(error) = &decoded.incomplete {
            self.stats.count(match error {
                DecodeError::TooManyExtensions(_) => Counter::DecodeTooManyExtensions,
                _ => Counter::DecodeIncomplete,
            });
        }
        if self.refuses_checksum(frame, &decoded.packet) {
            return Counter::DroppedBadChecksum;
        }
        self.packet_or_fragment(&decoded.packet, frame.tag, now, out)
    }

    /// Checksums are asked for only where they can be right: computed, and all bytes there.
    fn refuses_checksum(&self, frame: &Frame<'_>, packet: &Packet<'_>) -> bool {
        self.config.verify_checksums
            && frame.checksum == ChecksumState::Unknown
            && frame.gso_size == 0
            && usize::try_from(frame.wire_len).is_ok_and(|wire| wire <= frame.bytes.len())
            && !packet.ip.fragment.is_fragmented()
            && has_bad_checksum(packet)
    }

    fn packet_or_fragment(
        &mut self,
        packet: &Packet<'_>,
        tag: Tag,
        now: Now,
        out: &mut dyn Output,
    ) -> Counter {
        if !packet.ip.fragment.is_fragmented() {
            return self.packet(packet, tag, now, out);
        }
        self.fragment(packet, tag, now, out);
        Counter::Inspected
    }

    /// Tries the rules on a fragment as on a packet of no transport.
    fn judge_fragment(&mut self, packet: &Packet<'_>, tag: Tag, now: Now, out: &mut dyn Output) {
        let bare = Packet {
            transport: Transport::Other,
            payload: packet.ip.payload,
            ..packet.clone()
        };
        self.judge(tag.slot, now, out)
            .alone(&Subject::packet(&bare), tag.direction);
    }

    /// A fragment is judged by itself, then waits for the others. As in Snort a later fragment
    /// of IPv6 is judged only if it makes the datagram complete.
    fn fragment(&mut self, packet: &Packet<'_>, tag: Tag, now: Now, out: &mut dyn Output) {
        let waits = packet.ip.src.is_ipv6() && packet.ip.fragment.offset > 0;
        if !waits {
            self.judge_fragment(packet, tag, now, out);
        }
        let (verdict, evicted) =
            self.defragmenter
                .push(packet, tag.slot, now.monotonic, &mut self.budget);
        self.stats.add(Counter::FragmentEvicted, evicted);
        let datagram = match verdict {
            FragmentVerdict::Complete(datagram) => datagram,
            FragmentVerdict::Held => return,
            FragmentVerdict::Discarded => return self.stats.count(Counter::FragmentDiscarded),
            FragmentVerdict::Malformed => return self.stats.count(Counter::FragmentMalformed),
            FragmentVerdict::NoMemory => return self.stats.count(Counter::FragmentMemory),
        };
        self.stats.count(Counter::FragmentRebuilt);
        if waits {
            self.judge_fragment(packet, tag, now, out);
        }
        let (header, outer) = (
            datagram.header(),
            (datagram.encapsulation(), datagram.layers()),
        );
        match decode_datagram(header, outer.0, outer.1, &self.limits) {
            Ok(whole) => {
                // The frame is booked already, as one that was inspected. What is inside may
                // be a fragment again: it is a layer deeper, so `max_layers` ends this.
                self.packet_or_fragment(&whole.packet, tag, now, out);
            }
            Err(_) => self.stats.count(Counter::DecodeIncomplete),
        }
    }
}

/// The counter of a frame that has no packet.
fn dropped(error: DecodeError) -> Counter {
    match error {
        DecodeError::Truncated(_) => Counter::DroppedTruncated,
        // Too many extensions are no error of a frame: the rest is inspected.
        DecodeError::Malformed(_) | DecodeError::TooManyExtensions(_) => Counter::DroppedMalformed,
        DecodeError::NotIp(_) => Counter::DroppedNotIp,
        DecodeError::TooManyLayers(_) => Counter::DroppedTooManyLayers,
    }
}
