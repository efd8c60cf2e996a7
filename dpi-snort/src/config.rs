//! Every limit of the engine, by name.

use std::{sync::Arc, time::Duration};

use crate::{file_types::FileDefinitions, filters::FilterSet};

/// Limits and choices of one engine. Each limit has a counter in
/// [`Stats`](crate::Stats) that says how often it was hit.
#[derive(Clone, Debug)]
pub struct Config {
    /// Seed of the keyed hashes: fixed in tests, random in production.
    pub hash_seed: u64,
    /// Whether TCP, UDP and ICMP checksums are verified where
    /// [`ChecksumState::Unknown`](crate::ChecksumState) allows it, and packets that no receiver
    /// would use are dropped. Right for live traffic, where a wrong checksum hides a decoy;
    /// captures often hold packets whose checksums the network card was still to fill in.
    pub verify_checksums: bool,
    /// Tracked flows.
    pub max_flows: usize,
    /// Idle time after which an established TCP flow is forgotten.
    pub tcp_established_timeout: Duration,
    /// The same before the handshake is complete.
    pub tcp_opening_timeout: Duration,
    /// The same for UDP.
    pub udp_timeout: Duration,
    /// The same for ICMP and other protocols.
    pub other_timeout: Duration,
    /// Out-of-order and half-read bytes held for all flows together.
    pub reassembly_memory: usize,
    /// The same for one direction of one flow.
    pub reassembly_memory_per_flow: usize,
    /// Bytes after which a plain TCP stream is flushed as one PDU.
    pub flush_size: usize,
    /// Bytes of a plain TCP stream that an answer flushes. Fewer stay joined to what is sent
    /// next: in Snort contents reach over answers in the first 8 KB of a stream.
    pub answered_flush_size: usize,
    /// Time after which the rules look at bytes of a plain TCP stream that nothing has
    /// flushed, so that a line followed by silence is judged no later than this time after
    /// it came, and the time between two calls of [`Engine::expire`](crate::Engine::expire).
    /// The bytes stay part of the PDU to come: no match across the look is lost. (Snort
    /// waits for an answer, for the flush size or for the end of the flow.)
    pub flush_idle: Duration,
    /// Bytes that the rules look at for `flush_idle` in one call of `expire`, but for the
    /// last flow's; other flows have their turn in the next call.
    pub flush_idle_bytes: usize,
    /// Link, tunnel and extension layers of one frame.
    pub max_layers: usize,
    /// IPv6 extension headers of one packet.
    pub max_ipv6_extensions: usize,
    /// Fragment trackers.
    pub max_fragmented_datagrams: usize,
    /// Connections that FTP dialogues have announced and that were not made yet.
    pub max_expected_flows: usize,
    /// Time after which an announced connection is not expected any more.
    pub expected_timeout: Duration,
    /// Time a datagram may take to become complete.
    pub fragment_timeout: Duration,
    /// Bytes of an HTTP start line.
    pub http_max_start_line: usize,
    /// Bytes of an HTTP header section.
    pub http_max_headers: usize,
    /// Header lines of an HTTP message.
    pub http_max_header_lines: usize,
    /// HTTP requests of one connection that wait for their answer.
    pub http_max_pipeline: usize,
    /// Streams of one HTTP/2 connection that are under way.
    pub http2_max_streams: usize,
    /// Bytes that the streams of one HTTP/2 connection may hold.
    pub http2_memory: usize,
    /// Bytes of a header compression table that an HTTP/2 peer may ask for.
    pub http2_max_table: usize,
    /// Contexts that a client of DCE/RPC has proposed and that were not replaced.
    pub dce_max_contexts: usize,
    /// Requests of one association of DCE/RPC that wait for their response.
    pub dce_max_calls: usize,
    /// Bytes of the fragments that one association of DCE/RPC puts together: what is longer is
    /// examined in pieces.
    pub dce_max_joined: usize,
    /// Shares that one SMB connection uses.
    pub smb_max_trees: usize,
    /// Pipes that one SMB connection has open.
    pub smb_max_pipes: usize,
    /// Requests for data of one SMB connection that wait for their answer.
    pub smb_max_requests: usize,
    /// Bytes that the pipes of one SMB connection may hold.
    pub smb_memory: usize,
    /// Body bytes examined as one section.
    pub http_body_section: usize,
    /// Decompressed bytes for each compressed byte.
    pub decompress_ratio: usize,
    /// Decompressed bytes of one body.
    pub decompress_output: usize,
    /// Bytes of memory that one brotli decoder may take: enough for a window that grows to
    /// 512 KiB. A body that needs more is searched as it came from there on.
    pub brotli_memory: usize,
    /// PCRE2 match limit (Snort's default is 1500).
    pub pcre_match_limit: u32,
    /// PCRE2 depth limit.
    pub pcre_depth_limit: u32,
    /// Rules of all sets of literals that were merged, so that bytes which several groups of
    /// rules, or several buffers of a unit, have in common are searched once; a rule counts
    /// in each set, and each set as 64 more. Beyond, they are searched for each by itself.
    pub max_merged_rules: usize,
    /// Steps of option evaluation for one inspection unit. A step is an option tried, or 256
    /// bytes searched.
    pub max_evaluation_steps: u32,
    /// The same for one rule on one inspection unit.
    pub max_rule_steps: u32,
    /// Events of one inspection unit.
    pub event_queue: EventQueue,
    /// Filters for rules by id, for slots whose policy has none of its own.
    pub filters: Arc<FilterSet>,
    /// Types of files: an [`Engine`](crate::Engine) puts those of its rules here.
    pub file_definitions: Arc<FileDefinitions>,
    /// Counts of each kind of filter, for all rules and addresses together.
    pub max_filter_counts: usize,
    /// Flowbits known by name.
    pub max_flowbits: usize,
    /// Whether every rule is tried on every unit, and not only those that a literal, a port
    /// or a service leads to. Slow; the alerts are the same, which tests rely on.
    pub try_every_rule: bool,
}

