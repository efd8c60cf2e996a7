//! What became of the rules directory.

use serde::{Deserialize, Serialize};

use super::PortMap;
use crate::alert::Text;

/// Outcome of compiling every rule file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesReport {
    /// Number of the compiled ruleset, from 1; a new one for each that takes over.
    pub epoch: u32,
    /// Rule files read.
    pub files: u32,
    /// Rules in force.
    pub loaded: u32,
    /// Rules valid in Snort that need an inspector which does not exist yet.
    pub inactive: u32,
    /// Rules refused, and files that cannot be read.
    pub failed: u32,
    /// Rules loaded in another way than their author may expect.
    pub warnings: u32,
    /// The first [`RulesReport::MAX_PROBLEMS`] of what was refused.
    pub problems: Vec<RuleProblem>,
    /// Ports that a rule can match.
    pub ports: PortMap,
    /// Time that reading and compiling took, in milliseconds.
    pub millis: u32,
}

impl RulesReport {
    /// Problems told one by one; the rest is only counted.
    pub const MAX_PROBLEMS: usize = 32;
}

/// One rule that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleProblem {
    /// Rule file.
    pub file: Text<{ RuleProblem::MAX_FILE }>,
    /// Line where the rule begins, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Its `sid`, if it could be read.
    pub sid: Option<u32>,
    /// The option it fails at, if it is one.
    pub option: Option<Text<{ RuleProblem::MAX_OPTION }>>,
    /// Why.
    pub reason: Text<{ RuleProblem::MAX_REASON }>,
}

impl RuleProblem {
    /// Longest path in bytes.
    pub const MAX_FILE: usize = 512;
    /// Longest option name in bytes.
    pub const MAX_OPTION: usize = 64;
    /// Longest reason in bytes.
    pub const MAX_REASON: usize = 512;
}
