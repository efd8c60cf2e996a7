//! Each kind of filter over a line of seconds.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    DetectionFilter, EventFilter, EventFilterKind, FilterError, FilterSet, FilterTable, Moment,
    RateFilter, RateTrack, RuleScope, Suppress, Track,
};
use crate::{
    frame::Slot,
    output::Action,
    parser::{AddressSet, RuleId, Variables},
    time::MonoTime,
};

const RULE: RuleId = RuleId { gid: 1, sid: 7 };

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

/// From one address to another, seen at a workload.
fn at(second: u64, src: u8, dst: u8, slot: u32) -> Moment {
    Moment {
        slot: Slot(slot),
        ends: (address(src), address(dst)),
        now: MonoTime(second * 1_000_000_000),
    }
}

fn addresses(text: &str) -> AddressSet {
    AddressSet::parse(text, &Variables::default()).unwrap()
}

fn event(kind: EventFilterKind, count: u32, seconds: u32) -> EventFilter {
    EventFilter {
        kind,
        track: Track::BySrc,
        count,
        seconds,
        addresses: AddressSet::any(),
    }
}

fn rate(track: RateTrack, count: u32, seconds: u32, timeout: u32) -> RateFilter {
    RateFilter {
        track,
        count,
        seconds,
        new_action: Action::Drop,
        timeout,
        apply_to: AddressSet::any(),
    }
}

#[test]
fn detection_filter_alerts_behind_the_count() {
    let filter = DetectionFilter {
        track: Track::BySrc,
        count: 2,
        seconds: 10,
    };
    let mut table = FilterTable::new(64);
    // The second period lives on the first; behind a pause all begins anew.
    let seen: Vec<bool> = [0, 1, 2, 9, 10, 11, 30, 31, 32]
        .map(|second| table.detects(RULE, filter, at(second, 1, 9, 0)))
        .to_vec();
    assert_eq!(
        seen,
        [false, false, true, true, true, true, false, false, true]
    );
    assert!(
        !table.detects(RULE, filter, at(32, 2, 9, 0)),
        "another source"
    );
    assert!(
        !table.detects(RULE, filter, at(32, 1, 9, 1)),
        "another workload"
    );
}

#[test]
fn detection_filter_counts_the_other_end_by_dst() {
    let filter = DetectionFilter {
        track: Track::ByDst,
        count: 1,
        seconds: 10,
    };
    let mut table = FilterTable::new(64);
    assert!(!table.detects(RULE, filter, at(0, 1, 9, 0)));
    assert!(table.detects(RULE, filter, at(0, 2, 9, 0)));
    assert!(!table.detects(RULE, filter, at(0, 1, 8, 0)));
}

#[test]
fn event_filters_thin_out() {
    use EventFilterKind::{Both, Limit, Threshold};
    for (kind, count, expected) in [
        (Limit, 2, "xx...xx.."),
        (Limit, 0, "xxxxxxxxx"),
        (Threshold, 2, ".x.x..x.x"),
        (Threshold, 1, "xxxxxxxxx"),
        (Both, 2, ".x....x.."),
        (Both, 5, "....x...."),
    ] {
        let mut set = FilterSet::default();
        let scope = RuleScope::Rule(RULE);
        set.event_filter(scope, event(kind, count, 10)).unwrap();
        let mut table = FilterTable::new(64);
        let seen: String = [0, 1, 2, 3, 9, 10, 11, 12, 19]
            .map(|second| {
                let passes = table.lets_through(RULE, &set, at(second, 1, 9, 0));
                if passes { 'x' } else { '.' }
            })
            .into_iter()
            .collect();
        assert_eq!(seen, expected, "{kind:?} {count}");
    }
}

#[test]
fn event_filters_count_by_address_workload_and_rule() {
    let mut set = FilterSet::default();
    let once = event(EventFilterKind::Limit, 1, 10);
    set.event_filter(RuleScope::Generator(1), once).unwrap();
    let mut table = FilterTable::new(64);
    let mut passes = |rule, moment| table.lets_through(rule, &set, moment);
    assert!(passes(RULE, at(0, 1, 9, 0)));
    assert!(!passes(RULE, at(0, 1, 8, 0)), "the source is counted");
    assert!(passes(RULE, at(0, 2, 9, 0)));
    assert!(passes(RULE, at(0, 1, 9, 1)));
    assert!(passes(RuleId { gid: 1, sid: 8 }, at(0, 1, 9, 0)));
    let other = RuleId { gid: 3, sid: 7 };
    assert!(
        (0..9).all(|_| passes(other, at(0, 1, 9, 0))),
        "not its generator"
    );
}

