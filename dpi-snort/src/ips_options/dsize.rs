//! `dsize:>100` — payload bytes of the packet on the wire.

use super::{NumberRange, OptionError};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A range over the payload's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsize(NumberRange);

impl Dsize {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<Dsize, OptionError> {
        NumberRange::of(raw, 0, 65_535).map(Dsize)
    }

    /// Fails where the unit is a piece of a stream without a size of its own.
    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        unit.dsize.is_some_and(|size| self.0.contains(size.into()))
    }
}
