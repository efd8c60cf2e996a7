//! Built-in events: what decoders, streams and inspectors find odd by themselves.
//!
//! A rule without detection options switches one on and says what becomes of it:
//! `alert ( gid:116; sid:404; msg:"IPv4 with TTL 0"; )`. Without such a rule nothing is looked
//! for. `table` lists the events, under the numbers of Snort 3 (its reference manual, "Rules"
//! of each module); `frames` and `segments` say which of them hold, inspectors know their own
//! (`http/oddities.rs`). Where an alert goes is the engine's business, what filters do to it
//! that of `detection`.

mod frames;
mod segments;
mod set;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use frames::{of_error, of_packet};
pub(crate) use segments::of_segment;
pub use set::EventSet;
pub use table::{BuiltinEvent, Source};
