//! Which rules are tried on an inspection unit, and whether they match.
//!
//! `fast_pattern` chooses the literal that must occur before a rule is tried. `groups` sorts
//! rules by what a packet must be for them to match: service, ports (`port_group`), way of
//! the flow; of each group `rule_group` has the literals, which `matcher` finds; what several
//! groups or equal buffers look for is one set (`merged`). `compile` builds all of it into a
//! [`Detection`]. `search` gathers the candidates of a unit, of stream bytes that were looked
//! at before with what was found then (`held_search`); `inspect` asks whether the header fits
//! each (`unit_header`) and `evaluate` tries its options, those that rules begin with in common
//! (`option_tree`) once (`beginning`); `builtins` tells what is found without options;
//! `bare_segments` tells whether a flow may go by unseen;
//! `file_signature` tries what rules say of files by themselves;
//! `events` queues, filters and orders what matched; `oracle` tries every rule by itself
//! instead and must agree. `explain` and `lint` speak to those who write rules, `trace`
//! follows one rule.
//! What an option means is in `ips_options`. State that outlives a unit is in
//! [`FlowState`] and [`Scratch`], never in a `Detection`.

mod bare_segments;
mod beginning;
mod builtins;
mod compile;
mod evaluate;
mod event;
mod events;
mod explain;
mod fast_pattern;
mod file_signature;
mod flow_state;
mod flowbits;
mod groups;
mod held_search;
mod inspect;
mod interest;
mod limit_hits;
mod lint;
mod matcher;
mod merged;
mod option_tree;
pub mod oracle;
mod port_group;
mod rule_group;
mod scratch;
mod search;
mod trace;
mod unit_header;

pub use compile::{CompileError, Detection};
pub use event::Event;
pub use explain::{Explanation, FastPattern, Stage, Step};
pub(crate) use file_signature::{FileSignature, FileTrial};
pub use flow_state::FlowState;
pub use flowbits::{FlowbitId, FlowbitRegistry, Flowbits};
pub use groups::GroupSize;
pub use interest::{PortBitmap, PortsOfInterest};
pub use limit_hits::{LimitHits, RuleLimit};
pub use lint::Linter;
pub use scratch::{DetectionStats, Scratch};
pub(crate) use trace::Tracer;
pub use trace::{TraceOutcome, TraceStep};
