//! `dsize:>100` — payload bytes of the packet on the wire.

use super::{NumberRange, OptionError};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A range over the payload's size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use crate::unit::InspectionUnit;

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        for (text, size, expected) in [
            ("dsize:3", Some(3), true),
            ("dsize:3", Some(4), false),
            ("dsize:<3", Some(2), true),
            ("dsize:<3", Some(3), false),
            ("dsize:>3", Some(4), true),
            ("dsize:>3", Some(3), false),
            ("dsize:2<>4", Some(3), true),
            ("dsize:2<>4", Some(2), false),
            ("dsize:2<=>4", Some(2), true),
            ("dsize:2<=>4", Some(5), false),
            ("dsize:!3", Some(4), true),
            ("dsize:!3", Some(3), false),
            ("dsize", Some(0), true),
            ("dsize:0", Some(0), true),
            // A piece of a stream has no size of its own.
            ("dsize:!3", None, false),
            ("dsize", None, false),
        ] {
            let unit = InspectionUnit {
                dsize: size,
                ..unit(&packet)
            };
            assert_eq!(holds(text, &unit), expected, "{text} of {size:?}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("dsize:5<>", r#""" is no value for range"#),
            ("dsize:<>5", r#""" is no value for range"#),
            (
                "dsize:9<>3",
                "range 9<>3: the first end must not be above the second",
            ),
            ("dsize:65536", "range must be 0 to 65535, not 65536"),
            ("dsize:-1", "range must be 0 to 65535, not -1"),
            ("dsize:5-9", r#""5-9" is no value for range"#),
            ("dsize:many", r#""many" is no value for range"#),
            ("dsize:1,2", r#"unknown argument "2""#),
        ]);
    }
}
