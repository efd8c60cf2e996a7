//! Multi-literal scanner and bounded PCRE2: it does not know what a rule is.
//!
//! [`Mpm`] finds many literals in one pass, [`pcre::Regex`] runs one expression within
//! given limits. Both are immutable once built and shared between threads; what a search
//! writes lives in a scratch that the caller owns.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod ac;
mod patterns;
pub mod pcre;

pub use ac::AhoCorasickMpm;
pub use patterns::{Pattern, PatternError, PatternId, Patterns};

/// A multi-pattern matcher: finds every occurrence of every one of its patterns.
pub trait Mpm: Send + Sync + std::fmt::Debug {
    /// Calls `on_match` with the pattern and the offset behind its last byte, for every
    /// occurrence that ends behind `from`, overlapping ones too, by rising end offset.
    ///
    /// Bytes in front of `from` are context: an occurrence may begin there. `on_match`
    /// returns whether to go on.
    fn scan(
        &self,
        haystack: &[u8],
        from: usize,
        scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    );

    /// Bytes of memory that the matcher holds.
    fn memory(&self) -> usize;
}

/// Memory that a scan may write to; one for each thread, for all matchers.
///
/// The present matcher needs none; it is in the interface for those that queue candidates.
#[derive(Debug, Default)]
pub struct MpmScratch {
    _private: (),
}
