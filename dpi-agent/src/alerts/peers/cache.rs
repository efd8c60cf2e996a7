//! What the cluster said of addresses.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{Found, ask::Answer};

/// Addresses remembered; the oldest is forgotten for a new one.
const CAPACITY: usize = 4096;
/// A name is believed for so long: addresses of pods are used again.
const NAMED: Duration = Duration::from_secs(60);
/// That there is no name is believed for so long.
const NAMELESS: Duration = Duration::from_secs(60);
/// After a failure, or a question without an answer, it is asked again.
const FAILED: Duration = Duration::from_secs(5);

/// Answers by address, each for a time.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<IpAddr, Entry>,
    /// In the order in which they came; an address that was asked about again stands
    /// where it first came.
    order: VecDeque<IpAddr>,
}

#[derive(Debug)]
struct Entry {
    found: Found,
    until: Instant,
}

impl Cache {
    /// What is known at `now`.
    pub(super) fn get(&self, ip: IpAddr, now: Instant) -> Option<Found> {
        let entry = self.entries.get(&ip)?;
        (now < entry.until).then(|| entry.found.clone())
    }

    /// A question is on its way.
    pub(super) fn asked(&mut self, ip: IpAddr, now: Instant) {
        self.set(ip, Found::Asked, now + FAILED);
    }

    /// It is answered.
    pub(super) fn answered(&mut self, ip: IpAddr, answer: Answer, now: Instant) {
        let (found, time) = match answer {
            Answer::Named(name) => (Found::Known(Some(name)), NAMED),
            Answer::Nameless => (Found::Known(None), NAMELESS),
            // Refused for a while, rather than asked again with each alert.
            Answer::Failed => (Found::Refused, FAILED),
        };
        self.set(ip, found, now + time);
    }

    fn set(&mut self, ip: IpAddr, found: Found, until: Instant) {
        if self.entries.insert(ip, Entry { found, until }).is_none() {
            self.order.push_back(ip);
            if self.order.len() > CAPACITY
                && let Some(oldest) = self.order.pop_front()
            {
                self.entries.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(n))
    }

    #[test]
    fn answers_are_believed_for_a_time() {
        let mut cache = Cache::default();
        let now = Instant::now();
        assert_eq!(cache.get(ip(1), now), None);
        cache.asked(ip(1), now);
        assert_eq!(cache.get(ip(1), now), Some(Found::Asked));
        assert_eq!(cache.get(ip(1), now + FAILED), None);
        cache.answered(ip(1), Answer::Nameless, now);
        let almost = now + NAMELESS.saturating_sub(Duration::from_millis(1));
        assert_eq!(cache.get(ip(1), almost), Some(Found::Known(None)));
        assert_eq!(cache.get(ip(1), now + NAMELESS), None);
        cache.answered(ip(1), Answer::Failed, now);
        assert_eq!(cache.get(ip(1), now), Some(Found::Refused));
        assert_eq!(cache.get(ip(1), now + FAILED), None);
    }

    #[test]
    fn it_is_bounded() {
        let mut cache = Cache::default();
        let now = Instant::now();
        let more = u32::try_from(CAPACITY).unwrap() + 10;
        for n in 0..more {
            cache.answered(ip(n), Answer::Nameless, now);
            cache.answered(ip(n), Answer::Nameless, now);
        }
        assert_eq!(
            (cache.entries.len(), cache.order.len()),
            (CAPACITY, CAPACITY)
        );
        assert_eq!(cache.get(ip(9), now), None);
        assert_eq!(cache.get(ip(10), now), Some(Found::Known(None)));
    }
}
