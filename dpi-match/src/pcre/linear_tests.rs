//! What is translated must find what PCRE2 finds; what cannot be is refused by name.

use super::{Limits, MatchScratch, NotLinear, tests::regex};

/// Expressions that have a linear form, and flags.
const TRANSLATED: &[(&str, &str)] = &[
    ("", ""),
    ("a", ""),
    ("a", "i"),
    ("a|ab", ""),
    ("ab|a", ""),
    ("(a|ab)(b|)", ""),
    ("a*", ""),
    ("a*?", ""),
    ("a*", "G"),
    ("a*?b", "G"),
    ("a+?", ""),
    ("(?:a|b)+", ""),
    ("(?:ab?){2,3}", "i"),
    ("(?:ab?){2,}?b", ""),
    ("a{2}", ""),
    ("b?a", ""),
    ("(a(?i)b|A)a", ""),
    ("(?i:a)b", ""),
    ("(?-i)a|(?i)b", "i"),
    ("(?s).b", ""),
    (".", ""),
    (".", "s"),
    (".+b", ""),
    (".*a", "s"),
    ("[ab]", ""),
    ("[^a]", ""),
    ("[^a]", "i"),
    ("[^A-Z]", "i"),
    ("[]a]", ""),
    ("[^]a]+", ""),
    ("[a-]", ""),
    ("[-a]", ""),
    (r"[\w-]", ""),
    (r"[\x41-\x{42}]", ""),
    (r"[\D]", ""),
    (r"[^\W\n]", ""),
    (r"[\b]", ""),
    ("[[:upper:]]", ""),
    ("[[:upper:]]", "i"),
    ("[^[:^alpha:]]", ""),
    ("[[:space:][:punct:]]", ""),
    ("[[:cntrl:]]|[[:xdigit:]][[:word:]]", ""),
    ("[a&&b~~-]", ""),
    (r"[\[\]]", ""),
    (r"\d|\s|\h", ""),
    (r"\w\W", ""),
    (r"\S+\s", ""),
    (r"\V\v|\H\h", ""),
    (r"\x61\x62", "i"),
    (r"\.|\\|\*|\ ", ""),
    (r"\n\r?\t?\f?\e?\a?", ""),
    ("^a", ""),
    (r"\Aa", "m"),
    ("b^", ""),
    ("^a", "m"),
    ("^(?:a|b)", "m"),
    ("^^b", "m"),
    ("(?:^a|b)", "m"),
    ("a$", "m"),
    ("$", "m"),
    ("a$", "E"),
    (r"a\z", ""),
    (r"\ba", ""),
    (r"\Ba", ""),
    (r"a\b", ""),
    ("a", "A"),
    ("a|b", "A"),
    (".*b", "As"),
    ("a$", "Am"),
    ("{", ""),
    ("a{b", ""),
    ("a}]", ""),
    ("\u{e9}", ""),
    (r"\xe9|\xff", ""),
    ("()|a", ""),
];

/// Subjects of bytes that tell the expressions apart, up to four of them, and some more.
fn subjects() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..4 {
        let longer = longest.iter().flat_map(|subject: &Vec<u8>| {
            b"aAb\n"
                .iter()
                .map(|byte| [subject.as_slice(), &[*byte]].concat())
        });
        longest = longer.collect();
        all.extend_from_slice(&longest);
    }
    all.extend((0..=255).map(|byte| vec![b'a', byte]));
    for text in [
        &b"a{b a} ]a}] {2}"[..],
        b"-]&~[.*\\ _9 \x85\xa0\x0b\x0c",
        b"ab\r\nAB\r\n",
        b"\xc3\xa9 \xe9\xff",
        b"\n\r\t\x0c\x1b\x07",
    ] {
        all.push(text.to_vec());
    }
    all
}

