//! What the worker tells the supervisor.

use serde::{Deserialize, Serialize};

use super::{BypassRecord, RulesReport};
use crate::alert::{Text, WireAlert};

/// Most bypasses in one message.
pub const BYPASSES_A_MESSAGE: usize = 256;

/// A message to the supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToSupervisor {
    /// The first message.
    Hello {
        /// Version of the worker's program; another one than the supervisor's is refused.
        version: Text<64>,
    },
    /// A ruleset was compiled. The first starts the hand-over; a later one has taken over.
    RulesCompiled(RulesReport),
    /// The rules cannot be used at all; what was in force stays in force.
    RulesFailed {
        /// Why, with the remedy.
        reason: Text<1024>,
    },
    /// All rings are mapped and read.
    Running,
    /// A rule matched.
    Alert(WireAlert),
    /// Flows that need no further inspection, best effort.
    Bypass(Vec<BypassRecord>),
    /// The worker cannot go on; it exits.
    Failed {
        /// Why.
        reason: Text<1024>,
    },
}
