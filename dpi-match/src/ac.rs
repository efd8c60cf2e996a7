//! [`Mpm`] by the `aho-corasick` crate.

use aho_corasick::{
    Anchored, BuildError,
    automaton::{Automaton, StateID},
    dfa::DFA,
    nfa::contiguous::NFA,
};

use crate::{Engine, Mpm, MpmScratch, Pattern, PatternId, Plan};

/// Above this many pattern bytes a DFA leaves the second-level cache (measured: 177
/// patterns 2.9 MB, 3,159 patterns 36 MB) and loses its lead over the contiguous NFA.
const DFA_MAX_PATTERN_BYTES: usize = 2048;

/// An Aho-Corasick automaton over case-folded patterns.
///
/// All patterns share one automaton that ignores ASCII case; a case-sensitive pattern is
/// compared again where it is found. That costs less than a second pass over the bytes.
#[derive(Debug)]
pub struct AhoCorasickMpm {
    patterns: Vec<Pattern>,
    automaton: Automata,
}

#[derive(Debug)]
enum Automata {
    Dfa(DFA),
    Nfa(NFA),
}

impl AhoCorasickMpm {
    /// Builds the automaton: a DFA for small sets, a contiguous NFA for large ones.
    pub fn new(patterns: Vec<Pattern>) -> Result<AhoCorasickMpm, BuildError> {
        let bytes: usize = patterns.iter().map(|p| p.bytes.len()).sum();
        if bytes <= DFA_MAX_PATTERN_BYTES {
            AhoCorasickMpm::dfa(patterns)
        } else {
            AhoCorasickMpm::nfa(patterns)
        }
    }

    /// Builds a DFA, whatever its size: half a kilobyte and more for each byte of pattern.
    pub fn dfa(patterns: Vec<Pattern>) -> Result<AhoCorasickMpm, BuildError> {
        let automaton = DFA::builder()
            .ascii_case_insensitive(true)
            .start_kind(aho_corasick::StartKind::Unanchored)
            .build(patterns.iter().map(|p| &p.bytes))?;
        Ok(AhoCorasickMpm {
            patterns,
            automaton: Automata::Dfa(automaton),
        })
    }

    /// Builds a contiguous NFA.
    pub fn nfa(patterns: Vec<Pattern>) -> Result<AhoCorasickMpm, BuildError> {
        let automaton = NFA::builder()
            .ascii_case_insensitive(true)
            .build(patterns.iter().map(|p| &p.bytes))?;
        Ok(AhoCorasickMpm {
            patterns,
            automaton: Automata::Nfa(automaton),
        })
    }
}

impl Mpm for AhoCorasickMpm {
    fn scan(
        &self,
        haystack: &[u8],
        from: usize,
        _scratch: &mut MpmScratch,
        on_match: &mut dyn FnMut(PatternId, usize) -> bool,
    ) {
        match &self.automaton {
            Automata::Dfa(dfa) => walk(dfa, &self.patterns, haystack, from, on_match),
            Automata::Nfa(nfa) => walk(nfa, &self.patterns, haystack, from, on_match),
        }
    }

    fn length_of(&self, id: PatternId) -> usize {
        self.patterns
            .get(id.0 as usize)
            .map_or(0, |pattern| pattern.bytes.len())
    }

    fn reach(&self) -> usize {
        match &self.automaton {
            Automata::Dfa(dfa) => dfa.max_pattern_len(),
            Automata::Nfa(nfa) => nfa.max_pattern_len(),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            engine: Engine::AhoCorasick,
            layers: Vec::new(),
        }
    }

    fn memory(&self) -> usize {
        let patterns: usize = self
            .patterns
            .iter()
            .map(|p| p.bytes.len().saturating_add(size_of::<Pattern>()))
            .sum();
        let automaton = match &self.automaton {
            Automata::Dfa(dfa) => dfa.memory_usage(),
            Automata::Nfa(nfa) => nfa.memory_usage(),
        };
        patterns.saturating_add(automaton)
    }
}

/// Runs the automaton over the bytes, reporting the matches that end behind `from`.
fn walk<A: Automaton>(
    automaton: &A,
    patterns: &[Pattern],
    haystack: &[u8],
    from: usize,
    on_match: &mut dyn FnMut(PatternId, usize) -> bool,
) {
    // The only error is an unsupported start kind; both automata are built unanchored.
    let Ok(mut state) = automaton.start_state(Anchored::No) else {
        return;
    };
    // An occurrence that ends behind `from` begins at most a pattern's length before it.
    let begin = from.saturating_sub(automaton.max_pattern_len());
    let Some(window) = haystack.get(begin..) else {
        return;
    };
    for (end, &byte) in (begin.saturating_add(1)..).zip(window) {
        state = automaton.next_state(Anchored::No, state, byte);
        if automaton.is_special(state)
            && automaton.is_match(state)
            && end > from
            && !report(automaton, state, patterns, haystack, end, on_match)
        {
            return;
        }
    }
}

/// Reports the patterns of a match state; false when the caller has had enough.
fn report<A: Automaton>(
    automaton: &A,
    state: StateID,
    patterns: &[Pattern],
    haystack: &[u8],
    end: usize,
    on_match: &mut dyn FnMut(PatternId, usize) -> bool,
) -> bool {
    for index in 0..automaton.match_len(state) {
        let id = automaton.match_pattern(state, index);
        let Some(pattern) = patterns.get(id.as_usize()) else {
            continue;
        };
        let exact = pattern.nocase
            || end
                .checked_sub(pattern.bytes.len())
                .and_then(|start| haystack.get(start..end))
                .is_some_and(|window| pattern.matches(window));
        if exact && !on_match(PatternId(id.as_u32()), end) {
            return false;
        }
    }
    true
}
