//! Lines of `threshold.conf`: `event_filter`, `rate_filter`, `suppress` and the older
//! `threshold`, as Snort 2 writes them.

use thiserror::Error;

use super::{AddressSet, HeaderError, Variables};
use crate::{
    filters::{
        EventFilter, EventFilterKind, FilterError, FilterSet, RateFilter, RateTrack, RuleScope,
        Suppress, Track,
    },
    output::Action,
};

/// Words that a line of this kind begins with.
pub(super) const WORDS: [&str; 4] = ["event_filter", "rate_filter", "suppress", "threshold"];

/// Why such a line is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum FilterLineError {
    #[error("missing argument: {argument}")]
    Missing { argument: &'static str },
    #[error("unknown argument {found:?}: there are {known}")]
    Unknown {
        found: Box<str>,
        known: &'static str,
    },
    #[error("{argument} stands twice")]
    Twice { argument: Box<str> },
    #[error("{argument} must be a number from {min} to 4294967295, not {found:?}")]
    Number {
        argument: &'static str,
        min: u32,
        found: Box<str>,
    },
    #[error("{argument} must be one of {words}, not {found:?}")]
    Word {
        argument: &'static str,
        words: &'static str,
        found: Box<str>,
    },
    #[error("{0}")]
    Addresses(#[from] HeaderError),
    #[error("{0}")]
    Filter(#[from] FilterError),
}

/// Adds what a line says to the filters. The line begins with one of [`WORDS`].
pub(super) fn read(
    line: &str,
    variables: &Variables,
    filters: &mut FilterSet,
) -> Result<(), FilterLineError> {
    let (word, rest) = line
        .split_once(|c: char| c.is_whitespace() || c == ':')
        .unwrap_or((line, ""));
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ':');
    match word {
        "suppress" => suppress(rest, variables, filters),
        "rate_filter" => rate_filter(rest, variables, filters),
        _ => {
            let args = Args::split(rest, "gen_id, sig_id, type, track, count, seconds")?;
            let scope = args.scope(&EVENT_FILTER)?;
            filters.event_filter(scope, event_filter(&args)?)?;
            Ok(())
        }
    }
}

/// The event filter of a rule's own `threshold` option.
pub(super) fn threshold_option(text: &str) -> Result<EventFilter, FilterLineError> {
    let args = Args::split(text, "type, track, count, seconds")?;
    args.known(&EVENT_FILTER[2..])?;
    event_filter(&args)
}

const EVENT_FILTER: [&str; 6] = ["gen_id", "sig_id", "type", "track", "count", "seconds"];
const SUPPRESS: [&str; 4] = ["gen_id", "sig_id", "track", "ip"];
const RATE_FILTER: [&str; 8] = [
    "gen_id",
    "sig_id",
    "track",
    "count",
    "seconds",
    "new_action",
    "timeout",
    "apply_to",
];

fn event_filter(args: &Args<'_>) -> Result<EventFilter, FilterLineError> {
    let kind = args.word(
        "type",
        "limit, threshold, both",
        &[
            ("limit", EventFilterKind::Limit),
            ("threshold", EventFilterKind::Threshold),
            ("both", EventFilterKind::Both),
        ],
    )?;
    Ok(EventFilter {
        kind,
        track: args.track()?,
        // -1 takes the filter out of service, as 0 does here.
        count: match args.get("count") {
            Some("-1") => 0,
            _ => args.number("count", 0)?,
        },
        seconds: args.number("seconds", 1)?,
        addresses: AddressSet::any(),
    })
}

fn suppress(
    rest: &str,
    variables: &Variables,
    filters: &mut FilterSet,
) -> Result<(), FilterLineError> {
    let args = Args::split(rest, "gen_id, sig_id, track, ip")?;
    let scope = args.scope(&SUPPRESS)?;
    let what = match (args.get("track"), args.get("ip")) {
        (None, None) => Suppress::all(),
        (None, Some(_)) => return Err(FilterLineError::Missing { argument: "track" }),
        (Some(_), None) => return Err(FilterLineError::Missing { argument: "ip" }),
        (Some(_), Some(ip)) => Suppress::of(args.track()?, AddressSet::parse(ip, variables)?),
    };
    filters.suppress(scope, what);
    Ok(())
}

fn rate_filter(
    rest: &str,
    variables: &Variables,
    filters: &mut FilterSet,
) -> Result<(), FilterLineError> {
    let args = Args::split(
        rest,
        "gen_id, sig_id, track, count, seconds, new_action, timeout, apply_to",
    )?;
    let scope = args.scope(&RATE_FILTER)?;
    let filter = RateFilter {
        track: args.word(
            "track",
            "by_src, by_dst, by_rule",
            &[
                ("by_src", RateTrack::BySrc),
                ("by_dst", RateTrack::ByDst),
                ("by_rule", RateTrack::ByRule),
            ],
        )?,
        count: args.number("count", 1)?,
        seconds: args.number("seconds", 0)?,
        new_action: args.word(
            "new_action",
            "alert, drop, sdrop, pass, log, reject",
            &[
                ("alert", Action::Alert),
                ("drop", Action::Drop),
                ("sdrop", Action::Drop),
                ("pass", Action::Pass),
                ("log", Action::Log),
                ("reject", Action::Reject),
            ],
        )?,
        timeout: args.number("timeout", 0)?,
        apply_to: match args.get("apply_to") {
            None => AddressSet::any(),
            Some(text) => AddressSet::parse(text, variables)?,
        },
    };
    filters.rate_filter(scope, filter)?;
    Ok(())
}

/// Names and values of a line.
struct Args<'a> {
    args: Vec<(&'a str, &'a str)>,
    known: &'static str,
}

