//! Entries for fuzzers: plain functions that take any bytes and panic only if a promise is
//! broken. Fuzz targets call them, and so do tests with every input kept so far.

use std::collections::BTreeMap;

use crate::{
    AhoCorasickMpm, Engine, Mpm, MpmScratch, Pattern, Patterns,
    few::Few,
    pcre::{Limits, MatchError, MatchScratch, Options, Regex},
    sieve::{FORMS, Sieve},
};

/// Patterns of one input, so that building does not take all the time.
const MAX_PATTERNS: usize = 64;

/// Patterns, then a haystack: every engine must find what a naive search finds.
///
/// # Panics
/// If one does not.
pub fn engines(data: &[u8]) {
    let (patterns, from, haystack) = split(data);
    let expected = naive(&patterns, haystack, from);
    let mut scratch = MpmScratch::default();
    for mpm in soon_built(&patterns, from) {
        let found = found_with(mpm.as_ref(), haystack, from, &mut scratch);
        assert_eq!(found, expected, "{} for {patterns:?}", mpm.plan());
        first_of_each(mpm.as_ref(), haystack, from, &expected, &mut scratch);
    }
}

/// Patterns, then a stream: scanned in chunks with what is needed of the bytes before them,
/// each occurrence must be found once.
///
/// # Panics
/// If one is not.
pub fn chunks(data: &[u8]) {
    let (patterns, seed, stream) = split(data);
    let expected = naive(&patterns, stream, 0);
    let mut scratch = MpmScratch::default();
    for mpm in soon_built(&patterns, seed) {
        let context = mpm.reach().saturating_sub(1);
        let mut found = Vec::new();
        let (mut done, mut step) = (0, seed);
        while done < stream.len() {
            // Sizes from 1 to 64 that the first number decides.
            step = step.wrapping_mul(75).wrapping_add(74) % 65_537;
            let end = (done + 1 + step % 64).min(stream.len());
            let begin = done.saturating_sub(context);
            let chunk = stream.get(begin..end).unwrap_or_default();
            mpm.scan(chunk, done - begin, &mut scratch, &mut |id, at| {
                found.push((begin + at, id.0));
                true
            });
            done = end;
        }
        found.sort_unstable();
        assert_eq!(found, expected, "{} for {patterns:?}", mpm.plan());
    }
}

/// Flags, an expression, and behind a newline what it is matched with: machine code and
/// interpreter must agree unless a limit was reached, and with both of them linear time.
///
/// # Panics
/// If they do not.
pub fn pcre(data: &[u8]) {
    let Some((flags, rest)) = data.split_first() else {
        return;
    };
    let (expression, subject) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(at) => {
            let (expression, subject) = rest.split_at(at);
            (expression, subject.get(1..).unwrap_or_default())
        }
        None => (rest, &[][..]),
    };
    let flag = |bit: u8| flags >> bit & 1 != 0;
    let options = Options {
        caseless: flag(0),
        dotall: flag(1),
        multiline: flag(2),
        extended: flag(3),
        anchored: flag(4),
        dollar_endonly: flag(5),
        ungreedy: flag(6),
    };
    let Ok(fast) = Regex::new(expression, options) else {
        return;
    };
    let plain = fast.clone().without_jit();
    let mut scratch = MatchScratch::new(Limits {
        matches: 3000,
        depth: 3000,
        heap_kib: 1024,
    });
    let start = usize::from(*flags) % (subject.len() + 1);
    let results = [&fast, &plain].map(|regex| regex.find_at(subject, start, &mut scratch));
    if let (Ok(linear), Ok(plain)) = (plain.in_linear_time(), results[1]) {
        let found = linear.find_at(subject, start, &mut scratch);
        assert_eq!(found, Ok(plain), "in linear time");
    }
    if let [Ok(fast), Ok(plain)] = results {
        assert_eq!(fast, plain);
    } else {
        for result in results {
            assert!(!matches!(result, Err(MatchError::BadOffset { .. })));
        }
    }
}

/// What a search without any cleverness finds: end and id, sorted.
pub fn naive(patterns: &[Pattern], haystack: &[u8], from: usize) -> Vec<(usize, u32)> {
    let mut all = Vec::new();
    for (id, pattern) in (0u32..).zip(patterns) {
        let length = pattern.bytes.len();
        for (start, window) in haystack.windows(length).enumerate() {
            if start + length > from && pattern.matches(window) {
                all.push((start + length, id));
            }
        }
    }
    all.sort_unstable();
    all
}

