//! What is to be written, and when. Knows no clock and no API server.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use k8s_openapi::{
    api::events::v1::{Event, EventSeries},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};

use super::{
    bucket::Bucket,
    note::{EventName, Notice},
};

/// Events followed at a time.
pub(super) const CAPACITY: usize = 1024;
/// New Events of a namespace: a burst, then one each so often.
const NAMESPACE: (Duration, u32) = (Duration::from_secs(2), 25);
/// New Events of the node.
const NODE: (Duration, u32) = (Duration::from_millis(500), 50);
/// Repeats of an Event are written at most so often.
pub(super) const REPEAT: Duration = Duration::from_secs(10);
/// An Event without news for so long is forgotten here; the API server still has it.
const QUIET: Duration = Duration::from_secs(6 * 60);

/// What is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Write {
    /// A new Event.
    Create(Box<Event>),
    /// How many it has been, in an Event that is there.
    Series {
        /// All so far, 2 or more.
        count: i32,
        /// The last one.
        last: Timestamp,
    },
    /// The count of an Event that somebody, an earlier run perhaps, has made.
    Look,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is written.
    Written,
    /// The Event is there already (409).
    Exists,
    /// The Event that was looked for is there, with this count.
    Counts(i32),
    /// There is no such Event any more (404).
    Gone,
    /// It will never be taken.
    Refused,
    /// Perhaps later.
    Failed,
}

/// What the ledger counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Events made.
    pub(super) created: u64,
    /// Series brought up to date.
    pub(super) repeated: u64,
    /// Alerts told by an Event or its count.
    pub(super) told: u64,
    /// Alerts that the rate limit or the capacity held back.
    pub(super) suppressed: u64,
    /// Alerts whose Event was refused.
    pub(super) refused: u64,
}

/// Events on their way to the API server.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: HashMap<EventName, Entry>,
    node: Bucket,
    namespaces: BTreeMap<String, Bucket>,
    pub(super) counts: Counts,
}

#[derive(Debug)]
struct Entry {
    event: Event,
    state: State,
    /// Alerts that the Event does not tell of yet.
    pending: u32,
    /// How many of them the write that is under way tells of.
    sent: u32,
    last: Timestamp,
    /// When it may be written, monotonic.
    due: Duration,
    touched: Duration,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It tells of alerts.
    Alert,
    /// It counts alerts that were held back.
    Summary,
    /// It tells that there was an alert; it is not counted, and not written again.
    First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not there as far as is known.
    New,
    /// There, with an unknown count.
    Foreign,
    /// There, with this count.
    Told(u32),
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            node: Bucket::new(NODE.0, NODE.1),
            namespaces: BTreeMap::new(),
            counts: Counts::default(),
        }
    }
}

impl Ledger {
    /// Takes a notice at `now` (monotonic).
    pub(super) fn note(&mut self, notice: Notice, now: Duration) {
        let time = notice.time;
        if let Some(first) = notice.first {
            self.announce(*first, time, now);
        }
        if let Some(entry) = self.entries.get_mut(&notice.name) {
            entry.again(notice.time, now);
            return;
        }
        if self.admits(&notice.name.namespace, now) {
            let entry = Entry::new(notice.event, time, now, Kind::Alert);
            self.entries.insert(notice.name, entry);
            return;
        }
        self.counts.suppressed += 1;
        let (name, event) = *notice.summary;
        // Summaries may take a quarter more; beyond that only the counter tells.
        let room = self.entries.len() < CAPACITY + CAPACITY / 4;
        if let Some(entry) = self.entries.get_mut(&name) {
            entry.again(notice.time, now);
        } else if room {
            let entry = Entry::new(event, time, now, Kind::Summary);
            self.entries.insert(name, entry);
        }
    }

    /// Tells, once, that there are alerts.
    fn announce(&mut self, (name, event): (EventName, Event), time: Timestamp, now: Duration) {
        if let Some(known) = self.entries.get_mut(&name) {
            known.touched = now;
        } else if self.admits(&name.namespace, now) {
            let entry = Entry::new(event, time, now, Kind::First);
            self.entries.insert(name, entry);
        }
    }

