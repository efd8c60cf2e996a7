//! What stands between a match and its alert.
//!
//! `detection_filter` belongs to a rule and counts its matches. `rate_filter` changes what a
//! rule does while it matches too often; `suppress` silences alerts, `event_filter` thins them
//! out: those three are configured for rules by id ([`FilterSet`]). State is keyed by gid:sid,
//! so it survives a change of rules; `counts` bounds it.

mod counts;
mod detection_filter;
mod event_filter;
mod rate_filter;
mod set;
mod suppress;
mod table;
#[cfg(test)]
mod tests;

pub use detection_filter::{DetectionFilter, Track};
pub use event_filter::{EventFilter, EventFilterKind};
pub use rate_filter::{RateFilter, RateTrack};
pub use set::{FilterError, FilterSet, RuleScope};
pub use suppress::Suppress;
pub(crate) use table::{FilterTable, Moment};