/// A matcher for each engine of this machine that can serve the set.
pub fn matchers(patterns: &[Pattern]) -> Vec<Box<dyn Mpm>> {
    let mut set = Patterns::new();
    for pattern in patterns {
        // Only empty and huge ones are refused, and there are none.
        let _ = set.add(&pattern.bytes, pattern.nocase);
    }
    Engine::ALL
        .into_iter()
        .filter_map(|engine| set.clone().build_with(engine).ok())
        .collect()
}

/// A matcher of each kind, each soon built, since that is done anew for each input: the first
/// number decides whether the sieve's plan is the chooser's or one that it would not make.
fn soon_built(patterns: &[Pattern], number: usize) -> Vec<Box<dyn Mpm>> {
    let mut all: Vec<Box<dyn Mpm>> = Vec::new();
    // The slowest to build, and hardly any of it is code of this crate.
    if number.is_multiple_of(4)
        && let Ok(automaton) = AhoCorasickMpm::nfa(patterns.to_vec())
    {
        all.push(Box::new(automaton));
    }
    if let Some(few) = Few::new(patterns) {
        all.push(Box::new(few));
    }
    let form = FORMS.get(number % (FORMS.len() + 2));
    let first = form.map(|form| Sieve::in_form(patterns, *form, Engine::Portable));
    let engines = Engine::ALL.into_iter().filter(|engine| {
        engine.is_available() && !matches!(engine, Engine::AhoCorasick | Engine::Few)
    });
    for engine in engines {
        all.push(Box::new(match &first {
            Some(sieve) => sieve.by(engine),
            None => Sieve::new(patterns, engine),
        }));
    }
    all
}

/// What a matcher finds: end and id, sorted.
///
/// # Panics
/// If the occurrences of one pattern do not come by rising end.
pub fn found(mpm: &dyn Mpm, haystack: &[u8], from: usize) -> Vec<(usize, u32)> {
    found_with(mpm, haystack, from, &mut MpmScratch::default())
}

fn found_with(
    mpm: &dyn Mpm,
    haystack: &[u8],
    from: usize,
    scratch: &mut MpmScratch,
) -> Vec<(usize, u32)> {
    let mut all = Vec::new();
    let mut last = BTreeMap::new();
    mpm.scan(haystack, from, scratch, &mut |id, end| {
        let before = last.insert(id, end);
        assert!(
            before < Some(end),
            "{before:?} before {end}: {}",
            mpm.plan()
        );
        all.push((end, id.0));
        true
    });
    all.sort_unstable();
    all
}

/// Checks `scan_first` against all occurrences.
fn first_of_each(
    mpm: &dyn Mpm,
    haystack: &[u8],
    from: usize,
    all: &[(usize, u32)],
    scratch: &mut MpmScratch,
) {
    let mut expected: Vec<(usize, u32)> = Vec::new();
    for (end, id) in all {
        if !expected.iter().any(|(_, known)| known == id) {
            expected.push((*end, *id));
        }
    }
    let length = |id: u32| std::cmp::Reverse(mpm.length_of(crate::PatternId(id)));
    expected.sort_by_key(|(end, id)| (*end, length(*id), *id));
    let mut found = Vec::new();
    mpm.scan_first(haystack, from, scratch, &mut |id, end| {
        found.push((end, id.0));
        true
    });
    assert_eq!(found, expected, "first of each, {}", mpm.plan());
}

/// Reads patterns: a count, then for each of them a byte of which the highest bit ignores
/// case and the others are the length, then a byte for where to begin, then the haystack.
fn split(data: &[u8]) -> (Vec<Pattern>, usize, &[u8]) {
    let mut rest = data;
    let mut byte = || -> Option<u8> {
        let (first, others) = rest.split_first()?;
        rest = others;
        Some(*first)
    };
    let count = usize::from(byte().unwrap_or(0)) % (MAX_PATTERNS + 1);
    let from = usize::from(byte().unwrap_or(0));
    let mut patterns = Vec::new();
    for _ in 0..count {
        let Some((head, others)) = rest.split_first() else {
            break;
        };
        let length = usize::from(head & 0x7f).clamp(1, others.len().max(1));
        let (bytes, others) = others.split_at_checked(length).unwrap_or((others, &[]));
        if !bytes.is_empty() {
            patterns.push(Pattern {
                bytes: bytes.into(),
                nocase: head & 0x80 != 0,
            });
        }
        rest = others;
    }
    (patterns, from, rest)
}