    /// Whether a new Event may be made in this namespace.
    fn admits(&mut self, namespace: &str, now: Duration) -> bool {
        self.make_room(now);
        if self.entries.len() >= CAPACITY {
            return false;
        }
        let of_namespace = self
            .namespaces
            .entry(namespace.to_owned())
            .or_insert_with(|| Bucket::new(NAMESPACE.0, NAMESPACE.1));
        // Neither gives a token in vain.
        of_namespace.wait(now).is_zero() && self.node.take(now) && of_namespace.take(now)
    }

    fn make_room(&mut self, now: Duration) {
        self.namespaces.retain(|_, bucket| !bucket.is_full(now));
        if self.entries.len() < CAPACITY {
            return;
        }
        let idle = self.entries.iter().filter(|(_, entry)| entry.is_idle());
        let oldest = idle.min_by_key(|(_, entry)| entry.touched);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.entries.remove(&name);
        }
    }

    /// When the next write is due.
    pub(super) fn due(&self) -> Option<Duration> {
        let waiting = self.entries.values().filter(|entry| entry.pending > 0);
        waiting.map(|entry| entry.due).min()
    }

    /// The write that has been due the longest.
    pub(super) fn next(&mut self, now: Duration) -> Option<(EventName, Write)> {
        let due = self.entries.iter_mut();
        let due = due.filter(|(_, entry)| entry.pending > 0 && entry.due <= now);
        let (name, entry) = due.min_by_key(|(_, entry)| entry.due)?;
        Some((name.clone(), entry.write()))
    }

    /// What became of the write of `name`.
    pub(super) fn done(&mut self, name: &EventName, outcome: Outcome, now: Duration) {
        let Some(entry) = self.entries.get_mut(name) else {
            return;
        };
        match outcome {
            Outcome::Written => {
                let created = entry.state == State::New;
                self.counts.created += u64::from(created);
                self.counts.repeated += u64::from(!created);
                if entry.kind == Kind::Alert {
                    self.counts.told += u64::from(entry.sent);
                }
                entry.written(now);
            }
            Outcome::Exists if entry.kind == Kind::First => entry.pending = 0,
            Outcome::Exists => entry.state = State::Foreign,
            Outcome::Counts(count) => {
                entry.state = State::Told(u32::try_from(count).unwrap_or(1).max(1));
            }
            Outcome::Gone if entry.state != State::New => entry.state = State::New,
            // Without its namespace an Event cannot be made.
            Outcome::Gone | Outcome::Refused => {
                if entry.kind != Kind::First {
                    self.counts.refused += u64::from(entry.pending);
                }
                self.entries.remove(name);
            }
            Outcome::Failed => {}
        }
    }

    /// Forgets what has had no news for long.
    pub(super) fn forget(&mut self, now: Duration) {
        let old = |entry: &Entry| entry.is_idle() && now.saturating_sub(entry.touched) >= QUIET;
        self.entries.retain(|_, entry| !old(entry));
    }

    /// Alerts that no Event tells of yet.
    pub(super) fn pending(&self) -> u64 {
        self.entries
            .values()
            .map(|entry| u64::from(entry.pending))
            .sum()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn new(event: Event, time: Timestamp, now: Duration, kind: Kind) -> Self {
        Self {
            event,
            state: State::New,
            pending: 1,
            sent: 0,
            last: time,
            due: now,
            touched: now,
            kind,
        }
    }

    fn again(&mut self, time: Timestamp, now: Duration) {
        self.pending = self.pending.saturating_add(1);
        self.last = self.last.max(time);
        self.touched = now;
    }

    fn is_idle(&self) -> bool {
        self.pending == 0
    }

    fn write(&mut self) -> Write {
        self.sent = self.pending;
        match self.state {
            State::New => {
                let mut event = self.event.clone();
                if self.pending > 1 {
                    event.series = Some(EventSeries {
                        count: i32::try_from(self.pending).unwrap_or(i32::MAX),
                        last_observed_time: MicroTime(self.last),
                    });
                }
                Write::Create(Box::new(event))
            }
            State::Foreign => Write::Look,
            State::Told(count) => Write::Series {
                count: i32::try_from(count.saturating_add(self.pending)).unwrap_or(i32::MAX),
                last: self.last,
            },
        }
    }

    fn written(&mut self, now: Duration) {
        let told = match self.state {
            State::Told(count) => count,
            State::New | State::Foreign => 0,
        };
        self.state = State::Told(told.saturating_add(self.sent));
        self.pending = self.pending.saturating_sub(self.sent);
        self.sent = 0;
        self.due = now + REPEAT;
    }
}
