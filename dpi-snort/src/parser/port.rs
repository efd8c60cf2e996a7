//! Port lists of rule headers.

use super::{HeaderError, Variables, address::split_list};

/// Lists may be nested this deep.
const MAX_NESTING: usize = 16;

/// A set of ports, kept as sorted ranges that do not touch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PortSet {
    ranges: Vec<(u16, u16)>,
}

impl PortSet {
    /// Every port.
    pub fn any() -> PortSet {
        PortSet {
            ranges: vec![(0, u16::MAX)],
        }
    }

    /// Reads a port field: `any`, a port, `a:b`, `a:`, `:b`, `$VARIABLE`, `!…`, `[…,…]`.
    pub fn parse(text: &str, variables: &Variables) -> Result<PortSet, HeaderError> {
        if text.eq_ignore_ascii_case("any") {
            return Ok(PortSet::any());
        }
        let mut list = List::default();
        list.add(text, variables, 0)?;
        list.finish()
    }

    /// Whether it is every port.
    pub fn is_any(&self) -> bool {
        self.ranges == [(0, u16::MAX)]
    }

    /// Whether `port` is in the set.
    pub fn contains(&self, port: u16) -> bool {
        // What most rules say of one side.
        if self.is_any() {
            return true;
        }
        match self.ranges.binary_search_by_key(&port, |(first, _)| *first) {
            Ok(_) => true,
            Err(at) => at
                .checked_sub(1)
                .and_then(|i| self.ranges.get(i))
                .is_some_and(|(_, last)| port <= *last),
        }
    }

    /// First and last port of each range, rising.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    pub(super) fn from_unsorted(mut ranges: Vec<(u16, u16)>) -> PortSet {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if u32::from(first) <= u32::from(*end).saturating_add(1) => {
                    *end = (*end).max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        PortSet { ranges: merged }
    }

    fn complement(&self) -> PortSet {
        let mut ranges = Vec::new();
        let mut next = 0u32;
        for (first, last) in &self.ranges {
            if let (Ok(from), Some(to)) = (u16::try_from(next), first.checked_sub(1))
                && from <= to
            {
                ranges.push((from, to));
            }
            next = u32::from(*last).saturating_add(1);
        }
        if let Ok(from) = u16::try_from(next) {
            ranges.push((from, u16::MAX));
        }
        PortSet { ranges }
    }

    fn intersection(&self, other: &PortSet) -> PortSet {
        let mut ranges = Vec::new();
        for (a, b) in &self.ranges {
            for (c, d) in &other.ranges {
                let (first, last) = ((*a).max(*c), (*b).min(*d));
                if first <= last {
                    ranges.push((first, last));
                }
            }
        }
        PortSet { ranges }
    }
}

/// Positive and negated entries while a list is read.
#[derive(Default)]
struct List {
    positive: Vec<(u16, u16)>,
    negative: Vec<(u16, u16)>,
}

impl List {
    fn add(&mut self, text: &str, variables: &Variables, depth: usize) -> Result<(), HeaderError> {
        if depth > MAX_NESTING {
            return Err(HeaderError::TooDeep { max: MAX_NESTING });
        }
        let (into, text) = match text.strip_prefix('!') {
            Some(rest) => (&mut self.negative, rest),
            None => (&mut self.positive, text),
        };
        into.extend(entry(text, variables, depth)?.ranges);
        Ok(())
    }

    fn finish(self) -> Result<PortSet, HeaderError> {
        let positive = if self.positive.is_empty() {
            PortSet::any()
        } else {
            PortSet::from_unsorted(self.positive)
        };
        let negative = PortSet::from_unsorted(self.negative);
        let set = positive.intersection(&negative.complement());
        if set.ranges.is_empty() {
            return Err(HeaderError::NothingLeft);
        }
        Ok(set)
    }
}

fn entry(text: &str, variables: &Variables, depth: usize) -> Result<PortSet, HeaderError> {
    if let Some(inside) = text.strip_prefix('[') {
        let inside = inside
            .strip_suffix(']')
            .ok_or_else(|| HeaderError::Brackets { found: text.into() })?;
        let items = split_list(inside)?;
        if items.is_empty() {
            return Err(HeaderError::EmptyList);
        }
        let mut list = List::default();
        for item in items {
            list.add(item, variables, depth.saturating_add(1))?;
        }
        return list.finish();
    }
    if let Some(name) = text.strip_prefix('$') {
        return variables.port(name).cloned();
    }
    let (first, last) = match text.split_once(':') {
        None => {
            let port = number(text)?;
            (port, port)
        }
        Some((first, last)) => (
            if first.is_empty() { 0 } else { number(first)? },
            if last.is_empty() {
                u16::MAX
            } else {
                number(last)?
            },
        ),
    };
    if first > last {
        return Err(HeaderError::PortRange { first, last });
    }
    Ok(PortSet {
        ranges: vec![(first, last)],
    })
}

fn number(text: &str) -> Result<u16, HeaderError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| HeaderError::Port { found: text.into() })
}
