//! Address lists of rule headers.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::{HeaderError, Variables};

/// Lists may be nested this deep.
const MAX_NESTING: usize = 16;

/// A set of addresses: what a rule header's address field means.
///
/// A list holds an address when one of its positive entries does (or it has none) and none
/// of its negated entries does. Entries may be lists again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSet {
    positive: Vec<Entry>,
    negative: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Any,
    Net(IpNet),
    List(Box<AddressSet>),
}

impl AddressSet {
    /// Every address.
    pub const fn any() -> AddressSet {
        AddressSet {
            positive: Vec::new(),
            negative: Vec::new(),
        }
    }

    /// Reads an address field: `any`, an address, a network, `$VARIABLE`, `!…`, `[…,…]`.
    pub fn parse(text: &str, variables: &Variables) -> Result<AddressSet, HeaderError> {
        let mut set = AddressSet::any();
        set.add(text.trim(), variables, 0)?;
        set.check_cover()?;
        Ok(set.folded())
    }

    /// Whether it is every address.
    pub fn is_any(&self) -> bool {
        self.negative.is_empty()
            && (self.positive.is_empty() || self.positive.iter().any(Entry::is_any))
    }

    /// Whether `address` is in the set. An IPv4-mapped IPv6 address counts as itself.
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.positive.is_empty() || self.positive.iter().any(|e| e.contains(address)))
            && !self.negative.iter().any(|e| e.contains(address))
    }

    fn add(&mut self, text: &str, variables: &Variables, depth: usize) -> Result<(), HeaderError> {
        if depth > MAX_NESTING {
            return Err(HeaderError::TooDeep { max: MAX_NESTING });
        }
        let (negated, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let entry = entry(text, variables, depth)?;
        if negated && entry.is_any() {
            return Err(HeaderError::NothingLeft);
        }
        if negated {
            self.negative.push(entry);
        } else {
            self.positive.push(entry);
        }
        Ok(())
    }

    /// Refuses a negated network that covers a positive one, as Snort does.
    fn check_cover(&self) -> Result<(), HeaderError> {
        for negative in self.negative.iter().filter_map(Entry::net) {
            for positive in self.positive.iter().filter_map(Entry::net) {
                if negative.contains(positive) {
                    return Err(HeaderError::NegationCovers {
                        negated: negative.to_string().into(),
                        network: positive.to_string().into(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The same set with as few steps to an answer as can be: packets ask far more often than
    /// rules are read. Beside `any` no other positive entry has a say, a list without negations
    /// is its entries, and one that stands alone is the set.
    fn folded(self) -> AddressSet {
        let mut negative = flattened(self.negative);
        if self.positive.iter().any(Entry::is_any) {
            return AddressSet {
                positive: Vec::new(),
                negative,
            };
        }
        let mut positive = flattened(self.positive);
        if let [Entry::List(only)] = positive.as_mut_slice() {
            negative.append(&mut only.negative);
            positive = std::mem::take(&mut only.positive);
        }
        AddressSet { positive, negative }
    }
}

impl Entry {
    fn contains(&self, address: IpAddr) -> bool {
        match self {
            Entry::Any => true,
            Entry::Net(net) => net.contains(&address),
            Entry::List(list) => list.contains(address),
        }
    }

    fn is_any(&self) -> bool {
        match self {
            Entry::Any => true,
            Entry::Net(_) => false,
            Entry::List(list) => list.is_any(),
        }
    }

    fn net(&self) -> Option<&IpNet> {
        match self {
            Entry::Net(net) => Some(net),
            Entry::Any | Entry::List(_) => None,
        }
    }
}

/// Entries folded, with those of lists that negate nothing in the place of the lists.
fn flattened(entries: Vec<Entry>) -> Vec<Entry> {
    let mut flat = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Entry::List(list) => {
                let list = list.folded();
                if list.negative.is_empty() {
                    flat.extend(list.positive);
                } else {
                    flat.push(Entry::List(Box::new(list)));
                }
            }
            other => flat.push(other),
        }
    }
    flat
}

fn entry(text: &str, variables: &Variables, depth: usize) -> Result<Entry, HeaderError> {
    if let Some(inside) = text.strip_prefix('[') {
        // Snort is content with a list whose entries are separated by blanks.
        let inside = inside
            .strip_suffix(']')
            .ok_or_else(|| HeaderError::Brackets { found: text.into() })?;
        let mut list = AddressSet::any();
        for item in split_list(inside)? {
            list.add(item, variables, depth.saturating_add(1))?;
        }
        if list.positive.is_empty() && list.negative.is_empty() {
            return Err(HeaderError::EmptyList);
        }
        list.check_cover()?;
        return Ok(Entry::List(Box::new(list)));
    }
    if let Some(name) = text.strip_prefix('$') {
        return Ok(Entry::List(Box::new(variables.address(name)?.clone())));
    }
    let word = text.split_once('/').map_or(text, |(address, _)| address);
    if word.eq_ignore_ascii_case("any") {
        return Ok(Entry::Any);
    }
    // Snort lets a stray closing bracket behind an address pass.
    network(text.trim_end_matches(']'))
        .map(Entry::Net)
        .ok_or_else(|| HeaderError::Address { found: text.into() })
}

/// An address with an optional prefix length or IPv4 mask.
fn network(text: &str) -> Option<IpNet> {
    let Some((address, prefix)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let address: IpAddr = address.parse().ok()?;
    if let Ok(prefix) = prefix.parse::<u8>() {
        return IpNet::new(address, prefix).ok().map(|net| net.trunc());
    }
    let mask: Ipv4Addr = prefix.parse().ok()?;
    IpNet::with_netmask(address, IpAddr::V4(mask))
        .ok()
        .map(|net| net.trunc())
}

/// The items of a list, split at commas and blanks outside inner brackets.
pub(super) fn split_list(inside: &str) -> Result<Vec<&str>, HeaderError> {
    let unbalanced = || HeaderError::Brackets {
        found: inside.into(),
    };
    let mut items = Vec::new();
    let mut depth = 0usize;
    let mut start = 0usize;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'[' => depth = depth.saturating_add(1),
            b']' => depth = depth.checked_sub(1).ok_or_else(unbalanced)?,
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                items.extend(inside.get(start..at));
                start = at.saturating_add(1);
            }
            _ => {}
        }
    }
    if depth != 0 {
        return Err(unbalanced());
    }
    items.extend(inside.get(start..));
    items.retain(|item| !item.is_empty());
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::stock();
        for (name, text) in [
            ("INSIDE", "[10.0.0.0/8,192.168.0.0/16]"),
            ("ODD", "[10.0.0.0/8,!10.1.0.0/16]"),
        ] {
            variables.set_address(name, text).unwrap();
        }
        variables
    }

    fn parse(text: &str) -> AddressSet {
        AddressSet::parse(text, &variables()).unwrap()
    }

    #[test]
    fn what_holds_any_is_any() {
        for text in [
            "any",
            "ANY",
            "[any]",
            "[[any]]",
            "[10.0.0.1,any]",
            "[any,$INSIDE]",
            "$HOME_NET",
            "[$HOME_NET,$EXTERNAL_NET]",
            "[[10.0.0.1,[any]],fe80::/10]",
        ] {
            assert_eq!(parse(text), AddressSet::any(), "{text}");
        }
    }

    #[test]
    fn lists_are_as_flat_as_they_can_be() {
        for (text, same) in [
            ("[any,!10.0.0.1]", "!10.0.0.1"),
            ("[$HOME_NET,![10.0.0.1]]", "!10.0.0.1"),
            ("[[10.0.0.1],10.0.0.2]", "[10.0.0.1,10.0.0.2]"),
            ("[10.0.0.1]", "10.0.0.1"),
            ("$INSIDE", "[10.0.0.0/8,192.168.0.0/16]"),
            ("!$INSIDE", "[!10.0.0.0/8,!192.168.0.0/16]"),
            ("[[[$ODD]]]", "[10.0.0.0/8,!10.1.0.0/16]"),
        ] {
            assert_eq!(parse(text), parse(same), "{text}");
        }
        for text in ["[10.0.0.1,![10.0.0.0/30,!10.0.0.1]]", "![any,!10.0.0.1]"] {
            let mut set = AddressSet::any();
            set.add(text, &variables(), 0).unwrap();
            let folded = set.clone().folded();
            for last in 0..8 {
                let address = IpAddr::from([10, 0, 0, last]);
                assert_eq!(
                    set.contains(address),
                    folded.contains(address),
                    "{text} {last}"
                );
            }
        }
    }

    #[test]
    fn a_set_holds_what_its_entries_say() {
        for (text, inside, outside) in [
            ("!10.0.0.1", &["10.0.0.2", "::1"][..], &["10.0.0.1"][..]),
            (
                "[any,!$INSIDE]",
                &["8.8.8.8", "::1"],
                &["10.9.0.1", "192.168.3.4"],
            ),
            ("$ODD", &["10.2.0.1"], &["10.1.0.1", "11.0.0.1"]),
            ("!$ODD", &["10.1.0.1", "11.0.0.1"], &["10.2.0.1"]),
            ("[$ODD,10.1.2.3]", &["10.1.2.3", "10.2.0.1"], &["10.1.2.4"]),
            (
                "[$INSIDE,!$ODD]",
                &["10.1.0.1", "192.168.0.1"],
                &["10.2.0.1", "1.1.1.1"],
            ),
        ] {
            let set = parse(text);
            for (addresses, expected) in [(inside, true), (outside, false)] {
                for address in addresses {
                    let is_in = set.contains(address.parse().unwrap());
                    assert_eq!(is_in, expected, "{text} {address}");
                }
            }
        }
    }

    #[test]
    fn folding_hides_no_error() {
        for text in [
            "!any",
            "![any]",
            "[any,!$HOME_NET]",
            "[10.0.0.1,!10.0.0.0/8]",
            "[any,10.0.0.1,!10.0.0.0/8]",
            "[]",
            "[any,nowhere]",
        ] {
            assert!(AddressSet::parse(text, &variables()).is_err(), "{text}");
        }
    }
}