impl<'a> Args<'a> {
    /// Splits at commas that stand outside of brackets.
    fn split(text: &'a str, known: &'static str) -> Result<Args<'a>, FilterLineError> {
        let mut args: Vec<(&str, &str)> = Vec::new();
        let mut depth = 0_usize;
        let outside = |c: char| {
            match c {
                '[' => depth = depth.saturating_add(1),
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        };
        for arg in text.split(outside) {
            let arg = arg.trim();
            let (name, value) = arg.split_once(char::is_whitespace).unwrap_or((arg, ""));
            if args.iter().any(|(known, _)| *known == name) {
                return Err(FilterLineError::Twice {
                    argument: name.into(),
                });
            }
            args.push((name, value.trim()));
        }
        Ok(Args { args, known })
    }

    fn known(&self, names: &[&str]) -> Result<(), FilterLineError> {
        match self.args.iter().find(|(name, _)| !names.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(FilterLineError::Unknown {
                found: (*name).into(),
                known: self.known,
            }),
        }
    }

    /// Which rules the line is for. Refuses arguments that do not belong to it.
    fn scope(&self, names: &[&str]) -> Result<RuleScope, FilterLineError> {
        self.known(names)?;
        Ok(RuleScope::new(
            self.number("gen_id", 0)?,
            self.number("sig_id", 0)?,
        )?)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.args.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    fn required(&self, argument: &'static str) -> Result<&'a str, FilterLineError> {
        self.get(argument)
            .filter(|value| !value.is_empty())
            .ok_or(FilterLineError::Missing { argument })
    }

    fn number(&self, argument: &'static str, min: u32) -> Result<u32, FilterLineError> {
        let text = self.required(argument)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number >= min);
        number.ok_or_else(|| FilterLineError::Number {
            argument,
            min,
            found: text.into(),
        })
    }

    fn word<T: Copy>(
        &self,
        argument: &'static str,
        words: &'static str,
        meanings: &[(&str, T)],
    ) -> Result<T, FilterLineError> {
        let text = self.required(argument)?;
        let known = meanings.iter().find(|(word, _)| *word == text);
        known
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| FilterLineError::Word {
                argument,
                words,
                found: text.into(),
            })
    }

