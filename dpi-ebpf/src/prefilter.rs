//! What becomes of a selected packet. The decision is `dpi_common`'s pure function; here
//! are the look-ups that it needs and the counting of what came out.

use aya_ebpf::helpers::generated as helpers;
use aya_log_ebpf::debug;
use dpi_common::{
    Bypass, Control, Counter, Direction, FlowHash, FlowKey, FragValue, Fragment, Packet, Sides,
    SkbHash, Slot, Unparsed, Verdict,
    prefilter::{bypass_key, prefilter},
    select::interface_flags,
};

use crate::{
    frame::Frame,
    handoff::hand_over,
    maps::{self, Count},
    packet,
    select::{self, OnInterface},
};

/// Judges a packet of `slot`, and hands it over if need be. `own` is the interface, if it is
/// the workload's own.
#[inline(always)]
pub(crate) fn inspect(
    frame: &Frame<'_>,
    slot: Slot,
    direction: Direction,
    own: Option<OnInterface>,
) {
    let Some(count) = Count::here() else {
        return;
    };
    // SAFETY: the helper has no preconditions (Linux 5.11).
    let now = unsafe { helpers::bpf_ktime_get_coarse_ns() };
    let control = maps::CONTROL.get(0).filter(|c| c.has_lease(now));
    let Some(control) = control.filter(|c| c.sink_ifindex != 0) else {
        count_seen(frame, count);
        return count.add(
            match control {
                None => Counter::DroppedNoAgent,
                Some(_) => Counter::DroppedNoSink,
            },
            1,
        );
    };
    let parsed = packet::parse(frame);
    if let (Some(own), Ok(packet)) = (own, parsed) {
        let leaves = matches!(direction, Direction::ToPod);
        if leaves && select::was_taken(packet, slot, own) {
            return;
        }
        if own.has(interface_flags::WATCH) {
            watch(packet, slot, direction);
        }
    }
    count_seen(frame, count);
    let Some(flow) = judge(frame, parsed, control, slot, now, count) else {
        return;
    };
    let hash = SkbHash {
        direction,
        flow,
        slot,
    };
    hand_over(frame, control, hash, count);
}

#[inline(always)]
fn count_seen(frame: &Frame<'_>, count: Count) {
    count.add(Counter::Seen, 1);
    count.add(Counter::SeenBytes, frame.len());
}

/// Notes which side of its flow the packet is of.
#[inline(always)]
fn watch(packet: &Packet, slot: Slot, direction: Direction) {
    let key = bypass_key(packet, slot, 0);
    let known = maps::WATCHED.get_ptr_mut(key);
    // SAFETY: the pointer is to a live `Sides` of the map; several CPUs may write it, and a
    // count that is lost so is one of many.
    let sides = known.map_or(Sides::default(), |known| unsafe { *known });
    let Some(sides) = sides.with(packet, direction) else {
        return;
    };
    match known {
        // SAFETY: as above.
        Some(known) => unsafe { *known = sides },
        None => {
            let _ = maps::WATCHED.insert(key, sides, 0);
        }
    }
}

/// The hash to hand the packet over with; `None` if it is not to be.
#[inline(always)]
fn judge(
    frame: &Frame<'_>,
    parsed: Result<&Packet, Unparsed>,
    control: &Control,
    slot: Slot,
    now: u64,
    count: Count,
) -> Option<FlowHash> {
    let packet = match parsed {
        Ok(packet) => packet,
        Err(unparsed) => {
            count_unparsed(frame, unparsed, count);
            return Some(FlowHash::UNKNOWN);
        }
    };
    // Made when it is first needed: most packets of a pod are for ports that no rule wants.
    let key = || bypass_key(packet, slot, control.epoch);
    let mut made = None;
    let verdict = prefilter(packet, maps::PORTS.get(0), || {
        is_bypassed(made.insert(key()), now)
    });
    match verdict {
        Verdict::NoRule => {
            count.add(Counter::BypassedNoRule, 1);
            return None;
        }
        Verdict::Bypassed => {
            count.add(Counter::BypassedFlow, 1);
            return None;
        }
        Verdict::HandoverFlowEdge => {
            if maps::BYPASS.remove(key()).is_ok() {
                count.add(Counter::BypassDeleted, 1);
            }
        }
        Verdict::HandoverCut => count.add(Counter::CutTransport, 1),
        Verdict::HandoverFragment => {
            count.add(Counter::Fragment, 1);
            return Some(follow(packet, control, slot, now));
        }
        Verdict::Handover => {}
    }
    let key = made.unwrap_or_else(key);
    Some(key.tuple.hash(control.hash_seed))
}

/// Whether a fresh entry exists; then it is kept fresh.
#[inline(always)]
fn is_bypassed(key: &FlowKey, now: u64) -> bool {
    let Some(bypass) = maps::BYPASS.get_ptr_mut(key) else {
        return false;
    };
    // SAFETY: the pointer is to a live `Bypass` of the map. Its one word may be written by
    // several CPUs; each writes a time of now.
    unsafe {
        let fresh = (*bypass).is_fresh(now);
        if fresh && (*bypass).last_seen != now {
            *bypass = Bypass { last_seen: now };
        }
        fresh
    }
}

/// The hash of the datagram that the fragment belongs to. What comes first decides:
/// see [`FragValue`].
#[inline(always)]
fn follow(packet: &Packet, control: &Control, slot: Slot, now: u64) -> FlowHash {
    let key = packet.frag_key(slot);
    if let Some(value) = maps::FRAGMENTS.get_ptr_mut(key) {
        // SAFETY: the pointer is to a live `FragValue` of the map; a word of it is written
        // by several CPUs at worst, each a time of now.
        unsafe {
            if let Some(flow) = (*value).follow(now) {
                (*value).last_seen = now;
                return flow;
            }
        }
    }
    // Later IPv6 fragments may show another protocol than the first; without ports the
    // addresses alone must decide.
    let mut of_flow = *packet;
    if let Fragment::Later = packet.fragment {
        of_flow.protocol = 0;
    }
    let flow = of_flow.tuple().hash(control.hash_seed);
    let _ = maps::FRAGMENTS.insert(key, FragValue::new(flow, now), 0);
    flow
}

#[inline(always)]
fn count_unparsed(frame: &Frame<'_>, unparsed: Unparsed, count: Count) {
    let counter = match unparsed {
        Unparsed::NotIp => Counter::NotIp,
        Unparsed::Truncated => Counter::Truncated,
        Unparsed::BadIpHeader => Counter::BadIpHeader,
        Unparsed::TooDeep => Counter::TooDeep,
    };
    count.add(counter, 1);
    // Behind a level in `.rodata` that is off by default: the verifier removes the branch.
    if !matches!(unparsed, Unparsed::NotIp) {
        debug!(
            frame.ctx(),
            "interface {}: a frame of {} bytes is handed over unparsed (counter {})",
            frame.ifindex(),
            frame.len(),
            counter as u8
        );
    }
}
