//! [`Mpm`] by the `memchr` crate: one literal, or up to three single bytes.

use memchr::memmem;

use crate::{Engine, Mpm, MpmScratch, Pattern, PatternId, Plan};

/// Bytes of the longest literal that is searched alone. It bounds what a flood of overlapping
/// occurrences costs: the search begins anew behind each of them.
const MAX_NEEDLE: usize = 64;

/// A set that one substring or byte search serves.
#[derive(Debug)]
pub(crate) enum Few {
    /// One literal, searched with case.
    One(Box<memmem::Finder<'static>>),
    /// One to three different bytes, without letters that match in either case.
    Bytes(Vec<u8>),
}

impl Few {
    /// `None` for a set that is not of the kind.
    pub(crate) fn new(patterns: &[Pattern]) -> Option<Few> {
        let exact = |p: &Pattern| !p.nocase || !p.bytes.iter().any(u8::is_ascii_alphabetic);
        if !patterns.iter().all(exact) {
            return None;
        }
        if let [one] = patterns
            && one.bytes.len() <= MAX_NEEDLE
        {
            let finder = memmem::Finder::new(&one.bytes).into_owned();
            return Some(Few::One(Box::new(finder)));
        }
        let bytes: Option<Vec<u8>> = match patterns.len() {
            2..=3 => patterns.iter().map(single).collect(),
            _ => None,
        };
        let mut bytes = bytes?;
        let count = bytes.len();
        bytes.sort_unstable();
        bytes.dedup();
        // Equal bytes have two numbers: the general engine knows how to report them.
        if bytes.len() < count {
            return None;
        }
        Some(Few::Bytes(patterns.iter().filter_map(single).collect()))
    }
}

fn single(pattern: &Pattern) -> Option<u8> {
    match *pattern.bytes {
        [byte] => Some(byte),
        _ => None,
    }
}

impl Mpm for Few {
    fn scan(
        &self,
        haystack: &[u8],
        from: usize,
        _scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    ) {
        match self {
            Few::One(finder) => one(finder, haystack, from, on_match),
            Few::Bytes(bytes) => {
                let Some(rest) = haystack.get(from..) else {
                    return;
                };
                let mut report = |offset: usize| {
                    let byte = rest.get(offset);
                    let id = (0u32..).zip(bytes).find(|(_, known)| byte == Some(known));
                    id.is_none_or(|(id, _)| {
                        on_match(PatternId(id), from.saturating_add(offset).saturating_add(1))
                    })
                };
                match bytes.as_slice() {
                    [a, b] => memchr::memchr2_iter(*a, *b, rest).all(&mut report),
                    [a, b, c] => memchr::memchr3_iter(*a, *b, *c, rest).all(&mut report),
                    _ => true,
                };
            }
        }
    }

    fn length_of(&self, id: PatternId) -> usize {
        match self {
            Few::One(finder) if id.0 == 0 => finder.needle().len(),
            Few::Bytes(bytes) if (id.0 as usize) < bytes.len() => 1,
            _ => 0,
        }
    }

    fn reach(&self) -> usize {
        self.length_of(PatternId(0))
    }

    fn memory(&self) -> usize {
        size_of::<Few>()
            + match self {
                Few::One(finder) => size_of_val(&**finder) + finder.needle().len(),
                Few::Bytes(bytes) => bytes.len(),
            }
    }

    fn plan(&self) -> Plan {
        Plan {
            engine: Engine::Few,
            layers: Vec::new(),
        }
    }
}

/// Every occurrence, overlapping ones too.
///
/// A needle that overlaps itself costs a new search at each of its occurrences.
fn one(
    finder: &memmem::Finder<'_>,
    haystack: &[u8],
    from: usize,
    on_match: &mut dyn FnMut(PatternId, usize) -> bool,
) {
    let length = finder.needle().len();
    let mut begin = from.saturating_add(1).saturating_sub(length);
    while let Some(rest) = haystack.get(begin..) {
        let Some(found) = finder.find(rest) else {
            return;
        };
        let start = begin.saturating_add(found);
        if !on_match(PatternId(0), start.saturating_add(length)) {
            return;
        }
        begin = start.saturating_add(1);
    }
}