#[test]
fn a_wider_filter_sees_what_the_narrower_lets_through() {
    let mut set = FilterSet::default();
    let narrow = event(EventFilterKind::Threshold, 2, 60);
    let wide = event(EventFilterKind::Limit, 1, 60);
    set.event_filter(RuleScope::Rule(RULE), narrow).unwrap();
    set.event_filter(RuleScope::Every, wide).unwrap();
    let mut table = FilterTable::new(64);
    let seen = [(); 6].map(|()| table.lets_through(RULE, &set, at(0, 1, 9, 0)));
    assert_eq!(seen, [false, true, false, false, false, false]);
}

#[test]
fn event_filters_leave_other_addresses_alone() {
    let mut set = FilterSet::default();
    let filter = EventFilter {
        addresses: addresses("[10.0.0.0/30,!10.0.0.2]"),
        ..event(EventFilterKind::Limit, 1, 10)
    };
    set.event_filter(RuleScope::Every, filter).unwrap();
    let mut table = FilterTable::new(64);
    for (src, expected) in [(1, [true, false]), (2, [true, true]), (9, [true, true])] {
        let seen = [(); 2].map(|()| table.lets_through(RULE, &set, at(0, src, 9, 0)));
        assert_eq!(seen, expected, "from {src}");
    }
}

#[test]
fn suppressions_silence() {
    let from = |text| Suppress::of(Track::BySrc, addresses(text));
    let to = |text| Suppress::of(Track::ByDst, addresses(text));
    for (scope, suppress, expected) in [
        (RuleScope::Rule(RULE), Suppress::all(), false),
        (RuleScope::Generator(1), Suppress::all(), false),
        (RuleScope::Every, Suppress::all(), false),
        (RuleScope::Generator(3), Suppress::all(), true),
        (
            RuleScope::Rule(RuleId { gid: 1, sid: 8 }),
            Suppress::all(),
            true,
        ),
        (RuleScope::Rule(RULE), from("10.0.0.1"), false),
        (RuleScope::Rule(RULE), from("10.0.0.9"), true),
        (RuleScope::Rule(RULE), to("10.0.0.9"), false),
        (RuleScope::Rule(RULE), to("[10.0.0.8,10.0.0.9]"), false),
        (RuleScope::Rule(RULE), to("[10.0.0.0/24,!10.0.0.9]"), true),
        (RuleScope::Rule(RULE), to("!10.0.0.1"), false),
    ] {
        let mut set = FilterSet::default();
        set.suppress(scope, suppress.clone());
        let mut table = FilterTable::new(64);
        let passes = table.lets_through(RULE, &set, at(0, 1, 9, 0));
        assert_eq!(passes, expected, "{scope:?} {suppress:?}");
    }
}

#[test]
fn what_is_suppressed_is_not_counted() {
    let mut set = FilterSet::default();
    set.suppress(
        RuleScope::Every,
        Suppress::of(Track::ByDst, addresses("10.0.0.9")),
    );
    let once = event(EventFilterKind::Limit, 1, 10);
    set.event_filter(RuleScope::Every, once).unwrap();
    let mut table = FilterTable::new(64);
    assert!(!table.lets_through(RULE, &set, at(0, 1, 9, 0)));
    assert!(table.lets_through(RULE, &set, at(0, 1, 8, 0)));
}

