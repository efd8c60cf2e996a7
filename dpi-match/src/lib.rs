//! Multi-literal scanner and bounded PCRE2: it does not know what a rule is.
//!
//! [`Patterns`] collects literals and builds an [`Mpm`] that finds all of them in one pass;
//! [`pcre::Regex`] runs one expression within given limits. Both are immutable once built
//! and shared between threads; what a search writes lives in a scratch that the caller owns.
//!
//! ```
//! use dpi_match::{MpmScratch, Patterns};
//!
//! let mut patterns = Patterns::new();
//! patterns.add(b"/etc/passwd", true)?;
//! patterns.add(b"cmd.exe", false)?;
//! let mpm = patterns.build()?;
//! let mut found = Vec::new();
//! mpm.scan(b"GET /ETC/passwd", 0, &mut MpmScratch::default(), &mut |pattern, end| {
//!     found.push((pattern.0, end));
//!     true
//! });
//! assert_eq!(found, [(0, 15)]);
//! # Ok::<(), dpi_match::PatternError>(())
//! ```
//!
//! Unsafe code is in `sieve/kernel` and `pcre/ffi.rs` alone.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]
#![deny(unsafe_code)]

mod ac;
mod engine;
mod few;
pub mod fuzz;
mod mpm;
mod patterns;
pub mod pcre;
mod plan;
mod sieve;

pub use ac::AhoCorasickMpm;
pub use engine::{Engine, UnknownEngine};
pub use mpm::{Mpm, MpmScratch, MpmStats};
pub use patterns::{MAX_PATTERN_LEN, MAX_PATTERNS, Pattern, PatternError, PatternId, Patterns};
pub use plan::{FilterKind, LayerPlan, Plan};
