//! `detection_filter:track by_src,count 5,seconds 60`.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{frame::Slot, parser::RuleId, time::MonoTime};

/// Lets a rule alert from the (count+1)th match on within a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectionFilter {
    /// Whose matches are counted together.
    pub track: Track,
    /// Matches that stay silent, from 1.
    pub count: u32,
    /// Length of a period in whole seconds of packet time, from 1.
    pub seconds: u32,
}

/// Which address a filter counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Snort's")]
pub enum Track {
    BySrc,
    ByDst,
}

/// Running counts, bounded.
#[derive(Debug)]
pub(crate) struct FilterTable {
    counts: BTreeMap<Key, Count>,
    max: usize,
    /// How often the bound made the table forget a count.
    pub(crate) evicted: u64,
}

/// The slot is part of the key: a packet between two workloads is seen at both ends, and
/// each end counts for itself.
type Key = (RuleId, Slot, IpAddr);

#[derive(Clone, Copy, Debug)]
struct Count {
    /// Matches since the period began.
    matches: u32,
    /// Matches of the period before, if it led straight to this one.
    before: u32,
    since: u64,
    last: u64,
}

impl FilterTable {
    /// A table of at most `max` counts.
    pub(crate) fn new(max: usize) -> FilterTable {
        FilterTable {
            counts: BTreeMap::new(),
            max,
            evicted: 0,
        }
    }

    /// Counts a match; whether it may alert.
    pub(crate) fn passes(
        &mut self,
        rule: RuleId,
        filter: DetectionFilter,
        slot: Slot,
        ends: (IpAddr, IpAddr),
        now: MonoTime,
    ) -> bool {
        let address = match filter.track {
            Track::BySrc => ends.0,
            Track::ByDst => ends.1,
        };
        let key = (rule, slot, address);
        let second = now.0 / 1_000_000_000;
        if self.counts.len() >= self.max && !self.counts.contains_key(&key) {
            self.counts.pop_first();
            self.evicted = self.evicted.saturating_add(1);
        }
        let count = self.counts.entry(key).or_insert(Count {
            matches: 0,
            before: 0,
            since: second,
            last: second,
        });
        count.add(second, u64::from(filter.seconds));
        count.matches > filter.count || count.before > filter.count
    }
}

impl Count {
    /// Counts a match. Behind the end of a period the count starts anew, but what was
    /// counted in it still speaks for the next, as long as there was no pause as long as a
    /// period.
    fn add(&mut self, second: u64, period: u64) {
        if second.saturating_sub(self.since) >= period {
            let paused = second.saturating_sub(self.last) > period;
            self.before = if paused { 0 } else { self.matches };
            self.matches = 0;
            self.since = second;
        }
        self.matches = self.matches.saturating_add(1);
        self.last = second;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const RULE: RuleId = RuleId { gid: 1, sid: 7 };

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    fn at(seconds: u64) -> MonoTime {
        MonoTime(seconds * 1_000_000_000)
    }

    #[test]
    fn alerts_behind_the_count_and_starts_anew_behind_the_period() {
        let filter = DetectionFilter {
            track: Track::BySrc,
            count: 2,
            seconds: 10,
        };
        let mut table = FilterTable::new(8);
        let mut passes = |s, src, slot| {
            table.passes(RULE, filter, Slot(slot), (address(src), address(9)), at(s))
        };
        // The second period lives on the first; behind a pause all begins anew.
        let seen: Vec<bool> = [0, 1, 2, 9, 10, 11, 30, 31, 32]
            .map(|s| passes(s, 1, 0))
            .to_vec();
        assert_eq!(
            seen,
            [false, false, true, true, true, true, false, false, true]
        );
        assert!(!passes(32, 2, 0), "another source has its own count");
        assert!(!passes(32, 1, 1), "another workload has its own count");
    }

    #[test]
    fn by_dst_counts_the_other_end() {
        let filter = DetectionFilter {
            track: Track::ByDst,
            count: 1,
            seconds: 10,
        };
        let mut table = FilterTable::new(8);
        let mut passes =
            |src, dst| table.passes(RULE, filter, Slot(0), (address(src), address(dst)), at(0));
        assert!(!passes(1, 9));
        assert!(passes(2, 9));
        assert!(!passes(1, 8));
    }

    #[test]
    fn the_bound_holds_and_is_counted() {
        let filter = DetectionFilter {
            track: Track::BySrc,
            count: 1,
            seconds: 10,
        };
        let mut table = FilterTable::new(2);
        for src in 0..5 {
            table.passes(RULE, filter, Slot(0), (address(src), address(9)), at(0));
        }
        assert_eq!((table.counts.len(), table.evicted), (2, 3));
    }
}
