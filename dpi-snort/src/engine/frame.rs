//! A frame to its packets: decoding, checksums, fragments.

use super::Engine;
use crate::{
    builtin::{self, BuiltinEvent, EventSet, Source},
    codecs::{DecodeError, Decoded, decode, decode_datagram, has_bad_checksum},
    engine::judge::{Oddity, Subject},
    frame::{ChecksumState, Frame, Tag},
    output::Output,
    packet::{Packet, Transport},
    stats::Counter,
    stream::{Contradiction, FragmentVerdict},
    time::Now,
};

impl Engine {
    /// Examines a frame; says under which counter it is booked.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, now: Now, out: &mut dyn Output) -> Counter {
        let decoded = match decode(frame, &self.limits) {
            Ok(decoded) => decoded,
            Err(error) => {
                if self.detection.wants(Source::Codecs) {
                    let oddity = Oddity::of_frame(frame.tag.direction);
                    let events = builtin::of_error(error);
                    self.judge(frame.tag.slot, now, out).raise(events, &oddity);
                }
                return dropped(error);
            }
        };
        let payload = u64::try_from(decoded.packet.payload.len()).unwrap_or(u64::MAX);
        self.stats.add(Counter::PayloadBytes, payload);
        self.raise_of_packet(&decoded, frame.tag, now, out);
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

    /// Tells what is odd about a packet, if rules ask for it.
    fn raise_of_packet(&mut self, decoded: &Decoded<'_>, tag: Tag, now: Now, out: &mut dyn Output) {
        if self.detection.wants(Source::Codecs) {
            let oddity = Oddity::of_packet(&decoded.packet, tag.direction);
            let events = builtin::of_packet(decoded);
            self.judge(tag.slot, now, out).raise(events, &oddity);
        }
    }

    /// Tells what is odd about a fragment among others, if rules ask for it.
    fn raise_of_fragment(
        &mut self,
        packet: &Packet<'_>,
        verdict: &FragmentVerdict,
        (tag, now): (Tag, Now),
        out: &mut dyn Output,
    ) {
        let event = match verdict {
            FragmentVerdict::Discarded(Contradiction::Overlap) => BuiltinEvent::FragmentOverlap,
            FragmentVerdict::Discarded(Contradiction::End) => BuiltinEvent::FragmentEnd,
            FragmentVerdict::Malformed if packet.ip.payload.is_empty() => {
                BuiltinEvent::FragmentEmpty
            }
            FragmentVerdict::Malformed if is_too_large(packet) => BuiltinEvent::FragmentTooLarge,
            _ => return,
        };
        if self.detection.wants(Source::Fragments) {
            let mut events = EventSet::EMPTY;
            events.insert(event);
            let oddity = Oddity::of_packet(packet, tag.direction);
            self.judge(tag.slot, now, out).raise(events, &oddity);
        }
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
        self.raise_of_fragment(packet, &verdict, (tag, now), out);
        let datagram = match verdict {
            FragmentVerdict::Complete(datagram) => datagram,
            FragmentVerdict::Held => return,
            FragmentVerdict::Discarded(_) => return self.stats.count(Counter::FragmentDiscarded),
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
                self.raise_of_packet(&whole, tag, now, out);
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
        DecodeError::Truncated(_) | DecodeError::Beyond(_) => Counter::DroppedTruncated,
        // Too many extensions are no error of a frame: the rest is inspected.
        DecodeError::Malformed(_)
        | DecodeError::Version(_)
        | DecodeError::HeaderLength(_)
        | DecodeError::Length(_)
        | DecodeError::TooManyExtensions(_) => Counter::DroppedMalformed,
        DecodeError::NotIp(_) => Counter::DroppedNotIp,
        DecodeError::TooManyLayers(_) => Counter::DroppedTooManyLayers,
    }
}

/// Whether a fragment ends behind the largest datagram.
fn is_too_large(packet: &Packet<'_>) -> bool {
    let start = usize::from(packet.ip.fragment.offset).saturating_mul(8);
    start.saturating_add(packet.ip.payload.len()) > usize::from(u16::MAX)
}
