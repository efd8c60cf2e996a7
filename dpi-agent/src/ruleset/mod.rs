//! Rule files on disk → what the engine takes, and tools for those who write rules.
//!
//! `load` reads files and folders, `include` the files that they name, `snort_lua` variables
//! and filters of a folder, `watch` sees that they have changed; `check`, `format`, `explain` and
//! `builtin` are the commands `rules check|format|explain|builtin`. The language of the rules is in
//! `dpi-snort`; nothing here knows what an option means.

pub mod builtin;
pub mod check;
pub mod explain;
pub mod format;
mod include;
mod load;
mod report;
mod snort_lua;
mod watch;

use dpi_api::messages::RuleDialect;

pub use include::Seen;
pub use load::{LoadError, Loaded, load, load_with};
pub use snort_lua::{At, EntryError, Fault, NoEffect, RefusedEntry};
pub use watch::Watch;

/// How rule texts are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// Rule by rule: one with forms of Snort 2 alone is read as Snort 2
    #[default]
    Auto,
    /// Snort 3: refuse what Snort 3 refuses
    Snort3,
    /// Snort 2.9: refuse what has no meaning in Snort 3
    Snort2,
}

impl From<RuleDialect> for Dialect {
    fn from(dialect: RuleDialect) -> Self {
        match dialect {
            RuleDialect::Auto => Self::Auto,
            RuleDialect::Snort3 => Self::Snort3,
            RuleDialect::Snort2 => Self::Snort2,
        }
    }
}

impl From<Dialect> for RuleDialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Auto => Self::Auto,
            Dialect::Snort3 => Self::Snort3,
            Dialect::Snort2 => Self::Snort2,
        }
    }
}

impl From<Dialect> for dpi_snort::parser::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Auto => Self::Auto,
            Dialect::Snort3 => Self::Snort3,
            Dialect::Snort2 => Self::Snort2,
        }
    }
}
