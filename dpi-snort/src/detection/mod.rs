//! Which rules are tried on an inspection unit, and whether they match.
//!
//! `fast_pattern` chooses the literal that must occur before a rule is tried,
//! `rule_group` finds the rules that have none by port or service; `compile` builds both
//! into a [`Detection`]. `inspect` walks a unit's buffers once and `evaluate` tries the
//! options of each candidate, `events` queues, filters and orders what matched; `oracle` tries every rule instead and must agree.
//! What an option means is in `ips_options`. State that outlives a unit is in
//! [`FlowState`] and [`Scratch`], never in a `Detection`.

mod compile;
mod evaluate;
mod event;
mod events;
mod fast_pattern;
mod flow_state;
mod flowbits;
mod inspect;
mod interest;
mod limit_hits;
pub mod oracle;
mod rule_group;
mod scratch;

pub use compile::{CompileError, Detection};
pub use event::Event;
pub use flow_state::FlowState;
pub use flowbits::{FlowbitId, FlowbitRegistry, Flowbits};
pub use interest::{PortBitmap, PortsOfInterest};
pub use limit_hits::{LimitHits, RuleLimit};
pub use scratch::{DetectionStats, Scratch};
