//! `pkt_num:10<>20` — which packet this is, counted from 1 by the engine that examines it.

use super::{NumberRange, OptionError};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// A range over the number of the packet that completed the unit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PktNum(NumberRange);

impl PktNum {
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<PktNum, OptionError> {
        NumberRange::of(raw, 1, i64::MAX).map(PktNum)
    }

    pub(super) fn evaluate(&self, unit: &InspectionUnit<'_>) -> bool {
        i64::try_from(unit.packet_number).is_ok_and(|number| self.0.contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{holds, packet, refused, unit};
    use crate::unit::InspectionUnit;

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        for (text, number, expected) in [
            ("pkt_num:7", 7, true),
            ("pkt_num:7", 8, false),
            ("pkt_num:!7", 8, true),
            ("pkt_num:5<>7", 6, true),
            ("pkt_num:5<>7", 7, false),
            ("pkt_num:>7", 7, false),
            ("pkt_num", 1, true),
            ("pkt_num:>1", u64::MAX, false),
        ] {
            let unit = InspectionUnit {
                packet_number: number,
                ..unit(&packet)
            };
            assert_eq!(holds(text, &unit), expected, "{text} of {number}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            ("pkt_num:0", "range must be 1 to 9223372036854775807, not 0"),
            ("pkt_num:x", r#""x" is no value for range"#),
            ("pkt_num:1,2", r#"unknown argument "2""#),
            (
                "pkt_num:9<>3",
                "range 9<>3: the first end must not be above the second",
            ),
        ]);
    }
}
