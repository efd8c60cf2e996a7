//! What a match is told with.

use crate::{output::Action, parser::Rule};

/// One match of one rule on one inspection unit.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it would do: its own action, or that of a `rate_filter`.
    pub action: Action,
    /// Whether the unit was rebuilt and not a raw packet.
    pub rebuilt: bool,
}