#[test]
fn rate_filters_change_the_action() {
    use RateTrack::{ByDst, ByRule, BySrc};
    let cases = [
        // More than two in ten seconds, for five seconds.
        (rate(BySrc, 2, 10, 5), [0, 1, 2, 3, 7, 8, 9], "aaddaad"),
        // Never back.
        (rate(BySrc, 2, 10, 0), [0, 1, 2, 3, 99, 100, 101], "aaddddd"),
        // Slower than that.
        (rate(BySrc, 2, 3, 5), [0, 1, 3, 4, 6, 7, 9], "aaaaaaa"),
        // Without period all are counted.
        (rate(ByDst, 3, 0, 5), [0, 10, 20, 30, 36, 40, 41], "aaadaaa"),
        (rate(ByRule, 1, 10, 100), [0, 1, 2, 3, 4, 5, 6], "adddddd"),
    ];
    for (filter, seconds, expected) in cases {
        let mut set = FilterSet::default();
        set.rate_filter(RuleScope::Rule(RULE), filter.clone())
            .unwrap();
        let mut table = FilterTable::new(64);
        let seen: String = seconds
            .map(
                |second| match table.action(RULE, Action::Alert, &set, at(second, 1, 9, 0)) {
                    Action::Alert => 'a',
                    Action::Drop => 'd',
                    other => panic!("{other:?}"),
                },
            )
            .into_iter()
            .collect();
        assert_eq!(seen, expected, "{filter:?} at {seconds:?}");
    }
}

#[test]
fn rates_are_tracked_apart_but_by_rule() {
    for (track, other_src, other_dst) in [
        (RateTrack::BySrc, Action::Alert, Action::Drop),
        (RateTrack::ByDst, Action::Drop, Action::Alert),
        (RateTrack::ByRule, Action::Drop, Action::Drop),
    ] {
        let mut set = FilterSet::default();
        let filter = rate(track, 1, 10, 60);
        set.rate_filter(RuleScope::Every, filter).unwrap();
        let action = |src, dst| {
            let mut table = FilterTable::new(64);
            for _ in 0..2 {
                table.action(RULE, Action::Alert, &set, at(0, 1, 9, 0));
            }
            table.action(RULE, Action::Alert, &set, at(0, src, dst, 0))
        };
        assert_eq!(action(1, 9), Action::Drop, "{track:?}");
        assert_eq!(action(2, 9), other_src, "{track:?}");
        assert_eq!(action(1, 8), other_dst, "{track:?}");
    }
}

#[test]
fn rate_filters_apply_to_their_addresses() {
    let mut set = FilterSet::default();
    let filter = RateFilter {
        apply_to: addresses("10.0.0.2"),
        ..rate(RateTrack::BySrc, 1, 10, 60)
    };
    set.rate_filter(RuleScope::Every, filter).unwrap();
    let mut table = FilterTable::new(64);
    let mut last = |src| {
        let actions = [(); 3].map(|()| table.action(RULE, Action::Log, &set, at(0, src, 9, 0)));
        actions[2]
    };
    assert_eq!((last(1), last(2)), (Action::Log, Action::Drop));
}

#[test]
fn bad_filters_are_refused() {
    let mut set = FilterSet::default();
    let no_period = event(EventFilterKind::Limit, 1, 0);
    assert_eq!(
        set.event_filter(RuleScope::Every, no_period).err(),
        Some(FilterError::NoPeriod)
    );
    let no_count = rate(RateTrack::BySrc, 0, 10, 0);
    assert_eq!(
        set.rate_filter(RuleScope::Every, no_count).err(),
        Some(FilterError::NoCount)
    );
    assert!(set.is_empty());
    for (numbers, expected) in [
        ((1, 7), Ok(RuleScope::Rule(RULE))),
        ((3, 0), Ok(RuleScope::Generator(3))),
        ((0, 0), Ok(RuleScope::Every)),
        ((0, 7), Err(FilterError::NoGenerator { sid: 7 })),
    ] {
        assert_eq!(RuleScope::new(numbers.0, numbers.1), expected);
    }
}

#[test]
fn the_tables_are_bounded() {
    let mut set = FilterSet::default();
    let once = event(EventFilterKind::Limit, 1, 10);
    set.event_filter(RuleScope::Every, once).unwrap();
    let filter = rate(RateTrack::BySrc, 1, 10, 60);
    set.rate_filter(RuleScope::Every, filter).unwrap();
    let detection = DetectionFilter {
        track: Track::BySrc,
        count: 1,
        seconds: 10,
    };
    let mut table = FilterTable::new(10);
    for src in 0..100 {
        let moment = at(0, src, 200, 0);
        table.detects(RULE, detection, moment);
        table.action(RULE, Action::Alert, &set, moment);
        table.lets_through(RULE, &set, moment);
    }
    assert!(table.evicted() >= 3 * 85, "{}", table.evicted());
}
