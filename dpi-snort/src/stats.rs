//! What the engine did, counted: every packet, drop, eviction and limit by its reason.

use std::collections::BTreeMap;

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// Something that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Counter {
            /// Every counter, in the order in which they are listed.
            pub const ALL: &'static [Counter] = &[$(Counter::$variant,)*];

            /// Its name: lower case, a dot behind the group.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Counter::$variant => $name,)*
                }
            }
        }
    };
}

counters! {
    /// Frames given to the engine: the sum of `inspected` and all `dropped.*`.
    Packets = "packets",
    /// Packets that the rules were tried on.
    Inspected = "inspected",
    /// Payload bytes of the packets that could be decoded.
    PayloadBytes = "payload_bytes",
    /// Bytes searched for literals of rules: those of a unit's buffers that hold the same count
    /// once.
    SearchedBytes = "searched_bytes",
    /// A header was longer than the frame.
    DroppedTruncated = "dropped.truncated",
    /// A header contradicted itself.
    DroppedMalformed = "dropped.malformed",
    /// The frame carried something other than IP.
    DroppedNotIp = "dropped.not_ip",
    /// More layers than `max_layers`.
    DroppedTooManyLayers = "dropped.max_layers",
    /// The transport checksum was wrong, so that no receiver uses the packet.
    DroppedBadChecksum = "dropped.bad_checksum",
    /// An earlier packet of the flow made the engine panic.
    DroppedQuarantined = "dropped.quarantined",
    /// The packet made the engine panic.
    DroppedPanic = "dropped.panic",
    /// A tunnel's inside, or a transport header, could not be read; the packet that could
    /// was inspected.
    DecodeIncomplete = "decode.incomplete",
    /// Packets with more extension headers than `max_ipv6_extensions`; what stands behind
    /// them was inspected as of no known protocol.
    DecodeTooManyExtensions = "decode.max_ipv6_extensions",
    /// New flows.
    FlowsCreated = "flows.created",
    /// Flows forgotten because they were idle for the time of their class.
    EvictedIdle = "flows.evicted.idle",
    /// Flows replaced by a new connection on the same addresses and ports.
    EvictedReused = "flows.evicted.reused",
    /// Flows forgotten because `max_flows` was reached.
    EvictedTableFull = "flows.evicted.max_flows",
    /// Flows forgotten because their workload reached its `flow_quota`.
    EvictedSlotQuota = "flows.evicted.flow_quota",
    /// Flows forgotten because flows together held more than `reassembly_memory`.
    EvictedMemory = "flows.evicted.reassembly_memory",
    /// Flows that were open when the capture ended.
    EvictedEndOfCapture = "flows.evicted.end_of_capture",
    /// Flows quarantined after a panic.
    FlowsQuarantined = "flows.quarantined",
    /// Connections that an FTP dialogue announced.
    FlowsExpected = "flows.expected",
    /// Announced connections forgotten because there were more than `max_expected_flows`.
    FlowsExpectedFull = "flows.max_expected_flows",
    /// TCP flows of which the beginning was not seen.
    TcpMidstream = "tcp.midstream",
    /// Segments that the receiver does not use: old timestamp, SYN or RST that does not fit,
    /// no ACK, closed connection.
    TcpUnusable = "tcp.unusable",
    /// Segments that acknowledge what was never sent, or was not seen: their bytes count once
    /// the receiver acknowledges them.
    TcpDoubtful = "tcp.doubtful",
    /// Segments that begin beyond the receiver's window.
    TcpOutOfWindow = "tcp.out_of_window",
    /// Segments not held back because `reassembly_memory_per_flow` was reached.
    TcpFlowMemory = "tcp.reassembly_memory_per_flow",
    /// Segments not held back because `reassembly_memory` was reached.
    TcpMemory = "tcp.reassembly_memory",
    /// Holes in a stream that were stepped over.
    TcpGaps = "tcp.gaps",
    /// Bytes of these holes.
    TcpGapBytes = "tcp.gap_bytes",
    /// Urgent bytes, which the receiver does not find in its stream.
    TcpUrgentBytes = "tcp.urgent_bytes",
    /// Plain stream data judged.
    StreamPdus = "stream.pdus",
    /// Plain stream data judged because `flush_size` was reached.
    StreamFlushSize = "stream.flush_size",
    /// Plain streams flushed by an answer, at `answered_flush_size`.
    StreamFlushAnswered = "stream.answered_flush_size",
    /// Looks at plain stream data that nothing had flushed for `flush_idle`.
    StreamFlushIdle = "stream.flush_idle",
    /// Times that such looks were put off because `flush_idle_bytes` was reached.
    StreamFlushIdleBytes = "stream.flush_idle_bytes",
    /// Looks left out because `max_flows` streams waited for one.
    StreamFlushIdleFull = "stream.flush_idle_max_flows",
    /// Plain stream data judged early because `reassembly_memory` was reached.
    StreamMemory = "stream.reassembly_memory",
    /// Messages, or sections of one, that service inspectors made.
    ServicePdus = "service.pdus",
    /// Inspectors ended because the flow held `reassembly_memory_per_flow`.
    ServiceMemory = "service.reassembly_memory_per_flow",
    /// Inspectors that gave up on their flow.
    ServiceAbandoned = "service.abandoned",
    /// Definitions of file types given up on a file for the steps they took, counted about once a
    /// second.
    FileTypeSteps = "file_types.max_steps",
    /// Datagrams rebuilt from fragments.
    FragmentRebuilt = "fragments.rebuilt",
    /// Datagrams discarded because their fragments overlapped or contradicted each other.
    FragmentDiscarded = "fragments.overlap",
    /// Fragments without bytes, or behind the largest datagram.
    FragmentMalformed = "fragments.malformed",
    /// Fragments not held because `reassembly_memory` was reached.
    FragmentMemory = "fragments.reassembly_memory",
    /// Unfinished datagrams forgotten because `max_fragmented_datagrams` was reached.
    FragmentEvicted = "fragments.max_fragmented_datagrams",
    /// Unfinished datagrams forgotten after `fragment_timeout`.
    FragmentTimeout = "fragments.timeout",
    /// Segments of ciphertext, which are not searched.
    TcpEncrypted = "tcp.encrypted",
    /// Bypasses offered to the caller after a panic.
    BypassPanic = "bypass.panic",
    /// Those of flows that carry ciphertext from there on; the same flow may be offered again.
    BypassEncrypted = "bypass.encrypted",
}

