//! The engine: one frame after the other through decoding, flows, streams, inspectors
//! and rules.
//!
//! `frame` takes a frame to its packets, `packet` a packet to its flow, `tcp` a segment to
//! its connection, `stream` its bytes to the reader; `idle` looks at what streams hold
//! unflushed; `service` says what is known of a flow's service apart from its stream; `judge`
//! takes an inspection unit to its alerts. An engine belongs to one
//! thread; rules and slot tables are shared and may be replaced between packets.

mod frame;
mod idle;
mod judge;
mod packet;
#[cfg(test)]
mod search_cost;
mod segment;
mod service;
mod stream;
mod tcp;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    codecs::DecodeLimits,
    config::Config,
    detection::{Detection, FlowState, LimitHits, Scratch, TraceStep, Tracer},
    filters::FilterSet,
    flow::{EvictionReason, ExpectedFlows, Flow, FlowHandle, FlowTable, FlowTimeouts},
    frame::{Frame, Slot},
    output::{BypassReason, Output},
    parser::RuleId,
    slots::SlotTable,
    stats::{Counter, Stats},
    stream::{Budget, Defragmenter},
    time::Now,
};

use idle::IdleQueue;
use judge::Judge;

/// Finds alerts in frames.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    limits: DecodeLimits,
    timeouts: FlowTimeouts,
    detection: Arc<Detection>,
    /// Filters for slots whose policy has none of its own.
    filters: Arc<FilterSet>,
    slots: Arc<SlotTable>,
    flows: FlowTable<Flow<FlowState>>,
    /// Connections that others have announced.
    expected: ExpectedFlows,
    defragmenter: Defragmenter,
    budget: Budget,
    idle: IdleQueue,
    scratch: Scratch,
    stats: Stats,
    next_flow_id: u64,
    /// The flow of the packet under examination, for the case of a panic.
    current: Option<FlowHandle>,
}

impl Engine {
    /// An engine without flows.
    pub fn new(config: Config, detection: Arc<Detection>, slots: Arc<SlotTable>) -> Engine {
        Engine {
            limits: DecodeLimits::of(&config),
            timeouts: FlowTimeouts::of(&config),
            flows: FlowTable::new(config.max_flows, config.hash_seed),
            expected: ExpectedFlows::new(config.max_expected_flows, config.expected_timeout),
            defragmenter: Defragmenter::new(&config),
            budget: Budget::new(config.reassembly_memory),
            idle: IdleQueue::default(),
            scratch: Scratch::new(&config),
            stats: Stats::default(),
            next_flow_id: 1,
            current: None,
            filters: filters(&config, &detection),
            config: Config {
                file_definitions: Arc::clone(detection.file_definitions()),
                ..config
            },
            detection,
            slots,
        }
    }

    /// Examines one frame. Whatever is in it, the engine goes on: a panic quarantines the
    /// flow, which is offered for bypass, and is counted.
    pub fn process(&mut self, frame: &Frame<'_>, now: Now, out: &mut impl Output) {
        self.stats.count(Counter::Packets);
        self.current = None;
        // What a panic may leave half done is thrown away in `recover`.
        self.use_filters_of(frame.tag.slot);
        let result = catch_unwind(AssertUnwindSafe(|| self.frame(frame, now, out)));
        let verdict = result.unwrap_or_else(|_| {
            self.recover(frame, out);
            Counter::DroppedPanic
        });
        self.stats.count(verdict);
        self.count_searched();
    }

    /// Forgets what has been idle too long, judging what was still held of it, and lets the
    /// rules look at streams that hold bytes for `flush_idle`. Call it about once a second.
    pub fn expire(&mut self, now: Now, out: &mut impl Output) {
        for slot in self.flows.slots() {
            while let Some(handle) = self.flows.next_expired(slot, now.monotonic, &self.timeouts) {
                self.evict(handle, EvictionReason::Idle, now, out);
            }
        }
        let late = self.defragmenter.expire(now.monotonic, &mut self.budget);
        self.stats.add(Counter::FragmentTimeout, late);
        self.look_at_idle(now, out);
        self.count_searched();
        self.count_file_types();
    }

    /// Ends every flow, as at the end of a capture.
    pub fn finish(&mut self, now: Now, out: &mut impl Output) {
        for slot in self.flows.slots() {
            while let Some(handle) = self.flows.next_of(slot) {
                self.evict(handle, EvictionReason::EndOfCapture, now, out);
            }
        }
        self.count_searched();
        self.count_file_types();
    }

    fn count_searched(&mut self) {
        let searched = self.scratch.take_searched();
        self.stats.add(Counter::SearchedBytes, searched);
    }

    /// Engines share the definitions: each such case is counted by one of them.
    fn count_file_types(&mut self) {
        let given_up = self.config.file_definitions.take_given_up();
        self.stats.add(Counter::FileTypeSteps, given_up);
    }