    fn track(&self) -> Result<Track, FilterLineError> {
        self.word(
            "track",
            "by_src, by_dst",
            &[("by_src", Track::BySrc), ("by_dst", Track::ByDst)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::RuleId;

    fn set(line: &str) -> Result<FilterSet, String> {
        let mut filters = FilterSet::default();
        let variables = Variables::stock();
        match read(line, &variables, &mut filters) {
            Ok(()) => Ok(filters),
            Err(error) => Err(error.to_string()),
        }
    }

    fn rule(gid: u32, sid: u32) -> RuleScope {
        RuleScope::Rule(RuleId { gid, sid })
    }

    #[test]
    fn lines_are_the_filters_that_they_describe() {
        let addresses = |text| AddressSet::parse(text, &Variables::stock()).unwrap();
        let event = |kind, track, count| EventFilter {
            kind,
            track,
            count,
            seconds: 60,
            addresses: AddressSet::any(),
        };
        let mut expected = FilterSet::default();
        let limit = event(EventFilterKind::Limit, Track::BySrc, 1);
        expected.event_filter(rule(1, 1851), limit).unwrap();
        for line in [
            "event_filter gen_id 1, sig_id 1851, type limit, track by_src, count 1, seconds 60",
            "event_filter gen_id 1,sig_id 1851,type limit,track by_src,count 1,seconds 60",
            "threshold gen_id 1, sig_id 1851, type limit, track by_src, count 1, seconds 60",
            "threshold: seconds 60, count 1, track by_src, type limit, sig_id 1851, gen_id 1",
        ] {
            assert_eq!(set(line).as_ref(), Ok(&expected), "{line}");
        }
        let mut expected = FilterSet::default();
        let both = event(EventFilterKind::Both, Track::ByDst, 0);
        expected.event_filter(RuleScope::Every, both).unwrap();
        let line = "event_filter gen_id 0, sig_id 0, type both, track by_dst, count -1, seconds 60";
        assert_eq!(set(line), Ok(expected));
        for (line, scope, what) in [
            (
                "suppress gen_id 1, sig_id 1852",
                rule(1, 1852),
                Suppress::all(),
            ),
            (
                "suppress gen_id 1, sig_id 1852, track by_dst, ip [10.1.0.0/16,!10.1.1.1]",
                rule(1, 1852),
                Suppress::of(Track::ByDst, addresses("[10.1.0.0/16,!10.1.1.1]")),
            ),
            (
                "suppress gen_id 3, sig_id 0, track by_src, ip $HOME_NET",
                RuleScope::Generator(3),
                Suppress::of(Track::BySrc, addresses("$HOME_NET")),
            ),
        ] {
            let mut expected = FilterSet::default();
            expected.suppress(scope, what);
            assert_eq!(set(line), Ok(expected), "{line}");
        }
        let mut expected = FilterSet::default();
        let rate = RateFilter {
            track: RateTrack::ByRule,
            count: 100,
            seconds: 1,
            new_action: Action::Drop,
            timeout: 10,
            apply_to: addresses("[10.0.0.1,10.0.0.2]"),
        };
        expected.rate_filter(rule(135, 1), rate).unwrap();
        let line = "rate_filter gen_id 135, sig_id 1, track by_rule, count 100, seconds 1, \
                    new_action drop, timeout 10, apply_to [10.0.0.1,10.0.0.2]";
        assert_eq!(set(line), Ok(expected));
    }

    #[test]
    fn what_is_refused_and_why() {
        for (line, reason) in [
            (
                "suppress",
                r#"unknown argument "": there are gen_id, sig_id, track, ip"#,
            ),
            ("suppress gen_id 1", "missing argument: sig_id"),
            (
                "suppress gen_id 1, sig_id 2, sid 3",
                r#"unknown argument "sid": there are gen_id, sig_id, track, ip"#,
            ),
            (
                "suppress gen_id 1, gen_id 1, sig_id 2",
                "gen_id stands twice",
            ),
            (
                "suppress gen_id 0, sig_id 2",
                "gid 0 with sid 2: a rule has a generator; gid 0 with sid 0 means every rule",
            ),
            (
                "suppress gen_id 1, sig_id x",
                r#"sig_id must be a number from 0 to 4294967295, not "x""#,
            ),
            (
                "suppress gen_id 1, sig_id 4294967296",
                r#"sig_id must be a number from 0 to 4294967295, not "4294967296""#,
            ),
            (
                "suppress gen_id 1, sig_id 2, track by_src",
                "missing argument: ip",
            ),
            (
                "suppress gen_id 1, sig_id 2, ip 10.0.0.1",
                "missing argument: track",
            ),
            (
                "suppress gen_id 1, sig_id 2, track by_either, ip 10.0.0.1",
                r#"track must be one of by_src, by_dst, not "by_either""#,
            ),
            (
                "suppress gen_id 1, sig_id 2, track by_src, ip $NOWHERE",
                "unknown variable $NOWHERE",
            ),
            (
                "event_filter gen_id 1, sig_id 2, type limit, track by_src, count 1",
                "missing argument: seconds",
            ),
            (
                "event_filter gen_id 1, sig_id 2, type limit, track by_src, count 1, seconds 0",
                r#"seconds must be a number from 1 to 4294967295, not "0""#,
            ),
            (
                "event_filter gen_id 1, sig_id 2, type never, track by_src, count 1, seconds 1",
                r#"type must be one of limit, threshold, both, not "never""#,
            ),
            (
                "rate_filter gen_id 1, sig_id 2, track by_src, count 0, seconds 1, new_action drop, timeout 1",
                r#"count must be a number from 1 to 4294967295, not "0""#,
            ),
            (
                "rate_filter gen_id 1, sig_id 2, track by_src, count 1, seconds 1, new_action run, timeout 1",
                r#"new_action must be one of alert, drop, sdrop, pass, log, reject, not "run""#,
            ),
        ] {
            assert_eq!(set(line), Err(reason.to_owned()), "{line}");
        }
        assert_eq!(
            threshold_option("type limit,track by_src,count 1,seconds 1,gen_id 1")
                .map_err(|error| error.to_string()),
            Err(r#"unknown argument "gen_id": there are type, track, count, seconds"#.to_owned())
        );
    }
}