#[test]
fn linear_time_finds_what_pcre2_finds() {
    let mut scratch = MatchScratch::new(Limits {
        matches: 100_000,
        depth: 100_000,
        heap_kib: 1024,
    });
    let subjects = subjects();
    for (pattern, letters) in TRANSLATED {
        let regex = regex(pattern, letters);
        let linear = regex.in_linear_time().unwrap_or_else(|refused| {
            panic!("/{pattern}/{letters}: {refused}");
        });
        assert!(linear.is_linear() && !regex.is_linear());
        assert_eq!(linear.pattern(), pattern.as_bytes());
        for subject in &subjects {
            for start in 0..=subject.len() {
                assert_eq!(
                    linear.find_at(subject, start, &mut scratch),
                    regex.find_at(subject, start, &mut scratch),
                    "/{pattern}/{letters} on {subject:?} from {start}"
                );
            }
        }
    }
}

#[test]
fn what_means_something_else_is_refused_by_name() {
    let table: &[(&str, &str, NotLinear)] = &[
        ("a(?=b)", "", NotLinear::LookAround(1)),
        ("(?!b)", "", NotLinear::LookAround(0)),
        ("(?<=a)b", "", NotLinear::LookAround(0)),
        ("(?<!a)b", "", NotLinear::LookAround(0)),
        (r"(a)\1", "", NotLinear::Reference(3)),
        (r"(a)\g{1}", "", NotLinear::Reference(3)),
        ("(a)(?1)", "", NotLinear::Reference(3)),
        ("a(?R)?", "", NotLinear::Reference(1)),
        ("(?>a)", "", NotLinear::Atomic(0)),
        ("a++", "", NotLinear::Atomic(1)),
        ("(a)?(?(1)b)", "", NotLinear::Conditional(4)),
        ("a$", "", NotLinear::BeforeLastNewline(1)),
        (r"a\Z", "E", NotLinear::BeforeLastNewline(1)),
        ("^", "m", NotLinear::EmptyLine(0)),
        ("a|^b*", "m", NotLinear::EmptyLine(2)),
        ("(^)a", "m", NotLinear::EmptyLine(1)),
        ("(?:a*)*", "", NotLinear::RepeatedEmpty(6)),
        ("(|a)+", "", NotLinear::RepeatedEmpty(4)),
        ("^a", "A", NotLinear::AnchoredAssertion),
        (r"a|\bb", "A", NotLinear::AnchoredAssertion),
        ("a b", "x", NotLinear::Extended),
        ("(?x)a b", "", NotLinear::Unsupported(0)),
        ("(*ANYCRLF)a", "", NotLinear::Unsupported(0)),
        ("(?<n>a)", "", NotLinear::Unsupported(0)),
        ("(?|a|b)", "", NotLinear::Unsupported(0)),
        ("(?#a)b", "", NotLinear::Unsupported(0)),
        (r"a\Kb", "", NotLinear::Unsupported(1)),
        (r"\Ga", "", NotLinear::Unsupported(0)),
        (r"\Qa\E", "", NotLinear::Unsupported(0)),
        (r"\R", "", NotLinear::Unsupported(0)),
        (r"\012", "", NotLinear::Unsupported(0)),
        (r"\xa", "", NotLinear::Unsupported(0)),
        ("a{,2}", "", NotLinear::Unsupported(1)),
        (r"[^\x00-\xff]", "", NotLinear::Unsupported(0)),
        ("(?:a{1000}){1000}", "", NotLinear::TooLarge),
    ];
    for (pattern, letters, expected) in table {
        let regex = regex(pattern, letters);
        let refused = regex.in_linear_time().unwrap_err();
        assert_eq!(refused, *expected, "/{pattern}/{letters}: {refused}");
    }
    let deep = ["(".repeat(70), "a".to_owned(), ")".repeat(70)].concat();
    let regex = regex(&deep, "");
    assert_eq!(regex.in_linear_time().unwrap_err(), NotLinear::TooDeep(64));
}

#[test]
fn what_backtracks_for_ever_ends_in_linear_time() {
    let mut scratch = MatchScratch::new(Limits {
        matches: 1500,
        depth: 1500,
        heap_kib: 1024,
    });
    let regex = regex("^(a+)+b", "");
    let subject = ["a".repeat(4096).as_bytes(), b"cb"].concat();
    assert!(regex.find_at(&subject, 0, &mut scratch).is_err());
    let linear = regex.in_linear_time().unwrap();
    assert_eq!(linear.find_at(&subject, 0, &mut scratch), Ok(None));
    assert!(linear.find_at(&subject, 4099, &mut scratch).is_err());
}