    /// Goes on with other rules; returns the old ones, to be dropped off this thread.
    /// Flows keep their state: half-read messages are judged by the new rules.
    pub fn swap(&mut self, detection: Arc<Detection>) -> Arc<Detection> {
        self.filters = filters(&self.config, &detection);
        self.count_file_types();
        self.config.file_definitions = Arc::clone(detection.file_definitions());
        std::mem::replace(&mut self.detection, detection)
    }

    /// Goes on with other policies.
    pub fn set_slots(&mut self, slots: Arc<SlotTable>) {
        self.slots = slots;
    }

    /// Follows a rule: what becomes of it on each unit can be taken from
    /// [`Engine::take_trace`]. Slow, for people who write rules.
    pub fn trace(&mut self, rule: RuleId) {
        self.scratch.tracer = Some(Box::new(Tracer::new(rule)));
    }

    /// What became of the followed rule since the last call.
    pub fn take_trace(&mut self) -> Vec<TraceStep> {
        let tracer = self.scratch.tracer.as_mut();
        tracer.map_or_else(Vec::new, |tracer| tracer.take())
    }

    /// What was done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Calls `visit` with the name and value of every counter, those of detection too.
    pub fn each_counter(&self, mut visit: impl FnMut(&'static str, u64)) {
        self.stats.each(&mut visit);
        let detection = self.scratch.stats();
        visit("detection.evaluations", detection.evaluations);
        visit("detection.pcre_limit", detection.pcre_limit);
        visit("detection.max_evaluation_steps", detection.step_limit);
        visit("detection.max_rule_steps", detection.rule_step_limit);
        visit("detection.max_queue", detection.queue_limit);
        visit("detection.max_merged_rules", detection.merged_limit);
        visit("detection.filter_evicted", detection.filter_evicted);
    }

    /// Rules that have hit a limit, which one, and how often.
    pub fn limit_hits(&self) -> &LimitHits {
        self.scratch.limit_hits()
    }

    /// Tracked flows.
    pub fn flows(&self) -> usize {
        self.flows.len()
    }

    /// Bytes held for reassembly.
    pub fn reassembly_memory(&self) -> usize {
        self.budget.used()
    }

    /// Filters of the slot's policy, else those of the configuration and the rule files.
    fn use_filters_of(&mut self, slot: Slot) {
        let filters = self.slots.filters_of(slot);
        self.scratch.use_filters(filters.unwrap_or(&self.filters));
    }

    /// Removes a flow, judging what was held of it.
    fn evict(
        &mut self,
        handle: FlowHandle,
        reason: EvictionReason,
        now: Now,
        out: &mut dyn Output,
    ) {
        let Some((key, mut flow)) = self.flows.remove(handle) else {
            return;
        };
        self.stats.count(match reason {
            EvictionReason::Idle => Counter::EvictedIdle,
            EvictionReason::Reused => Counter::EvictedReused,
            EvictionReason::TableFull => Counter::EvictedTableFull,
            EvictionReason::SlotQuota => Counter::EvictedSlotQuota,
            EvictionReason::Memory => Counter::EvictedMemory,
            EvictionReason::EndOfCapture => Counter::EvictedEndOfCapture,
        });
        if let Some(mut tcp) = flow.tcp.take() {
            self.use_filters_of(key.slot);
            let mut judge = Judge {
                detection: &self.detection,
                scratch: &mut self.scratch,
                slot: key.slot,
                number: self.stats.get(Counter::Packets),
                now,
                out,
            };
            tcp::finish(
                &mut tcp,
                &mut flow,
                &self.config,
                &mut self.stats,
                &mut judge,
            );
        }
        self.budget.release(flow.charged);
    }

    /// After a panic in a packet.
    fn recover(&mut self, frame: &Frame<'_>, out: &mut dyn Output) {
        let is_plain = self.quarantine(self.current);
        let endpoints =
            crate::codecs::decode(frame, &self.limits).map(|decoded| decoded.packet.endpoints());
        if let (true, Ok(endpoints)) = (is_plain, endpoints) {
            self.stats.count(Counter::BypassPanic);
            out.bypass(frame.tag, &endpoints, BypassReason::Panic);
        }
    }

    /// After a panic the flow's state is not to be trusted, nor the scratch. Says whether
    /// there is a flow that the caller can name.
    fn quarantine(&mut self, handle: Option<FlowHandle>) -> bool {
        self.scratch = Scratch::new(&self.config);
        let Some(flow) = handle.and_then(|handle| self.flows.get_mut(handle)) else {
            return false;
        };
        flow.is_quarantined = true;
        flow.tcp = None;
        self.budget.release(std::mem::take(&mut flow.charged));
        self.stats.count(Counter::FlowsQuarantined);
        flow.is_plain
    }
}

/// Filters of the configuration, and behind them those of the rule files.
fn filters(config: &Config, detection: &Detection) -> Arc<FilterSet> {
    let more = detection.filters();
    if more.is_empty() {
        return Arc::clone(&config.filters);
    }
    let mut all = FilterSet::clone(&config.filters);
    all.extend(more);
    Arc::new(all)
}
