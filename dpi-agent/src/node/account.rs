//! Where every packet of a selected workload went.

use std::collections::BTreeMap;

use dpi_common::{
    Counters,
    counters::{Class, Counter},
};
use serde::{Deserialize, Serialize};

/// Sums over all programs, rings and workers of this node so far, dead ones included.
///
/// Each part of the road counts for itself; nothing is derived here but the difference of
/// what was handed over and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The programs' counters by label.
    pub kernel: BTreeMap<String, u64>,
    /// Packets that found their ring full.
    pub ring_full: u64,
    /// Packets that workers looked at, whatever they found.
    pub inspected: u64,
    /// Packets that workers passed over, by reason.
    pub engine_bypassed: BTreeMap<String, u64>,
    /// Packets that workers could not look at, by reason.
    pub engine_dropped: BTreeMap<String, u64>,
    /// Packets that a worker died of.
    pub worker_restart: u64,
    /// Packets that were handed over to an agent which died.
    pub agent_restart: u64,
    /// Packets in the rings that no program handed over; they are in no other figure.
    #[serde(default)]
    pub foreign: u64,
    /// Alerts that workers found.
    pub alerts: u64,
    /// Alerts that found the socket full.
    pub alerts_dropped: u64,
}

/// Seen = inspected + bypassed + dropped + under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Packets of selected workloads.
    pub seen: u64,
    /// Packets that were looked at.
    pub inspected: u64,
    /// Packets passed over on purpose, by reason.
    pub bypassed: BTreeMap<String, u64>,
    /// Packets that should have been looked at and were not, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Packets between two counters; 0 at quiescence. Counters are read one after the
    /// other, so under traffic it may be off by what came meanwhile.
    pub under_way: i64,
}

impl Account {
    /// Adds what the programs counted.
    pub fn add_kernel(&mut self, counters: &Counters) {
        for counter in Counter::ALL {
            let sum = self.kernel.entry(counter.label().to_owned()).or_default();
            *sum += counters.get(counter);
        }
    }

    /// One of the programs' counters.
    pub fn kernel(&self, counter: Counter) -> u64 {
        self.kernel.get(counter.label()).copied().unwrap_or(0)
    }

    /// Packets that were handed over and are in no other counter.
    pub fn unaccounted(&self) -> i64 {
        let known = [
            self.ring_full,
            self.inspected,
            self.worker_restart,
            self.agent_restart,
        ];
        let by_reason = self
            .engine_bypassed
            .values()
            .chain(self.engine_dropped.values());
        let known: u64 = known.iter().chain(by_reason).sum();
        difference(self.kernel(Counter::HandedOver), known)
    }

    /// Books what is unaccounted for as the cost of an agent's death. Only right when
    /// nothing is under way that will still be counted.
    pub fn book_agent_restart(&mut self) {
        self.agent_restart += u64::try_from(self.unaccounted()).unwrap_or(0);
    }

    /// The balance of it all.
    pub fn balance(&self) -> Balance {
        let of = |class: Class| {
            let counters = Counter::ALL.into_iter().filter(move |c| c.class() == class);
            counters.map(|c| (c.label().to_owned(), self.kernel(c)))
        };
        let mut bypassed: BTreeMap<_, _> = of(Class::Bypassed).collect();
        let mut dropped: BTreeMap<_, _> = of(Class::Dropped).collect();
        for (reason, n) in &self.engine_bypassed {
            *bypassed.entry(reason.clone()).or_default() += n;
        }
        for (reason, n) in &self.engine_dropped {
            *dropped.entry(reason.clone()).or_default() += n;
        }
        for (reason, n) in [
            ("ring_full", self.ring_full),
            ("worker_restart", self.worker_restart),
            ("agent_restart", self.agent_restart),
        ] {
            *dropped.entry(reason.to_owned()).or_default() += n;
        }
        let seen = self.kernel(Counter::Seen);
        let known: u64 = bypassed.values().chain(dropped.values()).sum();
        Balance {
            seen,
            inspected: self.inspected,
            under_way: difference(seen, self.inspected + known),
            bypassed,
            dropped,
        }
    }
}

fn difference(a: u64, b: u64) -> i64 {
    i64::try_from(i128::from(a) - i128::from(b)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(values: &[(Counter, u64)]) -> Counters {
        let mut counters = Counters::default();
        for (counter, n) in values {
            counters.add(*counter, *n);
        }
        counters
    }

    fn account() -> Account {
        let mut account = Account {
            ring_full: 5,
            inspected: 70,
            engine_bypassed: BTreeMap::from([("panic".to_owned(), 3)]),
            engine_dropped: BTreeMap::from([("undecodable".to_owned(), 2)]),
            worker_restart: 1,
            ..Account::default()
        };
        account.add_kernel(&counters(&[
            (Counter::Seen, 100),
            (Counter::HandedOver, 90),
            (Counter::BypassedFlow, 6),
            (Counter::BypassedNoRule, 3),
            (Counter::DroppedNoAgent, 1),
            (Counter::Fragment, 40),
        ]));
        account
    }

    #[test]
    fn the_balance_has_every_reason_and_what_is_under_way() {
        let balance = account().balance();
        assert_eq!((balance.seen, balance.inspected), (100, 70));
        assert_eq!(balance.under_way, 9);
        assert_eq!(balance.bypassed["flow"], 6);
        assert_eq!(balance.bypassed["panic"], 3);
        assert_eq!(balance.dropped["no_agent"], 1);
        assert_eq!(balance.dropped["ring_full"], 5);
        assert_eq!(balance.dropped["worker_restart"], 1);
        let sum: u64 = balance
            .bypassed
            .values()
            .chain(balance.dropped.values())
            .sum();
        assert_eq!(balance.seen, balance.inspected + sum + 9);
    }

    #[test]
    fn the_death_of_an_agent_is_booked_once() {
        let mut account = account();
        assert_eq!(account.unaccounted(), 9);
        account.book_agent_restart();
        account.book_agent_restart();
        assert_eq!(account.agent_restart, 9);
        assert_eq!(account.balance().under_way, 0);
    }

    #[test]
    fn programs_that_were_unloaded_still_count() {
        let mut account = account();
        account.add_kernel(&counters(&[
            (Counter::Seen, 10),
            (Counter::BypassedFlow, 10),
        ]));
        assert_eq!(account.balance().seen, 110);
        assert_eq!(account.balance().under_way, 9);
    }

    #[test]
    fn it_survives_on_disk() {
        let text = serde_json::to_string(&account()).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account());
    }
}
