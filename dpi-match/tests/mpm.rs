//! The matcher against a naive search, by table and by property.

use dpi_match::{Mpm, MpmScratch, PatternError, Patterns};
use proptest::prelude::*;

fn build(patterns: &[(Vec<u8>, bool)]) -> Box<dyn Mpm> {
    let mut set = Patterns::new();
    for (bytes, nocase) in patterns {
        set.add(bytes, *nocase).unwrap();
    }
    set.build().unwrap()
}

fn found(mpm: &dyn Mpm, haystack: &[u8], from: usize) -> Vec<(usize, u32)> {
    let mut all = Vec::new();
    mpm.scan(
        haystack,
        from,
        &mut MpmScratch::default(),
        &mut |id, end| {
            all.push((end, id.0));
            true
        },
    );
    assert!(all.is_sorted_by_key(|(end, _)| *end));
    all.sort_unstable();
    all
}

fn naive(patterns: &[(Vec<u8>, bool)], haystack: &[u8], from: usize) -> Vec<(usize, u32)> {
    let mut all = Vec::new();
    for (id, (bytes, nocase)) in (0u32..).zip(patterns) {
        for (start, window) in haystack.windows(bytes.len()).enumerate() {
            let hit = if *nocase {
                bytes.eq_ignore_ascii_case(window)
            } else {
                bytes == window
            };
            if hit && start + bytes.len() > from {
                all.push((start + bytes.len(), id));
            }
        }
    }
    all.sort_unstable();
    all
}

#[test]
fn table() {
    let patterns: Vec<(Vec<u8>, bool)> = [
        (&b"abc"[..], false),
        (b"ABC", true),
        (b"bc", false),
        (b"c", true),
        (b"\x00\xff", false),
        (b"aa", false),
        (b"aa", false),
    ]
    .map(|(bytes, nocase)| (bytes.to_vec(), nocase))
    .to_vec();
    let mpm = build(&patterns);
    for (haystack, from) in [
        (&b""[..], 0),
        (b"abc", 0),
        (b"aBC", 0),
        (b"xxabcxx", 4),
        (b"xxabcxx", 5),
        (b"aaaa", 0),
        (b"aaaa", 2),
        (b"\x00\xff\x00\xff", 0),
        (b"abc", 3),
        (b"abc", 9),
    ] {
        assert_eq!(
            found(mpm.as_ref(), haystack, from),
            naive(&patterns, haystack, from),
            "{haystack:?} from {from}"
        );
    }
}

#[test]
fn a_scan_stops_when_told() {
    let mpm = build(&[(b"a".to_vec(), false)]);
    let mut count = 0;
    mpm.scan(b"aaaa", 0, &mut MpmScratch::default(), &mut |_, _| {
        count += 1;
        count < 2
    });
    assert_eq!(count, 2);
}

#[test]
fn an_empty_pattern_is_refused() {
    assert!(matches!(
        Patterns::new().add(b"", false),
        Err(PatternError::Empty(_))
    ));
}

#[test]
fn a_set_too_large_for_a_dfa_gives_the_same() {
    let patterns: Vec<(Vec<u8>, bool)> = (0..600)
        .map(|i| (format!("word{i}").into_bytes(), i % 2 == 0))
        .collect();
    let mpm = build(&patterns);
    let haystack = b"WORD12 word13 word599word600 Word1";
    assert_eq!(
        found(mpm.as_ref(), haystack, 0),
        naive(&patterns, haystack, 0)
    );
}

proptest! {
    #[test]
    fn equals_naive(
        patterns in prop::collection::vec(
            (prop::collection::vec(prop::sample::select(b"abAB\x00".to_vec()), 1..5), any::<bool>()),
            1..12,
        ),
        haystack in prop::collection::vec(prop::sample::select(b"abAB\x00c".to_vec()), 0..64),
        from in 0usize..70,
    ) {
        let mpm = build(&patterns);
        prop_assert_eq!(found(mpm.as_ref(), &haystack, from), naive(&patterns, &haystack, from));
    }
}
