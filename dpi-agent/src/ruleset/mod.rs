//! Rule files on disk → what the engine takes.
//!
//! `load` reads files and folders, `check` is the command `rules check`. The language of
//! the rules is in `dpi-snort`; nothing here knows what an option means.

pub mod check;
mod load;

pub use load::{LoadError, Loaded, load};

/// How rule texts are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// As the text asks for; Snort 3 is the only dialect known so far
    #[default]
    Auto,
    /// Snort 3: refuse what Snort 3 refuses
    Snort3,
}