/// The counters of one engine. They only grow.
#[derive(Clone, Debug)]
pub struct Stats {
    counts: Vec<u64>,
    labels: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// Every counter and its value, zeros included; then, for each reason why an inspector
    /// gave up or the rules hit a limit, how often.
    pub fn each(&self, mut visit: impl FnMut(&'static str, u64)) {
        for counter in Counter::ALL {
            visit(counter.name(), self.get(*counter));
        }
        for (label, count) in &self.labels {
            visit(label, *count);
        }
    }

    /// One counter.
    pub fn get(&self, counter: Counter) -> u64 {
        self.counts.get(counter as usize).copied().unwrap_or(0)
    }

    /// Packets of which nothing was inspected, whatever the reason.
    pub fn dropped(&self) -> u64 {
        Counter::ALL
            .iter()
            .filter(|counter| counter.name().starts_with("dropped."))
            .fold(0, |sum, counter| sum.saturating_add(self.get(*counter)))
    }

    pub(crate) fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    pub(crate) fn add(&mut self, counter: Counter, n: u64) {
        if let Some(count) = self.counts.get_mut(counter as usize) {
            *count = count.saturating_add(n);
        }
    }

    /// Counts under a label of the code's own; labels never come from traffic.
    pub(crate) fn count_label(&mut self, label: &'static str) {
        let count = self.labels.entry(label).or_insert(0);
        *count = count.saturating_add(1);
    }
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            counts: vec![0; Counter::ALL.len()],
            labels: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_each_is_reported() {
        let mut stats = Stats::default();
        stats.add(Counter::TcpGapBytes, 7);
        stats.count_label("http.too_long");
        let mut seen = Vec::new();
        stats.each(|name, value| seen.push((name, value)));
        let names: BTreeSet<&str> = seen.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), Counter::ALL.len() + 1);
        assert!(seen.contains(&("tcp.gap_bytes", 7)));
        assert!(seen.contains(&("http.too_long", 1)));
    }

    #[test]
    fn dropped_is_the_sum_of_its_reasons() {
        let mut stats = Stats::default();
        stats.count(Counter::DroppedNotIp);
        stats.add(Counter::DroppedPanic, 2);
        stats.count(Counter::Inspected);
        assert_eq!(stats.dropped(), 3);
    }
}
