//! Looks at stream bytes that nothing has flushed for a while.
//!
//! A plain stream is judged when it is flushed: at `flush_size`, at an answer, at its end.
//! In live traffic an attack in two segments may be followed by silence, and its alert
//! would wait for the flow's idle time. So the rules are shown what a stream holds after
//! `flush_idle`. Nothing is taken out: the PDU that is flushed later is the same as without
//! the look, and a rule that alerted at the look does not alert on it again. What a look
//! adds is an alert of a rule that holds for the bytes so far and no longer for the whole
//! PDU (a negated content that comes later), as on raw segments.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{Engine, judge::Judge, tcp};
use crate::{
    flow::FlowHandle,
    frame::Slot,
    output::Output,
    stats::Counter,
    time::{MonoTime, Now},
};

/// What an entry of the queue costs of `flush_idle_bytes` at least: also entries whose flow
/// is gone take time.
const ENTRY_COST: usize = 64;

/// Flows whose streams hold bytes that no rule has looked at, in the order in which they
/// began to. A flow is queued once at most; it may be gone when its turn comes.
#[derive(Debug, Default)]
pub(super) struct IdleQueue(VecDeque<Waiting>);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    handle: FlowHandle,
    flow_id: u64,
    slot: Slot,
    since: MonoTime,
}

impl IdleQueue {
    /// Takes out the first entry if it has waited for `time`.
    fn next_due(&mut self, now: MonoTime, time: Duration) -> Option<Waiting> {
        let first = self.0.front()?;
        if now.since(first.since) < time {
            return None;
        }
        self.0.pop_front()
    }
}

impl Engine {
    /// Queues a flow if its stream holds bytes that no rule has looked at.
    pub(super) fn await_look(&mut self, handle: FlowHandle, slot: Slot, now: MonoTime) {
        let Some(flow) = self.flows.get_mut(handle) else {
            return;
        };
        let flow_id = flow.id;
        match &mut flow.tcp {
            Some(tcp) if !tcp.awaits_look && tcp.reader.unseen() > 0 => tcp.awaits_look = true,
            _ => return,
        }
        // Entries of flows that are gone may fill the queue where `expire` is called seldom.
        if self.idle.0.len() >= self.config.max_flows.max(1)
            && let Some(oldest) = self.idle.0.pop_front()
        {
            self.give_up_look(oldest);
        }
        self.idle.0.push_back(Waiting {
            handle,
            flow_id,
            slot,
            since: now,
        });
    }

    fn give_up_look(&mut self, waiting: Waiting) {
        let flow = self.flows.get_mut(waiting.handle);
        if let Some(flow) = flow.filter(|flow| flow.id == waiting.flow_id)
            && let Some(tcp) = &mut flow.tcp
        {
            tcp.awaits_look = false;
            self.stats.count(Counter::StreamFlushIdleFull);
        }
    }

    /// Shows the rules what has been held for `flush_idle`, as far as `flush_idle_bytes` go.
    pub(super) fn look_at_idle(&mut self, now: Now, out: &mut dyn Output) {
        let mut left = self.config.flush_idle_bytes;
        while let Some(waiting) = self.idle.next_due(now.monotonic, self.config.flush_idle) {
            if left == 0 {
                self.idle.0.push_front(waiting);
                self.stats.count(Counter::StreamFlushIdleBytes);
                return;
            }
            self.use_filters_of(waiting.slot);
            let bytes = self.look(waiting, now, out);
            left = left.saturating_sub(bytes.max(ENTRY_COST));
        }
    }

    /// Shows the rules what one flow holds; says how many bytes. A panic quarantines the flow.
    fn look(&mut self, waiting: Waiting, now: Now, out: &mut dyn Output) -> usize {
        let Engine {
            flows,
            detection,
            scratch,
            stats,
            config,
            ..
        } = self;
        let flow = flows.get_mut(waiting.handle);
        let Some(flow) = flow.filter(|flow| flow.id == waiting.flow_id) else {
            return 0;
        };
        let Some(mut tcp) = flow.tcp.take() else {
            return 0;
        };
        tcp.awaits_look = false;
        let bytes = tcp.reader.unseen();
        let mut judge = Judge {
            detection,
            scratch,
            slot: waiting.slot,
            number: stats.get(Counter::Packets),
            now,
            out,
        };
        // What a panic may leave half done is thrown away in `quarantine`.
        let looked = catch_unwind(AssertUnwindSafe(|| {
            tcp::look(&mut tcp, flow, config, stats, &mut judge);
        }));
        match looked {
            Ok(()) => flow.tcp = Some(tcp),
            Err(_) => {
                self.quarantine(Some(waiting.handle));
            }
        }
        bytes
    }
}
