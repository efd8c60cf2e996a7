//! `dce_opnum:"15"`, `dce_opnum:"1-2"` — the operation of a request of DCE/RPC, or of the
//! request that a response answers.

use super::{OptionError, args};
use crate::{parser::lexer::RawOption, unit::InspectionUnit};

/// Operations from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DceOpnum {
    first: u16,
    last: u16,
}

impl DceOpnum {
    /// One number or one range: Snort 3 refuses the lists that its manual speaks of.
    pub(super) fn parse(raw: &RawOption<'_>) -> Result<DceOpnum, OptionError> {
        raw.at_most(1)?;
        let Some(arg) = raw.args.first() else {
            return Ok(DceOpnum {
                first: 0,
                last: u16::MAX,
            });
        };
        if arg.word.negated {
            return Err(OptionError::Negated);
        }
        arg.no_value()?;
        let (first, last) = arg
            .name()
            .split_once('-')
            .unwrap_or((arg.name(), arg.name()));
        let (low, high) = (number(first)?, number(last)?);
        if low > high {
            return Err(OptionError::EmptyRange { low, high });
        }
        Ok(DceOpnum {
            first: u16::try_from(low).unwrap_or(u16::MAX),
            last: u16::try_from(high).unwrap_or(u16::MAX),
        })
    }

    pub(super) fn evaluate(self, unit: &InspectionUnit<'_>) -> bool {
        let opnum = unit.buffers.dce().and_then(|facts| facts.opnum);
        opnum.is_some_and(|opnum| (self.first..=self.last).contains(&opnum))
    }
}

fn number(text: &str) -> Result<i64, OptionError> {
    args::bounded(text, "opnum", 0, u16::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Message, holds, message_unit, packet, refused, unit};
    use crate::service_inspectors::dce::{ByteOrder, DceFacts};

    #[test]
    fn evaluated() {
        let packet = packet(b"");
        for (text, opnum, expected) in [
            ("dce_opnum:\"7\"", Some(7), true),
            ("dce_opnum:7", Some(7), true),
            ("dce_opnum:\"0x7\"", Some(7), true),
            ("dce_opnum:\"8\"", Some(7), false),
            ("dce_opnum:\"5-7\"", Some(7), true),
            ("dce_opnum:\"7-9\"", Some(7), true),
            ("dce_opnum:\"7-7\"", Some(7), true),
            ("dce_opnum:\"8-9\"", Some(7), false),
            ("dce_opnum:\"0-65535\"", Some(65_535), true),
            ("dce_opnum:\"0-65535\"", None, false),
        ] {
            let message = Message {
                dce: Some(DceFacts {
                    interface: None,
                    opnum,
                    is_first: true,
                    order: ByteOrder::Little,
                    stub: b"",
                }),
                ..Message::default()
            };
            let unit = message_unit(&packet, &message);
            assert_eq!(holds(text, &unit), expected, "{text} on {opnum:?}");
        }
        assert!(!holds("dce_opnum:\"7\"", &unit(&packet)), "without DCE/RPC");
    }

    #[test]
    fn refusals() {
        refused(&[
            ("dce_opnum:65536", "opnum must be 0 to 65535, not 65536"),
            ("dce_opnum:bogus", "\"bogus\" is no value for opnum"),
            ("dce_opnum:\"1-\"", "\"\" is no value for opnum"),
            (
                "dce_opnum:\"9-5\"",
                "range 9<>5: the first end must not be above the second",
            ),
            ("dce_opnum:\"5,9\"", "\"5,9\" is no value for opnum"),
            ("dce_opnum:\"1-6,8\"", "\"6,8\" is no value for opnum"),
            ("dce_opnum:1,2", "unknown argument \"2\""),
            ("dce_opnum:1 2", "unknown argument \"1 2\""),
        ]);
    }
}
