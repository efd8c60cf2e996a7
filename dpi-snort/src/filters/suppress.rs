//! `suppress`: no alert of some rules, at all or for some addresses.

use super::Track;
use crate::parser::AddressSet;

/// Silences the rules that it is set for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppress {
    /// Whose address is looked up in the list, and the list; `None`: every alert is silenced.
    pub of: Option<(Track, AddressSet)>,
}

impl Suppress {
    /// No alert at all.
    pub fn all() -> Suppress {
        Suppress::default()
    }

    /// No alert whose source, or destination, is one of these.
    pub fn of(track: Track, addresses: AddressSet) -> Suppress {
        Suppress {
            of: Some((track, addresses)),
        }
    }

    /// Whether an alert between these ends (source first) is silenced.
    pub(super) fn silences(&self, ends: super::table::Ends) -> bool {
        match &self.of {
            None => true,
            Some((track, addresses)) => addresses.contains(track.of(ends)),
        }
    }
}
