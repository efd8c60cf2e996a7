//! One table of collections and one property, run against every engine.

use dpi_match::{
    Engine, Mpm, MpmScratch, Pattern, PatternError, PatternId, Patterns,
    fuzz::{found, matchers, naive},
};
use proptest::prelude::*;

/// Patterns, of which those behind a `~` ignore case, and haystacks.
type Case = (
    &'static str,
    &'static [&'static [u8]],
    &'static [&'static [u8]],
);

const COLLECTIONS: &[Case] = &[
    ("none", &[], &[b"", b"a"]),
    (
        "one",
        &[b"abc"],
        &[b"", b"ab", b"abc", b"xabcabcx", b"aBc", b"ABC"],
    ),
    (
        "one without case",
        &[b"~aBc"],
        &[b"ABC", b"abc aBC", b"ab\x43", b"ab\x03"],
    ),
    (
        "one that overlaps itself",
        &[b"aa"],
        &[b"a", b"aa", b"aaaaa"],
    ),
    (
        "single bytes",
        &[b"a", b"\x00"],
        &[b"", b"a", b"\x00a\x00", b"bbbb"],
    ),
    (
        "single letters without case",
        &[b"~a", b"~z", b"@", b"["],
        &[b"aAzZ@[`{", b"A"],
    ),
    (
        "equal ones",
        &[b"aa", b"aa", b"~aa", b"~AA"],
        &[b"aAaa", b"aa"],
    ),
    (
        "prefixes",
        &[b"a", b"ab", b"abc", b"abcd", b"abcde"],
        &[b"abcdeabcd", b"abce"],
    ),
    (
        "suffixes",
        &[b"e", b"de", b"cde", b"bcde", b"abcde"],
        &[b"abcdeabcd", b"cde"],
    ),
    (
        "cases that differ",
        &[b"GET ", b"~get ", b"Get "],
        &[b"GET get Get gEt ", b"GET"],
    ),
    (
        "NUL is no space",
        &[b"~a b c", b"a b c d e"],
        &[b"a\x00b\x00c a b c", b"A B C\x00D"],
    ),
    (
        "only letters fold",
        &[b"~[\\]^_{|}~"],
        &[b"{|}~\x7f{|}~^", b"[\\]^_{|}~"],
    ),
    (
        "high bytes",
        &[b"\xff\xfe\xfd\xfc", b"\xdf\xde\xdd\xdc"],
        &[b"\xff\xfe\xfd\xfc\xff", b"\xdf\xde\xdd\xdc"],
    ),
    (
        "zeros",
        &[b"\x00\x00\x00\x00", b"\x00"],
        &[b"\x00\x00\x00\x00\x00\x00", b"\x00\x00\x00"],
    ),
    (
        "at the end",
        &[b"end", b"th", b"~theend!"],
        &[b"the en", b"the end", b"THEEND!"],
    ),
    (
        "every length",
        &[
            b"q",
            b"qu",
            b"que",
            b"quer",
            b"query",
            b"query=",
            b"query=s",
            b"query=st",
            b"query=sta",
            b"query=stat",
            b"query=state",
            b"query=states&",
        ],
        &[
            b"GET /?query=states&query=state HTTP",
            b"query=st",
            b"qqquququequer",
        ],
    ),
];

fn patterns(texts: &[&[u8]]) -> Vec<Pattern> {
    let of = |text: &&[u8]| Pattern {
        bytes: text.strip_prefix(b"~").unwrap_or(text).into(),
        nocase: text.starts_with(b"~"),
    };
    texts.iter().map(of).collect()
}

#[test]
fn every_engine_finds_the_same() {
    for (name, texts, haystacks) in COLLECTIONS {
        let patterns = patterns(texts);
        for mpm in matchers(&patterns) {
            for haystack in *haystacks {
                for from in 0..haystack.len() + 2 {
                    assert_eq!(
                        found(mpm.as_ref(), haystack, from),
                        naive(&patterns, haystack, from),
                        "{name}: {} in {haystack:?} from {from}",
                        mpm.plan()
                    );
                }
            }
        }
    }
}

