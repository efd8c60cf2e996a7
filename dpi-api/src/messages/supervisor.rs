//! What the supervisor tells the worker.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A message to the worker, in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// The first message: compile the rules and report.
    Start(Start),
    /// The rings to read. Beside it travel, for each ring in turn, the packet socket and
    /// its shared memory.
    Rings {
        /// Number of rings.
        count: u16,
    },
    /// The workloads that may be met, in place of all that were named before. One policy
    /// exists, so their numbers are all there is to say.
    Slots {
        /// Numbers of the selected workloads.
        slots: Vec<u32>,
    },
    /// Compile the rules directory anew; it takes over if it can be read.
    ReloadRules,
    /// Finish and exit.
    Shutdown,
}

impl ToWorker {
    /// Most workloads one [`ToWorker::Slots`] can name.
    pub const MAX_SLOTS: usize = 8192;
}

/// What a worker has to know before it can compile rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Every `*.rules` below it is read.
    pub rules: PathBuf,
    /// How rule texts are read.
    pub dialect: RuleDialect,
    /// Epoch that the first ruleset gets; it goes on from the last worker's, so that the
    /// kernel's bypass entries of that one mean nothing.
    pub epoch: u32,
    /// Seed of the engines' keyed hashes.
    pub hash_seed: u64,
    /// Bounds of each engine.
    pub limits: EngineLimits,
}

/// How rule texts are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleDialect {
    /// Rule by rule: one with forms of Snort 2 alone is read as Snort 2.
    #[default]
    Auto,
    /// Snort 3 alone.
    Snort3,
    /// Snort 2.9 alone.
    Snort2,
}

/// Bounds of one engine, as far as the memory limit sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineLimits {
    /// Tracked flows.
    pub max_flows: u32,
    /// Bytes held for reassembly.
    pub reassembly_memory: u64,
}
