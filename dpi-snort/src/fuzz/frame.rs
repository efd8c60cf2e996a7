//! Any frames of any link type.

use std::{sync::Arc, time::Duration};

use super::both_ways::BothWays;
use crate::{
    Action, ChecksumState, Config, Direction, Frame, LinkType, Slot, Tag, VlanTag,
    config::EventQueue,
    detection::Detection,
    filters::{EventFilter, EventFilterKind, FilterSet, RateFilter, RateTrack, RuleScope, Track},
    parser::AddressSet,
};

const LINK_TYPES: [LinkType; 7] = [
    LinkType::Ethernet,
    LinkType::RawIp,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Null,
    LinkType::Loop,
    LinkType::Ppp,
];
/// Limits so low that small inputs reach them.
const FLOWS: usize = 4;
const MEMORY: usize = 1 << 12;
/// Frames of one input: the time for it has a bound.
const MAX_FRAMES: usize = 64;

/// Inspects frames. The first byte is the link type, the second a set of flags: 1 verifies
/// checksums, 2 makes limits low, 4 sets filters and Snort's stock event limits. Then records: a control byte (1 to the workload, 2 a slot
/// of its own, 4 a VLAN tag, 8 a super-packet, 16 cut short, 32 after 100 s), a length of two
/// bytes, little-endian, and so many bytes. Gives the number of alerts, so that a test can
/// tell whether rules were reached.
///
/// # Panics
/// If the engine panics, loses a packet or memory, or alerts otherwise than one that tries
/// every rule.
pub fn frames(detection: &Arc<Detection>, data: &[u8]) -> usize {
    let [link, flags, records @ ..] = data else {
        return 0;
    };
    let link = LINK_TYPES.get(usize::from(*link) % LINK_TYPES.len());
    let mut engines = BothWays::new(detection, &config(*flags));
    let mut rest = records;
    for _ in 0..MAX_FRAMES {
        let [control, low, high, after @ ..] = rest else {
            break;
        };
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(after.len());
        let (bytes, next) = after.split_at_checked(length).unwrap_or((after, &[]));
        rest = next;
        let jump = if control & 32 == 0 { 10 } else { 100_000 };
        engines.wait(Duration::from_millis(jump));
        let link = link.copied().unwrap_or(LinkType::Ethernet);
        engines.process(&frame(*control, link, bytes));
    }
    engines.finish()
}

fn config(flags: u8) -> Config {
    let base = if flags & 4 == 0 {
        Config::default()
    } else {
        filtered()
    };
    let config = Config {
        verify_checksums: flags & 1 != 0,
        ..base
    };
    if flags & 2 == 0 {
        return config;
    }
    Config {
        max_flows: FLOWS,
        reassembly_memory: MEMORY,
        reassembly_memory_per_flow: MEMORY / 2,
        flush_size: 256,
        max_layers: 3,
        max_ipv6_extensions: 2,
        max_fragmented_datagrams: 2,
        ..config
    }
}

/// Thins out the alerts of every rule and changes the action of some.
fn filtered() -> Config {
    let mut filters = FilterSet::default();
    let event = EventFilter {
        kind: EventFilterKind::Both,
        track: Track::BySrc,
        count: 2,
        seconds: 60,
        addresses: AddressSet::any(),
    };
    let rate = RateFilter {
        track: RateTrack::ByDst,
        count: 3,
        seconds: 10,
        new_action: Action::Pass,
        timeout: 5,
        apply_to: AddressSet::any(),
    };
    // Neither is refused: periods and counts are there.
    let _ = filters.event_filter(RuleScope::Every, event);
    let _ = filters.rate_filter(RuleScope::Generator(1), rate);
    Config {
        event_queue: EventQueue::STOCK,
        filters: Arc::new(filters),
        max_filter_counts: 16,
        ..Config::default()
    }
}

fn frame(control: u8, link_type: LinkType, bytes: &[u8]) -> Frame<'_> {
    let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let missing = if control & 16 == 0 { 0 } else { 100 };
    Frame {
        bytes,
        link_type,
        wire_len: captured.saturating_add(missing),
        vlan: (control & 4 != 0).then_some(VlanTag {
            tci: 7,
            tpid: 0x8100,
        }),
        gso_size: if control & 8 == 0 { 0 } else { 16 },
        checksum: ChecksumState::Unknown,
        tag: Tag {
            slot: Slot(u32::from(control & 2 != 0)),
            direction: if control & 1 == 0 {
                Direction::FromWorkload
            } else {
                Direction::ToWorkload
            },
        },
    }
}