#[test]
fn all_collections_are_one_set() {
    let patterns: Vec<Pattern> = COLLECTIONS
        .iter()
        .flat_map(|(_, texts, _)| patterns(texts))
        .collect();
    let haystack: Vec<u8> = COLLECTIONS
        .iter()
        .flat_map(|(_, _, haystacks)| haystacks.concat())
        .collect();
    let expected = naive(&patterns, &haystack, 0);
    for mpm in matchers(&patterns) {
        assert_eq!(
            found(mpm.as_ref(), &haystack, 0),
            expected,
            "{}",
            mpm.plan()
        );
    }
}

#[test]
fn the_first_of_each_comes_in_one_order_whatever_the_engine() {
    let patterns = patterns(&[b"ab", b"~B", b"xab", b"~b", b"ab"]);
    let mut engines = 0;
    for mpm in matchers(&patterns) {
        let mut scratch = MpmScratch::default();
        for _ in 0..2 {
            let mut order = Vec::new();
            mpm.scan_first(b"b xab ab", 0, &mut scratch, &mut |id, end| {
                order.push((id.0, end));
                true
            });
            assert_eq!(
                order,
                [(1, 1), (3, 1), (2, 5), (0, 5), (4, 5)],
                "{}",
                mpm.plan()
            );
        }
        engines += 1;
    }
    assert!(
        engines >= 2,
        "the automaton and the portable sieve run everywhere"
    );
}

#[test]
fn a_scan_stops_when_told() {
    let patterns = patterns(&[b"a", b"aa", b"aaaa", b"~aaaaaaaa"]);
    for mpm in matchers(&patterns) {
        for limit in 1..20 {
            let mut count = 0;
            mpm.scan(&[b'a'; 32], 0, &mut MpmScratch::default(), &mut |_, _| {
                count += 1;
                count < limit
            });
            assert_eq!(count, limit, "{}", mpm.plan());
        }
    }
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let mut set = Patterns::new();
    assert!(matches!(
        set.add(b"", false),
        Err(PatternError::Empty(PatternId(0)))
    ));
    let long = vec![b'x'; dpi_match::MAX_PATTERN_LEN + 1];
    assert!(matches!(
        set.add(&long, false),
        Err(PatternError::TooLong { length: 65_536, .. })
    ));
    assert_eq!(set.len(), 0);
    set.add(b"two", false).unwrap();
    set.add(b"words", false).unwrap();
    assert!(matches!(
        set.clone().build_with(Engine::Few),
        Err(PatternError::Unsuited(Engine::Few))
    ));
    for engine in Engine::ALL
        .into_iter()
        .filter(|engine| !engine.is_available())
    {
        assert!(matches!(
            set.clone().build_with(engine),
            Err(PatternError::Unavailable(refused)) if refused == engine
        ));
    }
}

#[test]
fn engines_have_names() {
    for engine in Engine::ALL {
        assert_eq!(engine.name().parse(), Ok(engine));
    }
    assert!("hyperscan".parse::<Engine>().is_err());
}

#[test]
fn long_patterns_and_long_haystacks() {
    // Miri takes hours for what others do in a second.
    let (length, before) = if cfg!(miri) { (140, 40) } else { (4096, 3000) };
    let long: Vec<u8> = (0..length).map(|i: u32| (i * i % 251) as u8).collect();
    let length = long.len();
    let middle = length / 2..length / 2 + 40;
    let mut texts: Vec<&[u8]> = vec![&long, &long[1..], &long[..length - 1], &long[middle]];
    texts.push(b"needle");
    let patterns = patterns(&texts);
    let mut haystack = vec![b'-'; before];
    haystack.extend_from_slice(&long);
    haystack.extend_from_slice(b"needle");
    haystack.extend_from_slice(&long[..length - 96]);
    haystack.extend_from_slice(&long);
    let expected = naive(&patterns, &haystack, 0);
    assert!(expected.len() >= 8);
    for mpm in matchers(&patterns) {
        assert_eq!(
            found(mpm.as_ref(), &haystack, 0),
            expected,
            "{}",
            mpm.plan()
        );
        let behind = before + length;
        for from in [
            before - 1,
            before,
            behind - 1,
            behind,
            behind + 1,
            behind + 6,
            haystack.len() - 1,
        ] {
            let expected = naive(&patterns, &haystack, from);
            assert_eq!(found(mpm.as_ref(), &haystack, from), expected, "{from}");
        }
    }
}

