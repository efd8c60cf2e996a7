//! `detection_filter:track by_src,count 5,seconds 60`.

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

/// What is remembered of one rule and address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Matches since the period began.
    matches: u32,
    /// Matches of the period before, if it led straight to this one.
    before: u32,
    since: u64,
    last: u64,
}

impl Count {
    pub(super) fn new(second: u64) -> Count {
        Count {
            matches: 0,
            before: 0,
            since: second,
            last: second,
        }
    }

    /// Counts a match; whether it may alert.
    pub(super) fn passes(&mut self, filter: DetectionFilter, second: u64) -> bool {
        self.add(second, u64::from(filter.seconds));
        self.matches > filter.count || self.before > filter.count
    }

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
