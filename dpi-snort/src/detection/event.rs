//! What a match is told with.

use crate::parser::Rule;

/// One match of one rule on one inspection unit.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Whether the unit was rebuilt and not a raw packet.
    pub rebuilt: bool,
}