/// How many events of one inspection unit are kept, and in which order they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventQueue {
    /// Matches that are queued.
    pub max_queue: usize,
    /// Events that are told of those.
    pub max_log: usize,
    /// Which are told first.
    pub order: OrderEvents,
}

/// Which events of a unit are told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEvents {
    /// Those of the highest priority (the smallest number).
    Priority,
    /// Those of the rule with the longest content.
    ContentLength,
}

impl EventQueue {
    /// What Snort's own configuration comes with: where many rules match one packet, most of
    /// their alerts are lost.
    pub const STOCK: EventQueue = EventQueue {
        max_queue: 8,
        max_log: 3,
        order: OrderEvents::ContentLength,
    };
}

impl Default for EventQueue {
    /// Loses nothing that real rules give.
    fn default() -> Self {
        EventQueue {
            max_queue: 1000,
            max_log: 1000,
            order: OrderEvents::Priority,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            hash_seed: 0,
            verify_checksums: false,
            max_flows: 262_144,
            tcp_established_timeout: Duration::from_secs(3600),
            tcp_opening_timeout: Duration::from_secs(30),
            // As long as Snort's stream_udp.
            udp_timeout: Duration::from_secs(30),
            other_timeout: Duration::from_secs(180),
            reassembly_memory: 64 << 20,
            reassembly_memory_per_flow: 1 << 20,
            flush_size: 16 << 10,
            answered_flush_size: 8 << 10,
            flush_idle: Duration::from_millis(500),
            flush_idle_bytes: 4 << 20,
            max_layers: 16,
            max_ipv6_extensions: 24,
            max_fragmented_datagrams: 4096,
            max_expected_flows: 4096,
            expected_timeout: Duration::from_secs(60),
            fragment_timeout: Duration::from_secs(30),
            http_max_start_line: 64 << 10,
            http_max_headers: 256 << 10,
            http_max_header_lines: 1000,
            http_max_pipeline: 100,
            // More than servers allow (100 to 250).
            http2_max_streams: 256,
            http2_memory: 768 << 10,
            http2_max_table: 64 << 10,
            dce_max_contexts: 256,
            dce_max_calls: 64,
            dce_max_joined: 64 << 10,
            smb_max_trees: 64,
            smb_max_pipes: 64,
            // More than servers grant credits for ([MS-SMB2] 3.3.1.2).
            smb_max_requests: 512,
            smb_memory: 512 << 10,
            http_body_section: 16 << 10,
            decompress_ratio: 200,
            decompress_output: 8 << 20,
            brotli_memory: 896 << 10,
            pcre_match_limit: 1500,
            pcre_depth_limit: 1500,
            max_merged_rules: 1 << 17,
            max_evaluation_steps: 1 << 20,
            max_rule_steps: 1 << 18,
            event_queue: EventQueue::default(),
            filters: Arc::default(),
            file_definitions: Arc::default(),
            max_filter_counts: 65_536,
            max_flowbits: 16_384,
            try_every_rule: false,
        }
    }
}
