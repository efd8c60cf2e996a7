use super::*;

const LIMITS: Limits = Limits {
    matches: 1500,
    depth: 1500,
    heap_kib: 1024,
};

pub(super) fn flags(letters: &str) -> Options {
    Options {
        caseless: letters.contains('i'),
        dotall: letters.contains('s'),
        multiline: letters.contains('m'),
        extended: letters.contains('x'),
        anchored: letters.contains('A'),
        dollar_endonly: letters.contains('E'),
        ungreedy: letters.contains('G'),
    }
}

/// Set where machine code that is made at run time does not run: in some emulators of other
/// processors. Every expression is interpreted then.
const NO_JIT: &str = "DPI_MATCH_NO_JIT";

/// The expression, with machine code unless that is switched off.
#[expect(clippy::print_stderr, reason = "what is left out is said, and why")]
pub(super) fn regex(pattern: &str, letters: &str) -> Regex {
    let regex = Regex::new(pattern.as_bytes(), flags(letters))
        .unwrap_or_else(|error| panic!("/{pattern}/{letters}: {error}"));
    if std::env::var_os(NO_JIT).is_some() {
        eprintln!("{NO_JIT} is set: /{pattern}/{letters} is interpreted, not machine code");
        return regex.without_jit();
    }
    regex
}

#[test]
fn finds_what_the_expression_says_with_and_without_jit() {
    // (expression, flags, subject, start, offsets of the match)
    type Case = (
        &'static str,
        &'static str,
        &'static [u8],
        usize,
        Option<(usize, usize)>,
    );
    let table: &[Case] = &[
        ("b+", "", b"abbbc", 0, Some((1, 4))),
        ("b+", "", b"abbbc", 2, Some((2, 4))),
        ("b+", "", b"aBc", 0, None),
        ("b+", "i", b"aBc", 0, Some((1, 2))),
        ("b+", "G", b"abbbc", 0, Some((1, 2))),
        ("a.c", "", b"a\nc", 0, None),
        ("a.c", "s", b"a\nc", 0, Some((0, 3))),
        ("^c", "", b"a\nc", 0, None),
        ("^c", "m", b"a\nc", 0, Some((2, 3))),
        ("a b", "x", b"ab", 0, Some((0, 2))),
        ("b", "A", b"ab", 0, None),
        ("b", "A", b"ab", 1, Some((1, 2))),
        ("b$", "", b"ab\n", 0, Some((1, 2))),
        ("b$", "E", b"ab\n", 0, None),
        ("(?<=a)b", "", b"ab", 1, Some((1, 2))),
        (r"(.)\1", "", b"abccd", 0, Some((2, 4))),
        (r"\xff\x00", "", b"a\xff\x00", 0, Some((1, 3))),
        ("", "", b"", 0, Some((0, 0))),
        ("a", "", b"", 0, None),
    ];
    let mut scratch = MatchScratch::new(LIMITS);
    for (pattern, letters, subject, start, expected) in table {
        let jit = regex(pattern, letters);
        let plain = jit.clone().without_jit();
        let expected = expected.map(|(start, end)| Match { start, end });
        for regex in [&jit, &plain] {
            assert_eq!(
                regex.find_at(subject, *start, &mut scratch),
                Ok(expected),
                "/{pattern}/{letters} on {subject:?} from {start}"
            );
        }
    }
}

#[test]
fn refuses_with_place_and_reason() {
    for (pattern, offset, words) in [
        ("a)", 1, "parenthesis"),
        ("[a", 2, "missing terminating ]"),
        (r"\1", 2, "non-existent"),
        ("a{65536}", 7, "too big"),
        ("(?<=a+)b", 0, "lookbehind"),
        (r"\x{100}", 6, "too large"),
    ] {
        let error = Regex::new(pattern.as_bytes(), Options::default()).unwrap_err();
        assert!(error.message.contains(words), "{pattern}: {error}");
        assert!(error.offset.abs_diff(offset) <= 1, "{pattern}: {error}");
    }
}

#[test]
fn catastrophic_backtracking_ends_at_a_named_limit() {
    let subject = [b'a'; 64];
    let mut scratch = MatchScratch::new(LIMITS);
    let jit = regex("^(a+)+b", "");
    for regex in [jit.clone().without_jit(), jit] {
        let subject: Vec<u8> = subject.iter().copied().chain(*b"cb").collect();
        assert_eq!(
            regex.find_at(&subject, 0, &mut scratch),
            Err(MatchError::MatchLimit)
        );
    }
}

#[test]
fn a_depth_limit_is_named_too() {
    let mut scratch = MatchScratch::new(Limits {
        matches: u32::MAX,
        depth: 2,
        heap_kib: 1024,
    });
    let regex = regex("(a|ab)(c|bcd)(d*)e", "").without_jit();
    assert_eq!(
        regex.find_at(b"abcdxabcdxe", 0, &mut scratch),
        Err(MatchError::DepthLimit)
    );
}

#[test]
fn a_start_behind_the_subject_is_an_error() {
    let mut scratch = MatchScratch::new(LIMITS);
    let regex = regex("a", "");
    assert_eq!(
        regex.find_at(b"a", 2, &mut scratch),
        Err(MatchError::BadOffset { start: 2, len: 1 })
    );
}

#[test]
fn one_expression_serves_many_threads() {
    let regex = regex("needle", "");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut scratch = MatchScratch::new(LIMITS);
                for _ in 0..1000 {
                    let found = regex.find_at(b"a needle", 0, &mut scratch);
                    assert_eq!(found, Ok(Some(Match { start: 2, end: 8 })));
                }
            });
        }
    });
}
