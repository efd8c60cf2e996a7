//! `suppress`, `event_filter` and `rate_filter`: lists of tables, an entry a filter.

use dpi_snort::{
    filters::{
        EventFilter, EventFilterKind, FilterSet, RateFilter, RateTrack, RuleScope, Suppress, Track,
    },
    output::Action,
    parser::{AddressSet, Variables},
};

use super::{
    FILTERS, Settings,
    place::Step,
    problem::{EntryError, RefusedEntry},
    sandbox::Outcome,
    value::{Table, Value},
};

/// Snort's own, where a table has none.
const GID: u32 = 1;

/// Adds the filters of the file; one that is refused costs itself alone.
pub(super) fn read(outcome: &Outcome, variables: &Variables, settings: &mut Settings) {
    for name in FILTERS {
        let Some(value) = outcome.globals.get(name) else {
            continue;
        };
        let entries = match list(value) {
            Ok(entries) => entries,
            Err(error) => {
                let entry = name.to_owned();
                let refused = outcome.place(name, &[]).with(RefusedEntry { entry, error });
                settings.errors.push(refused);
                continue;
            }
        };
        for (index, entry) in entries.iter().enumerate() {
            if let Err(error) = add(name, entry, variables, &mut settings.filters) {
                let entry = format!("{name}[{}]", index + 1);
                let at = outcome.place(name, &[Step::Index(index)]);
                settings.errors.push(at.with(RefusedEntry { entry, error }));
            }
        }
    }
}

fn list(value: &Value) -> Result<&[Value], EntryError> {
    match value {
        Value::Table(table) if table.fields.is_empty() => Ok(&table.list),
        Value::Table(_) => Err(EntryError::NoList {
            found: "a table with names",
        }),
        other => Err(EntryError::NoList {
            found: other.kind(),
        }),
    }
}

fn add(
    name: &str,
    entry: &Value,
    variables: &Variables,
    filters: &mut FilterSet,
) -> Result<(), EntryError> {
    let Value::Table(table) = entry else {
        return Err(EntryError::NoTable {
            found: entry.kind(),
        });
    };
    let entry = Entry { table, variables };
    match name {
        "suppress" => entry.suppress(filters),
        "event_filter" => entry.event_filter(filters),
        _ => entry.rate_filter(filters),
    }
}

struct Entry<'e> {
    table: &'e Table,
    variables: &'e Variables,
}

impl<'e> Entry<'e> {
    fn suppress(&self, filters: &mut FilterSet) -> Result<(), EntryError> {
        self.only(&["gid", "sid", "track", "ip"], "gid, sid, track, ip")?;
        let what = match (self.get("track"), self.get("ip")) {
            (None, None) => Suppress::all(),
            (None, Some(_)) => return Err(EntryError::Missing { field: "track" }),
            (Some(_), None) => return Err(EntryError::Missing { field: "ip" }),
            (Some(_), Some(_)) => Suppress::of(self.track()?, self.addresses("ip")?),
        };
        filters.suppress(self.scope()?, what);
        Ok(())
    }

    fn event_filter(&self, filters: &mut FilterSet) -> Result<(), EntryError> {
        self.only(
            &["gid", "sid", "type", "track", "count", "seconds", "ip"],
            "gid, sid, type, track, count, seconds, ip",
        )?;
        let kind = self.word(
            "type",
            "limit, threshold, both",
            &[
                ("limit", EventFilterKind::Limit),
                ("threshold", EventFilterKind::Threshold),
                ("both", EventFilterKind::Both),
            ],
        )?;
        let filter = EventFilter {
            kind,
            track: self.track()?,
            // -1 takes the filter out of service, as 0 does here.
            count: match self.get("count") {
                Some(Value::Integer(-1)) => 0,
                _ => self.number("count", 0)?,
            },
            seconds: self.number("seconds", 1)?,
            addresses: self.addresses("ip")?,
        };
        filters.event_filter(self.scope()?, filter)?;
        Ok(())
    }

    fn rate_filter(&self, filters: &mut FilterSet) -> Result<(), EntryError> {
        self.only(
            &[
                "gid",
                "sid",
                "track",
                "count",
                "seconds",
                "new_action",
                "timeout",
                "apply_to",
            ],
            "gid, sid, track, count, seconds, new_action, timeout, apply_to",
        )?;
        let filter = RateFilter {
            track: self.word(
                "track",
                "by_src, by_dst, by_rule",
                &[
                    ("by_src", RateTrack::BySrc),
                    ("by_dst", RateTrack::ByDst),
                    ("by_rule", RateTrack::ByRule),
                ],
            )?,
            count: self.number("count", 1)?,
            seconds: self.number("seconds", 0)?,
            new_action: self.word(
                "new_action",
                "alert, block, drop, log, pass, react, reject, rewrite",
                &[
                    ("alert", Action::Alert),
                    ("block", Action::Block),
                    ("drop", Action::Drop),
                    ("log", Action::Log),
                    ("pass", Action::Pass),
                    ("react", Action::React),
                    ("reject", Action::Reject),
                    ("rewrite", Action::Rewrite),
                ],
            )?,
            timeout: self.number("timeout", 0)?,
            apply_to: self.addresses("apply_to")?,
        };
        filters.rate_filter(self.scope()?, filter)?;
        Ok(())
    }

    fn get(&self, field: &str) -> Option<&'e Value> {
        self.table.fields.get(field)
    }

    fn required(&self, field: &'static str) -> Result<&'e Value, EntryError> {
        self.get(field).ok_or(EntryError::Missing { field })
    }

    /// Refuses other fields than these: one that is misspelt would change what is meant.
    fn only(&self, fields: &[&str], known: &'static str) -> Result<(), EntryError> {
        let mut keys = self.table.keys();
        match keys.find(|key| !fields.contains(&key.as_str())) {
            None => Ok(()),
            Some(found) => Err(EntryError::Unknown { found, known }),
        }
    }

    fn scope(&self) -> Result<RuleScope, EntryError> {
        let gid = match self.get("gid") {
            None => GID,
            Some(_) => self.number("gid", 0)?,
        };
        Ok(RuleScope::new(gid, self.number("sid", 0)?)?)
    }

    fn number(&self, field: &'static str, min: u32) -> Result<u32, EntryError> {
        let value = self.required(field)?;
        let number = match value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        number
            .filter(|number| *number >= min)
            .ok_or_else(|| EntryError::Number {
                field,
                min,
                found: value.shown(),
            })
    }

    fn word<T: Copy>(
        &self,
        field: &'static str,
        words: &'static str,
        meanings: &[(&str, T)],
    ) -> Result<T, EntryError> {
        let value = self.required(field)?;
        let known = meanings
            .iter()
            .find(|(word, _)| matches!(value, Value::Text(text) if text == word));
        known
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| EntryError::Word {
                field,
                words,
                found: value.shown(),
            })
    }

    fn track(&self) -> Result<Track, EntryError> {
        self.word(
            "track",
            "by_src, by_dst",
            &[("by_src", Track::BySrc), ("by_dst", Track::ByDst)],
        )
    }

    /// All of them where nothing is said.
    fn addresses(&self, field: &'static str) -> Result<AddressSet, EntryError> {
        match self.get(field) {
            None => Ok(AddressSet::any()),
            Some(Value::Text(text)) => {
                let text = super::variables::list(text);
                AddressSet::parse(&text, self.variables)
                    .map_err(|error| EntryError::Addresses { field, error })
            }
            Some(other) => Err(EntryError::Word {
                field,
                words: "strings",
                found: other.shown(),
            }),
        }
    }
}
