//! `detection_filter:track by_src,count 5,seconds 60`; counting is in `filters`.

use super::{OptionError, args};
use crate::{
    filters::{DetectionFilter, Track},
    parser::lexer::RawOption,
};

/// Reads the filter. Without a count or seconds there is nothing to count: none.
pub(super) fn parse(raw: &RawOption<'_>) -> Result<Option<DetectionFilter>, OptionError> {
    let mut track = Track::BySrc;
    let (mut count, mut seconds) = (None, None);
    for arg in &raw.args {
        match arg.name() {
            "track" => {
                track = match arg.required("track")? {
                    "by_src" => Track::BySrc,
                    "by_dst" => Track::ByDst,
                    other => {
                        return Err(OptionError::BadValue {
                            argument: "track",
                            found: other.into(),
                        });
                    }
                };
            }
            "count" => {
                let text = arg.required("count")?;
                count = Some(args::bounded_u32(text, "count", 1, u32::MAX)?);
            }
            "seconds" => {
                let text = arg.required("seconds")?;
                seconds = Some(args::bounded_u32(text, "seconds", 1, u32::MAX)?);
            }
            _ => return Err(arg.unknown()),
        }
    }
    Ok(count.zip(seconds).map(|(count, seconds)| DetectionFilter {
        track,
        count,
        seconds,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, rule};
    use super::*;

    #[test]
    fn accepted() {
        for (text, expected) in [
            (
                "track by_src,count 5,seconds 60",
                Some((Track::BySrc, 5, 60)),
            ),
            ("track by_dst,count 1,seconds 1", Some((Track::ByDst, 1, 1))),
            ("seconds 2,count 0x10", Some((Track::BySrc, 16, 2))),
            ("track by_src,count 5", None),
            ("seconds 5", None),
        ] {
            let found = rule("tcp", &format!("detection_filter:{text}")).unwrap();
            let expected = expected.map(|(track, count, seconds)| DetectionFilter {
                track,
                count,
                seconds,
            });
            assert_eq!(found.detection_filter, expected, "{text}");
        }
    }

    #[test]
    fn refusals() {
        refused(&[
            (
                "detection_filter:track by_rule,count 1,seconds 1",
                r#""by_rule" is no value for track"#,
            ),
            (
                "detection_filter:track,count 1,seconds 1",
                "track needs a value",
            ),
            (
                "detection_filter:track by_src,count 0,seconds 1",
                "count must be 1 to 4294967295, not 0",
            ),
            (
                "detection_filter:track by_src,count 1,seconds 0",
                "seconds must be 1 to 4294967295, not 0",
            ),
            (
                "detection_filter:track by_src,count,seconds 1",
                "count needs a value",
            ),
            ("detection_filter:limit 5", r#"unknown argument "limit""#),
            (
                "detection_filter:count 1; detection_filter:count 2",
                "may stand once in a rule",
            ),
        ]);
    }
}
