//! Literals that lead to rules, searched in one pass over a buffer.

use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

use dpi_match::{MAX_PATTERN_LEN, Mpm, MpmScratch, PatternError, PatternId, Patterns};

use super::compile::RuleIndex;
use crate::{buffers::BufferId, ips_options::Content};

/// Finds the rules whose literals occur.
pub(super) struct Matcher {
    search: Arc<Search>,
    /// Where the rules of each pattern begin in `leads`; one more for the end of the last.
    starts: Box<[u32]>,
    leads: Box<[Lead]>,
    /// Bytes of the shortest literal.
    shortest: usize,
}

/// A rule that a literal leads to, and the buffer in which it has to occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lead {
    pub(super) rule: RuleIndex,
    pub(super) buffer: BufferId,
}

/// Number of a literal among those of all rules, in the order of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LiteralId(u32);

/// Bytes that are searched, in lower case where their case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Literal {
    bytes: Box<[u8]>,
    nocase: bool,
}

/// A rule whose literal occurs: the place of the buffer among those of its unit, the offset
/// behind the occurrence, its length (longer ones first), the rule. Hits are sorted in this
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    place: u8,
    end: usize,
    length: Reverse<usize>,
    pub(super) rule: RuleIndex,
}

/// The literals of all rules.
#[derive(Debug, Default)]
pub(super) struct Literals {
    known: HashMap<Literal, LiteralId>,
}

/// Places of buffers among those of a unit, by their number.
pub(super) type Places = [u8; BufferId::COUNT];

/// Searches for sets of literals; those for the same set are one.
#[derive(Debug, Default)]
pub(super) struct Searches {
    literals: Arc<[Literal]>,
    made: HashMap<Box<[LiteralId]>, Arc<Search>>,
}

/// A search for a set of literals, planned when the first packet asks for it: a process sees
/// few of the services and ports that there are rules for.
struct Search {
    all: Arc<[Literal]>,
    ids: Box<[LiteralId]>,
    mpm: OnceLock<Option<Box<dyn Mpm>>>,
}

impl Literals {
    /// The number of a content's searched bytes. Of very long ones the beginning will do.
    pub(super) fn intern(&mut self, content: &Content) -> LiteralId {
        let (bytes, nocase) = content.fast_bytes();
        let bytes = bytes.get(..MAX_PATTERN_LEN).unwrap_or(bytes);
        let bytes = if nocase {
            bytes.to_ascii_lowercase().into()
        } else {
            bytes.into()
        };
        let next = LiteralId(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        *self.known.entry(Literal { bytes, nocase }).or_insert(next)
    }

    /// No more are to come. An error if they are more than one search could hold.
    pub(super) fn finish(self) -> Result<Searches, PatternError> {
        let mut literals: Vec<(Literal, LiteralId)> = self.known.into_iter().collect();
        literals.sort_unstable_by_key(|(_, id)| *id);
        let literals: Arc<[Literal]> = literals.into_iter().map(|(literal, _)| literal).collect();
        patterns(literals.iter())?;
        Ok(Searches {
            literals,
            made: HashMap::new(),
        })
    }
}

fn patterns<'l>(literals: impl Iterator<Item = &'l Literal>) -> Result<Patterns, PatternError> {
    let mut patterns = Patterns::new();
    for literal in literals {
        patterns.add(&literal.bytes, literal.nocase)?;
    }
    Ok(patterns)
}

impl Searches {
    /// A matcher for literals and the rules that each leads to.
    pub(super) fn matcher(&mut self, mut pairs: Vec<(LiteralId, Lead)>) -> Matcher {
        pairs.sort_unstable();
        pairs.dedup();
        let mut ids = Vec::new();
        let mut starts = Vec::new();
        for (at, (id, _)) in (0..).zip(&pairs) {
            if ids.last() != Some(id) {
                ids.push(*id);
                starts.push(at);
            }
        }
        starts.push(u32::try_from(pairs.len()).unwrap_or(u32::MAX));
        let literals = ids.iter().filter_map(|id| self.literals.get(id.0 as usize));
        let shortest = literals.map(|literal| literal.bytes.len()).min();
        Matcher {
            search: self.search(ids.into()),
            starts: starts.into(),
            leads: pairs.into_iter().map(|(_, lead)| lead).collect(),
            shortest: shortest.unwrap_or(0),
        }
    }

    fn search(&mut self, ids: Box<[LiteralId]>) -> Arc<Search> {
        if let Some(search) = self.made.get(&ids) {
            return Arc::clone(search);
        }
        let search = Arc::new(Search {
            all: Arc::clone(&self.literals),
            ids: ids.clone(),
            mpm: OnceLock::new(),
        });
        self.made.insert(ids, Arc::clone(&search));
        search
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.made.len()
    }
}

impl Search {
    fn mpm(&self) -> Option<&dyn Mpm> {
        let build = || {
            let literals = self.ids.iter();
            let literals = literals.filter_map(|id| self.all.get(id.0 as usize));
            // All literals fit into one search, so that a part of them does.
            patterns(literals).and_then(Patterns::build).ok()
        };
        self.mpm.get_or_init(build).as_deref()
    }
}

impl Matcher {
    /// Adds a hit for every rule whose literal occurs in `data` and ends behind `from`; each of
    /// the matcher's buffers holds these bytes. Says how many bytes were searched.
    pub(super) fn scan(
        &self,
        (data, from): (&[u8], usize),
        places: &Places,
        scratch: &mut MpmScratch,
        hits: &mut Vec<Hit>,
    ) -> usize {
        if data.len() < self.shortest {
            return 0;
        }
        let Some(mpm) = self.search.mpm() else {
            return 0;
        };
        mpm.scan_first(data, from, scratch, &mut |pattern, end| {
            let length = Reverse(mpm.length_of(pattern));
            hits.extend(self.leads_of(pattern).iter().map(|lead| Hit {
                place: places.get(lead.buffer as usize).copied().unwrap_or(0),
                end,
                length,
                rule: lead.rule,
            }));
            true
        });
        // An occurrence may begin in front.
        let begin = from.saturating_sub(mpm.reach());
        data.len().saturating_sub(begin)
    }

    /// The literals, and what each leads to.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (LiteralId, Lead)> {
        let ids = (0_u32..).zip(&self.search.ids);
        ids.flat_map(|(at, id)| {
            let leads = self.leads_of(PatternId(at)).iter();
            leads.map(|lead| (*id, *lead))
        })
    }

    fn leads_of(&self, PatternId(pattern): PatternId) -> &[Lead] {
        let start = |at: usize| self.starts.get(at).map(|start| *start as usize);
        let at = pattern as usize;
        let range = start(at).zip(start(at.saturating_add(1)));
        range
            .and_then(|(from, to)| self.leads.get(from..to))
            .unwrap_or_default()
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.starts.len().saturating_sub(1);
        write!(
            f,
            "Matcher({patterns} patterns, {} rules)",
            self.leads.len()
        )
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({} literals)", self.ids.len())
    }
}
