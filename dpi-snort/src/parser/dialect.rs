//! How rule texts are read.

/// A dialect of the rule language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Rule by rule: one that uses forms of Snort 2 alone is read as Snort 2, every other one
    /// as Snort 3.
    #[default]
    Auto,
    /// Snort 3: what it refuses is refused.
    Snort3,
    /// Snort 2.9: what has no meaning in Snort 3 is refused.
    Snort2,
}