#[test]
fn sets_of_many_sizes() {
    let word = |i: u32| {
        format!(
            "{}{:x}",
            ["id=", "w", "/cgi-bin/", "X-"][i as usize % 4],
            i * 7919
        )
    };
    let sizes: &[u32] = if cfg!(miri) {
        &[2, 10, 40, 100]
    } else {
        &[2, 10, 40, 100, 300, 700, 3000]
    };
    for size in sizes.iter().copied() {
        let patterns: Vec<Pattern> = (0..size)
            .map(|i| Pattern {
                bytes: word(i).into_bytes().into(),
                nocase: i % 3 == 0,
            })
            .collect();
        let mut haystack = Vec::new();
        for i in (0..size).rev().step_by(3) {
            haystack.extend_from_slice(word(i).to_uppercase().as_bytes());
            haystack.extend_from_slice(word(i + 1).as_bytes());
        }
        haystack.truncate(if cfg!(miri) { 300 } else { 9000 });
        let expected = naive(&patterns, &haystack, 0);
        for mpm in matchers(&patterns) {
            assert_eq!(
                found(mpm.as_ref(), &haystack, 0),
                expected,
                "{}",
                mpm.plan()
            );
        }
    }
}

fn check_cuts(mpm: &dyn Mpm, haystack: &[u8], cuts: &[usize], expected: &[(usize, u32)]) {
    let mut scratch = MpmScratch::default();
    let mut all = Vec::new();
    let mut done = 0;
    for end in cuts.iter().copied().chain([haystack.len()]) {
        let end = end.clamp(done, haystack.len());
        let begin = done.saturating_sub(mpm.reach().saturating_sub(1));
        mpm.scan(
            &haystack[begin..end],
            done - begin,
            &mut scratch,
            &mut |id, at| {
                all.push((begin + at, id.0));
                true
            },
        );
        done = end;
    }
    all.sort_unstable();
    assert_eq!(all, expected, "{} cut at {cuts:?}", mpm.plan());
}

#[test]
fn every_cut_in_two() {
    for (_, texts, haystacks) in COLLECTIONS {
        let patterns = patterns(texts);
        let haystack = haystacks.concat();
        let expected = naive(&patterns, &haystack, 0);
        for mpm in matchers(&patterns) {
            for cut in (0..=haystack.len()).step_by(if cfg!(miri) { 23 } else { 1 }) {
                check_cuts(mpm.as_ref(), &haystack, &[cut], &expected);
            }
        }
    }
}

/// Bytes that make matches, near matches and case differences likely.
fn alphabet() -> impl Strategy<Value = u8> {
    prop::sample::select(b"aAbB\x00 \xff@`".to_vec())
}

fn config() -> ProptestConfig {
    let config = ProptestConfig::with_cases(192);
    if cfg!(miri) {
        // Miri takes its time, and reads no files.
        ProptestConfig {
            cases: 2,
            failure_persistence: None,
            ..config
        }
    } else {
        config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn chunked_is_whole_is_naive(
        patterns in prop::collection::vec(
            (prop::collection::vec(alphabet(), 1..14), any::<bool>()),
            0..40,
        ),
        haystack in prop::collection::vec(alphabet(), 0..300),
        mut cuts in prop::collection::vec(0usize..300, 0..6),
        from in 0usize..320,
    ) {
        let patterns: Vec<Pattern> = patterns
            .into_iter()
            .map(|(bytes, nocase)| Pattern { bytes: bytes.into(), nocase })
            .collect();
        cuts.sort_unstable();
        let whole = naive(&patterns, &haystack, 0);
        let behind = naive(&patterns, &haystack, from);
        for mpm in matchers(&patterns) {
            prop_assert_eq!(&found(mpm.as_ref(), &haystack, from), &behind);
            check_cuts(mpm.as_ref(), &haystack, &cuts, &whole);
        }
    }
}
