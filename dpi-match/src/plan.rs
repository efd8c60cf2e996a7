//! What a matcher decided to do for its set, to be shown to whoever asks.

use std::fmt;

use crate::Engine;

/// How a matcher searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The engine.
    pub engine: Engine,
    /// Passes over the bytes; none but for the sieve.
    pub layers: Vec<LayerPlan>,
}

/// One pass of the sieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerPlan {
    /// What looks at every position.
    pub filter: FilterKind,
    /// Bytes that the filter looks at, 1 to 4.
    pub width: usize,
    /// Distance of the positions it looks at: 1, 2 or 4.
    pub stride: usize,
    /// Length of the shortest literal that the pass is for.
    pub shortest: usize,
    /// Different literals that the pass is for.
    pub literals: usize,
}

/// What looks at every position and lets few through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterKind {
    /// A bitmap by the first two bytes, looked up one position at a time.
    Pairs,
    /// A bitmap by a hash of the window, looked up one position at a time.
    Bitmap,
    /// Eight buckets by nibbles, a vector of positions at a time.
    Teddy,
    /// Three bits by linear hashes, 64 positions at a time, tables of so many bytes.
    Bloom(usize),
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.engine)?;
        for layer in &self.layers {
            write!(f, " + {layer}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LayerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.filter {
            FilterKind::Pairs => write!(f, "pairs")?,
            FilterKind::Bitmap => write!(f, "bitmap")?,
            FilterKind::Teddy => write!(f, "teddy")?,
            FilterKind::Bloom(bytes) => write!(f, "bloom{bytes}")?,
        }
        write!(
            f,
            "(width {}, stride {}, {} literals of {} bytes or more)",
            self.width, self.stride, self.literals, self.shortest
        )
    }
}
