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
        Ok(set)
    }

    /// Whether it is every address.
    pub fn is_any(&self) -> bool {
        self.negative.is_empty()
            && (self.positive.is_empty()
                || self.positive.iter().any(|entry| match entry {
                    Entry::Any => true,
                    Entry::List(list) => list.is_any(),
                    Entry::Net(_) => false,
                }))
    }

    /// Whether `address` is in the set. An IPv4-mapped IPv6 address counts as itself.
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
