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
