//! Connections that another flow has announced, and their service.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

use crate::{frame::Slot, time::MonoTime};

/// A connection to come: its source port is not known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpectedFlow {
    /// The workload on whose connection it was announced.
    pub slot: Slot,
    /// Who will make it.
    pub from: IpAddr,
    /// Who will accept it.
    pub to: IpAddr,
    /// Port on which it will be accepted.
    pub port: u16,
}

/// Announced connections, at most `max`; each is forgotten `timeout` after its latest
/// announcement.
#[derive(Debug)]
pub struct ExpectedFlows {
    known: HashMap<ExpectedFlow, Expected>,
    /// Every known one once, in the order in which they were first announced.
    queue: VecDeque<ExpectedFlow>,
    max: usize,
    timeout: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    service: &'static str,
    since: MonoTime,
}

impl ExpectedFlows {
    /// An empty table.
    pub fn new(max: usize, timeout: Duration) -> ExpectedFlows {
        ExpectedFlows {
            known: HashMap::new(),
            queue: VecDeque::new(),
            max,
            timeout,
        }
    }

    /// Remembers an announcement. Gives whether one that could still come true was forgotten
    /// for it.
    pub fn announce(&mut self, flow: ExpectedFlow, service: &'static str, now: MonoTime) -> bool {
        let expected = Expected {
            service,
            since: now,
        };
        if self.known.insert(flow, expected).is_none() {
            self.queue.push_back(flow);
        }
        self.forget(now)
    }

    /// The service of a new connection, if it was announced. It stays announced, since a
    /// connection that fails is tried again from another port.
    pub fn service_of(&self, flow: &ExpectedFlow, now: MonoTime) -> Option<&'static str> {
        let expected = self.known.get(flow)?;
        (now.since(expected.since) < self.timeout).then_some(expected.service)
    }

    /// Whether nothing is expected, so that no new connection need be looked up.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Drops what is too old, and the oldest while there are too many.
    fn forget(&mut self, now: MonoTime) -> bool {
        let mut lost = false;
        while let Some(first) = self.queue.front().copied() {
            let since = self.known.get(&first).map(|expected| expected.since);
            let is_alive = since.is_some_and(|since| now.since(since) < self.timeout);
            let is_full = self.known.len() > self.max;
            if is_alive && !is_full {
                break;
            }
            lost |= is_alive;
            self.queue.pop_front();
            self.known.remove(&first);
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn to(port: u16) -> ExpectedFlow {
        ExpectedFlow {
            slot: Slot(1),
            from: [10, 0, 0, 1].into(),
            to: [10, 0, 0, 2].into(),
            port,
        }
    }

    fn at(seconds: u64) -> MonoTime {
        MonoTime(seconds * 1_000_000_000)
    }

    #[test]
    fn what_was_announced_is_known_for_a_while() {
        let mut expected = ExpectedFlows::new(8, TIMEOUT);
        assert!(expected.is_empty());
        assert!(!expected.announce(to(1), "ftp-data", at(0)));
        let other_end = ExpectedFlow {
            from: [10, 0, 0, 3].into(),
            ..to(1)
        };
        let other_slot = ExpectedFlow {
            slot: Slot(2),
            ..to(1)
        };
        for (flow, seconds, found) in [
            (to(1), 0, true),
            (to(1), 59, true),
            (to(1), 60, false),
            (to(2), 0, false),
            (other_end, 0, false),
            (other_slot, 0, false),
        ] {
            let service = expected.service_of(&flow, at(seconds));
            assert_eq!(service.is_some(), found, "{flow:?} after {seconds} s");
        }
    }

    #[test]
    fn the_table_is_bounded_and_says_when_it_forgets() {
        let mut expected = ExpectedFlows::new(4, TIMEOUT);
        let lost = (0..100).filter(|port| expected.announce(to(*port), "ftp-data", at(0)));
        assert_eq!(lost.count(), 96);
        assert_eq!(expected.known.len(), 4);
        assert_eq!(expected.service_of(&to(95), at(0)), None);
        assert_eq!(expected.service_of(&to(99), at(0)), Some("ftp-data"));
        // Too old ones make room without a loss.
        assert!(!expected.announce(to(200), "ftp-data", at(61)));
        assert_eq!((expected.known.len(), expected.queue.len()), (1, 1));
    }

    #[test]
    fn the_same_again_takes_no_room() {
        let mut expected = ExpectedFlows::new(4, TIMEOUT);
        for seconds in 0..1000 {
            assert!(!expected.announce(to(7), "ftp-data", at(seconds)));
        }
        assert_eq!((expected.known.len(), expected.queue.len()), (1, 1));
        assert!(expected.service_of(&to(7), at(1000)).is_some());
    }
}
