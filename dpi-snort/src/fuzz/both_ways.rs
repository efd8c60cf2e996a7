//! Two engines on the same frames: one as in production, one that tries every rule.

use std::{sync::Arc, time::Duration};

use crate::{
    Action, Alert, BypassReason, Config, Counter, Engine, FlowEndpoints, Frame, Now, Output,
    SlotTable, Tag, detection::Detection,
};

/// Longer than any timeout of the engine.
const AGES: Duration = Duration::from_secs(1 << 20);

/// An alert as far as the engines must agree on it.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sid: u32,
    flow: FlowEndpoints,
    flow_id: Option<u64>,
    action: Action,
    rebuilt: bool,
}

#[derive(Default)]
struct Alerts(Vec<Told>);

impl Output for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push(Told {
            sid: alert.sid,
            flow: alert.flow,
            flow_id: alert.flow_id,
            action: alert.action,
            rebuilt: alert.rebuilt,
        });
    }

    fn bypass(&mut self, _tag: Tag, _flow: &FlowEndpoints, _reason: BypassReason) {}
}

/// Two engines that are given the same.
pub(super) struct BothWays {
    fast: (Engine, Alerts),
    naive: (Engine, Alerts),
    now: Now,
    alerts: usize,
}

impl BothWays {
    pub(super) fn new(detection: &Arc<Detection>, config: &Config) -> BothWays {
        let engine = |try_every_rule| {
            let config = Config {
                try_every_rule,
                ..config.clone()
            };
            let slots = Arc::new(SlotTable::default());
            let engine = Engine::new(config, Arc::clone(detection), slots);
            (engine, Alerts::default())
        };
        BothWays {
            fast: engine(false),
            naive: engine(true),
            now: Now::from_capture(1_700_000_000_000_000_000),
            alerts: 0,
        }
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.now = Now::from_capture(self.now.wall.0.saturating_add(nanos));
        for (engine, alerts) in [&mut self.fast, &mut self.naive] {
            engine.expire(self.now, alerts);
        }
    }

    /// Gives a frame to both; they must alert alike.
    pub(super) fn process(&mut self, frame: &Frame<'_>) {
        for (engine, alerts) in [&mut self.fast, &mut self.naive] {
            engine.process(frame, self.now, alerts);
        }
        self.compare();
    }

    /// Ends every flow and gives the number of alerts. Afterwards nothing may be held, and
    /// every packet must be booked.
    pub(super) fn finish(mut self) -> usize {
        self.wait(AGES);
        for (engine, alerts) in [&mut self.fast, &mut self.naive] {
            engine.finish(self.now, alerts);
        }
        self.compare();
        for (engine, _) in [&self.fast, &self.naive] {
            let stats = engine.stats();
            assert_eq!(stats.get(Counter::DroppedPanic), 0, "the engine panicked");
            let booked = stats
                .get(Counter::Inspected)
                .saturating_add(stats.dropped());
            assert_eq!(booked, stats.get(Counter::Packets), "a packet is lost");
            assert_eq!(engine.flows(), 0, "a flow is left");
            assert_eq!(engine.reassembly_memory(), 0, "memory is not released");
        }
        self.alerts
    }

    fn compare(&mut self) {
        let (fast, naive) = (&mut self.fast.1.0, &mut self.naive.1.0);
        assert_eq!(fast, naive, "fast patterns (left) and every rule (right)");
        self.alerts = self.alerts.saturating_add(fast.len());
        fast.clear();
        naive.clear();
    }
}
