//! Tables of the selector language. Cases that Calico's own tests hold are facts of
//! projectcalico/calico `libcalico-go/lib/selector` (Apache-2.0), stated anew.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    ast::{Comparison, Expr},
    *,
};

/// Selectors that are accepted, with their canonical form.
const ACCEPTED: &[(&str, &str)] = &[
    // Nothing is everything.
    ("", "all()"),
    (" ", "all()"),
    ("\t \t", "all()"),
    ("\n", "all()"),
    ("all()", "all()"),
    (" all() ", "all()"),
    (" (all() )", "all()"),
    ("all( )", "all()"),
    ("all(\t)", "all()"),
    ("global()", "global()"),
    ("global( )", "global()"),
    // Line breaks around the whole, as a YAML block scalar leaves them.
    ("all()\n", "all()"),
    ("\r\na == 'b'\r\n", "a == \"b\""),
    // Presence.
    ("has(a)", "has(a)"),
    ("has( a )", "has(a)"),
    ("has(\ta\t)", "has(a)"),
    ("has(has)", "has(has)"),
    ("has(all)", "has(all)"),
    ("has(a.b/c-d_e)", "has(a.b/c-d_e)"),
    // Comparisons and both kinds of quote.
    ("a == \"b\"", "a == \"b\""),
    ("a == 'b'", "a == \"b\""),
    ("a=='b'", "a == \"b\""),
    ("a\t==\t'b'", "a == \"b\""),
    ("a==''", "a == \"\""),
    ("a != 'b'", "a != \"b\""),
    ("a!='\"'", "a != '\"'"),
    ("a == \"'\"", "a == \"'\""),
    ("a == '\"'", "a == '\"'"),
    ("a == 'it is \"so\"'", "a == 'it is \"so\"'"),
    ("a == '“x”'", "a == \"“x”\""),
    ("a == 'x\ny'", "a == \"x\ny\""),
    ("a == 'x && (y'", "a == \"x && (y\""),
    ("a contains 'b'", "a contains \"b\""),
    ("a contains\"v\"", "a contains \"v\""),
    ("a contains '\"'", "a contains '\"'"),
    ("a starts with 'b'", "a starts with \"b\""),
    ("a startswith '\"'", "a starts with '\"'"),
    ("a starts  with 'b'", "a starts with \"b\""),
    ("a starts\twith'b'", "a starts with \"b\""),
    ("a ends with 'b'", "a ends with \"b\""),
    ("a endswith \"'\"", "a ends with \"'\""),
    ("a ends   with 'b'", "a ends with \"b\""),
    // Sets are sorted and freed of repetitions; a comma may trail.
    ("a in {\"d\"}", "a in {\"d\"}"),
    ("a in {'b', 'a'}", "a in {\"a\", \"b\"}"),
    (
        "a in {\"z\", \"z\", \"x\", \"y\", \"x\", \"a\"}",
        "a in {\"a\", \"x\", \"y\", \"z\"}",
    ),
    ("a in {\"a\",}", "a in {\"a\"}"),
    ("a in{'a'}", "a in {\"a\"}"),
    ("a in { 'a' , 'b' , }", "a in {\"a\", \"b\"}"),
    ("a in {}", "a in {}"),
    ("a in { }", "a in {}"),
    ("a not in {}", "a not in {}"),
    ("a not in {'b'}", "a not in {\"b\"}"),
    ("a notin {'b'}", "a not in {\"b\"}"),
    ("a not   in{'b'}", "a not in {\"b\"}"),
    ("a in {\"'\", '\"'}", "a in {'\"', \"'\"}"),
    ("a in {''}", "a in {\"\"}"),
    // Operators are labels where a label is due.
    (
        "contains contains \"contains\"",
        "contains contains \"contains\"",
    ),
    ("in in {\"in\"}", "in in {\"in\"}"),
    ("in not in {\"in\"}", "in not in {\"in\"}"),
    ("not not in {\"x\"}", "not not in {\"x\"}"),
    ("not in {\"x\"}", "not in {\"x\"}"),
    ("notin in {\"x\"}", "notin in {\"x\"}"),
    (
        "startswith starts with \"v\"",
        "startswith starts with \"v\"",
    ),
    ("starts starts with \"v\"", "starts starts with \"v\""),
    ("ends endswith \"v\"", "ends ends with \"v\""),
    ("with == \"v\"", "with == \"v\""),
    ("has == \"v\"", "has == \"v\""),
    ("all == \"v\"", "all == \"v\""),
    ("global != \"v\"", "global != \"v\""),
    ("hash == \"v\"", "hash == \"v\""),
    ("has in {\"v\"}", "has in {\"v\"}"),
    // Label names are laxer than Kubernetes' own.
    ("k8s-app == \"nginx\"", "k8s-app == \"nginx\""),
    ("-a == 'b'", "-a == \"b\""),
    (".a == 'b'", ".a == \"b\""),
    ("/a == 'b'", "/a == \"b\""),
    ("_a == 'b'", "_a == \"b\""),
    ("1 == 'b'", "1 == \"b\""),
    ("A == 'b'", "A == \"b\""),
    (
        "projectcalico.org/namespace == 'x'",
        "projectcalico.org/namespace == \"x\"",
    ),
    (
        "pcns.projectcalico.org/name == 'x'",
        "pcns.projectcalico.org/name == \"x\"",
    ),
    // Negation binds to the whole test after it.
    ("!has(a)", "!has(a)"),
    ("! has(a)", "!has(a)"),
    ("!!has(a)", "has(a)"),
    ("!!! has(a)", "!has(a)"),
    ("! !!has(a)", "!has(a)"),
    ("!a == 'x'", "!a == \"x\""),
    ("!a != 'x'", "!a != \"x\""),
    ("!(a == 'x')", "!a == \"x\""),
    ("!(!(a == 'x'))", "a == \"x\""),
    ("!all()", "!all()"),
    ("!a in {'x'}", "!a in {\"x\"}"),
    ("! (has( b)||! has(a ))", "!(has(b) || !has(a))"),
    (
        "! (a == \"b\"&&! c != \"d\")",
        "!(a == \"b\" && !c != \"d\")",
    ),
    // And binds closer than or; parentheses are kept where they group.
    ("a=='1'&&b=='2'", "(a == \"1\" && b == \"2\")"),
    ("a=='1'||b=='2'", "(a == \"1\" || b == \"2\")"),
    ("has(a) && has(b) && has(c)", "(has(a) && has(b) && has(c))"),
    (
        "has(a) || has(b) && has(c)",
        "(has(a) || (has(b) && has(c)))",
    ),
    (
        "has(a) && has(b) || has(c)",
        "((has(a) && has(b)) || has(c))",
    ),
    (
        "(has(a) || has(b)) && has(c)",
        "((has(a) || has(b)) && has(c))",
    ),
    (
        "has(a) && (has(b) && has(c))",
        "(has(a) && (has(b) && has(c)))",
    ),
    ("((((has(a)))))", "has(a)"),
    ("(((has(a))) && has(b))", "(has(a) && has(b))"),
    (
        "!(!(k == 'v' && has(t) || all()) && (a in {'b', 'c'}))",
        "!(!((k == \"v\" && has(t)) || all()) && a in {\"b\", \"c\"})",
    ),
    ("has(a)&&!has(b)", "(has(a) && !has(b))"),
    ("has(a)||has(a)", "(has(a) || has(a))"),
];

/// Selectors that are refused: the text, the column and a part of the message.
const REFUSED: &[(&str, usize, &str)] = &[
    // Space before a parenthesis.
    ("has (x)", 1, "write `has(label)`"),
    ("all ()", 1, "write `all()`"),
    ("global ()", 1, "write `global()`"),
    ("!has (x)", 2, "write `has(label)`"),
    ("has(a) && all ()", 11, "write `all()`"),
    ("foo(x)", 4, "expected an operator, found `(`"),
    ("Has(x)", 4, "expected an operator"),
    // Functions.
    ("has()", 5, "expected a label name, found `)`"),
    ("has( )", 6, "expected a label name"),
    ("has(", 5, "expected a label name, found end of selector"),
    ("has(a", 6, "expected `)`, found end of selector"),
    ("has(a b)", 7, "expected `)`, found `b`"),
    ("has(a, b)", 6, "expected `)`, found `,`"),
    ("has('a')", 5, "expected a label name, found `'`"),
    ("has(has(a))", 8, "expected `)`, found `(`"),
    ("has(“a”)", 5, "straight quotes"),
    ("all(a)", 5, "expected `)`, found `a`"),
    ("all(", 5, "expected `)`"),
    ("all", 4, "found end of selector; write has(label)"),
    ("global(x)", 8, "expected `)`"),
    // Bare labels, literals on the left, labels on the right.
    ("b", 2, "write has(label)"),
    ("a ", 2, "write has(label)"),
    ("(b)", 3, "write has(label)"),
    ("!b", 3, "write has(label)"),
    ("a b", 3, "expected an operator, found `b`"),
    ("'b1' == b", 1, "the label comes first"),
    ("'b1'", 1, "the label comes first"),
    ("\"\"", 1, "the label comes first"),
    (
        "b == b",
        6,
        "expected a quoted value, found label `b`; put the value in quotes",
    ),
    ("b != b", 6, "put the value in quotes"),
    ("b contains b", 12, "put the value in quotes"),
    ("b starts with b", 15, "put the value in quotes"),
    ("b ends with b", 13, "put the value in quotes"),
    ("a == 5", 6, "put the value in quotes"),
    ("a == ", 5, "expected a quoted value, found end of selector"),
    ("a == {'b'}", 6, "expected a quoted value"),
    ("a == has(b)", 6, "found `has(b)`"),
    (
        "a == 'b' == 'c'",
        10,
        "expected `&&`, `||` or the end, found `==`",
    ),
    ("a == 'b' 'c'", 10, "join tests with && or ||"),
    ("a == 'b' c == 'd'", 10, "join tests with && or ||"),
    ("a == 'b', c == 'd'", 9, "join tests with && or ||"),
    ("a == 'b' and c == 'd'", 10, "join tests with && or ||"),
    ("a == 'b' AND c == 'd'", 10, "found label `AND`"),
    ("all() all()", 7, "join tests"),
    ("has(a) contains 'b'", 8, "join tests"),
    // Half operators and operators of other languages.
    ("a = 'b'", 3, "`=` is not an operator; write `==`"),
    ("a ='b'", 3, "write `==`"),
    ("a === 'b'", 5, "write `==`"),
    ("a =! 'b'", 3, "write `==`"),
    ("a ! = 'b'", 3, "expected an operator, found `!`"),
    ("foo == \"bar\" &", 14, "write `&&`"),
    ("foo == \"bar\" & a == 'b'", 14, "write `&&`"),
    ("foo == \"bar\" |", 14, "write `||`"),
    ("a =~ 'b'", 3, "write `==`"),
    ("a ~ 'b'", 3, "the operators are"),
    ("a > '1'", 3, "the operators are"),
    ("a <> '1'", 3, "the operators are"),
    ("a like 'b'", 3, "found `like`"),
    ("a not 'b'", 3, "found `not`"),
    ("a CONTAINS 'b'", 3, "in small letters"),
    ("a IN {'b'}", 3, "in small letters"),
    ("a NotIn {'b'}", 3, "in small letters"),
    ("a exists", 3, "expected an operator"),
    ("a has(b)", 3, "expected an operator"),
    // Word boundaries.
    ("a inf \"x\"", 3, "found `inf`"),
    ("a ins {'x'}", 3, "found `ins`"),
    ("a ends withs 'x'", 3, "expected an operator"),
    ("a starts withs 'x'", 3, "expected an operator"),
    ("a starts 'x'", 3, "found `starts`"),
    ("a ends", 3, "found `ends`"),
    ("a starts.with 'x'", 3, "expected an operator"),
    ("a containss 'x'", 3, "expected an operator"),
    ("a not.in {'x'}", 3, "expected an operator"),
    ("a notinn {'x'}", 3, "expected an operator"),
    ("hashas(x)", 7, "expected an operator"),
    // Sets.
    (
        "a in \"x\"",
        6,
        "expected `{`, found string \"x\"; write the values in braces",
    ),
    ("a notin \"x\"", 9, "write the values in braces"),
    ("a not in 'x', 'y'", 10, "write the values in braces"),
    ("a in ('x', 'y')", 6, "write the values in braces"),
    ("a in ['x']", 6, "write sets in braces"),
    ("a in", 5, "expected `{`, found end of selector"),
    ("a in {", 7, "expected `,` or `}`"),
    ("a in {'x'", 10, "expected `,` or `}`"),
    ("a in {'x',", 11, "expected `,` or `}`"),
    ("a in {'x' 'y'}", 11, "separate quoted values by commas"),
    ("a in {,}", 7, "expected `,` or `}`"),
    ("a in {'x',,}", 11, "expected `,` or `}`"),
    ("a in {x}", 7, "found label `x`; separate quoted values"),
    ("a in {'x')", 10, "found `)`"),
    ("a in {{'x'}}", 7, "found `{`"),
    ("foo in {\"\", ||", 13, "found `||`"),
    ("in {'x'}", 4, "expected an operator, found `{`"),
    ("{'x'}", 1, "expected a test, found `{`"),
    // Strings.
    ("\"FOO", 1, "no closing \""),
    ("'FOO", 1, "no closing '"),
    ("\"FOO'", 1, "no closing \""),
    ("a == 'b", 6, "close it with the same kind of quote"),
    ("a == \"b'", 6, "no closing \""),
    ("a == 'b' && c == 'd", 18, "no closing '"),
    ("a == 'b\\'c'", 10, "found label `c`"),
    ("a == `b`", 6, "straight quotes"),
    // Parentheses.
    ("(", 2, "expected a test, found end of selector"),
    (")", 1, "expected a test, found `)`"),
    ("()", 2, "expected a test, found `)`"),
    ("(a == \"foo\"", 12, "expected `)`, found end of selector"),
    ("a == \"foo\")", 11, "join tests"),
    ("((has(a))", 10, "close each parenthesis"),
    ("(has(a)) has(b)", 10, "join tests"),
    ("(has(a)(has(b))", 8, "expected `)`, found `(`"),
    // Conjunctions without operands.
    ("!", 2, "expected a test, found end of selector"),
    ("!!", 3, "expected a test"),
    ("foo != ||", 8, "expected a quoted value, found `||`"),
    ("has(foo) &&", 12, "expected a test, found end of selector"),
    ("has(foo) ||", 12, "expected a test"),
    ("&& has(foo)", 1, "expected a test, found `&&`"),
    ("|| has(foo)", 1, "expected a test"),
    ("has(a) && || has(b)", 11, "expected a test, found `||`"),
    ("has(a) && && has(b)", 11, "expected a test"),
    ("has(a) &&& has(b)", 10, "write `&&`"),
    ("has(a) ! has(b)", 8, "found `!`; join tests"),
    ("!&& has(a)", 2, "expected a test"),
    // Characters from elsewhere.
    ("%", 1, "unexpected character '%'"),
    ("a == \"b\" && %", 13, "unexpected character '%'"),
    ("a == \"b\" || %", 13, "unexpected character '%'"),
    ("a:b == 'c'", 2, "unexpected character ':'"),
    (
        "a == “b”",
        6,
        "“ is a typographic quotation mark; write straight quotes",
    ),
    ("a == ‘b’", 6, "straight quotes"),
    ("a == „b“", 6, "straight quotes"),
    ("a == «b»", 6, "straight quotes"),
    ("a in {“b”}", 7, "straight quotes"),
    ("a “b”", 3, "straight quotes"),
    ("a == 'ü' && ö == 'x'", 13, "unexpected character 'ö'"),
    ("a\u{a0}== 'b'", 2, "U+00A0 is not a space"),
    ("\u{feff}a == 'b'", 1, "U+FEFF is not a space"),
    ("a\u{200b} == 'b'", 2, "U+200B is not a space"),
    ("a ==\u{3000}'b'", 5, "U+3000 is not a space"),
    ("a\u{b}== 'b'", 2, "U+000B is not a space"),
    ("a == 'b'\u{0}", 9, "unexpected character '\\0'"),
    ("💥", 1, "unexpected character"),
    // Line breaks within.
    ("has(a) &&\nhas(b)", 10, "write it on one line"),
    ("has(a)\n&& has(b)", 7, "line break"),
    ("a\n== 'b'", 2, "line break"),
    ("a ==\r\n'b'", 5, "line break"),
    ("has(\na)", 5, "line break"),
    ("all(\n)", 5, "line break"),
    ("a in {\n'b'}", 7, "line break"),
    ("\n has(a) &&\n has(b)\n", 12, "line break"),
    ("a starts\nwith 'b'", 3, "expected an operator"),
];

#[test]
fn accepted_selectors_have_a_canonical_form() {
    for &(text, canonical) in ACCEPTED {
        let selector = Selector::parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(selector.to_string(), canonical, "{text:?}");
        assert_eq!(
            Selector::parse(canonical).as_ref(),
            Ok(&selector),
            "{text:?}"
        );
    }
}

#[test]
fn refused_selectors_say_where_and_what_to_write() {
    for &(text, column, part) in REFUSED {
        match Selector::parse(text) {
            Ok(selector) => panic!("{text:?} was read as {selector}"),
            Err(error) => {
                assert_eq!(error.column(), column, "{text:?}: {error}");
                let message = error.to_string();
                assert!(
                    message.contains(part),
                    "{text:?}: {message:?} lacks {part:?}"
                );
            }
        }
    }
}

/// Selector, labels as `name=value` words, and whether they match.
const MATCHES: &[(&str, &str, bool)] = &[
    ("a == 'b'", "a=b", true),
    ("a == 'b'", "a=b c=d", true),
    ("a == 'b'", "", false),
    ("a == 'b'", "a=c", false),
    ("a == 'b'", "a=B", false),
    ("a == 'b'", "A=b", false),
    ("a == 'b'", "c=b", false),
    ("a == ''", "a=", true),
    ("a == ''", "", false),
    ("a != 'b'", "a=c", true),
    ("a != 'b'", "", true),
    ("a != 'b'", "a=b", false),
    ("a == 'b' && c == 'd'", "a=b c=d", true),
    ("a == 'b' && c == 'd'", "a=b c=e", false),
    ("a == 'b' && c == 'd'", "a=b", false),
    ("a == 'b' && c == 'd'", "c=d", false),
    ("a == 'b' || c == 'd'", "a=b", true),
    ("a == 'b' || c == 'd'", "c=d", true),
    ("a == 'b' || c == 'd'", "a=e c=e", false),
    ("a == 'b' || c == 'd'", "", false),
    ("a in {\"'\", '\"', 'c'}", "a=c", true),
    ("a in {\"'\", '\"', 'c'}", "a=\"", true),
    ("a in {\"'\", '\"', 'c'}", "a='", true),
    ("a in {\"'\", '\"', 'c'}", "a=e", false),
    ("a in {\"'\", '\"', 'c'}", "", false),
    ("a not in {\"'\", 'c'}", "", true),
    ("a not in {\"'\", 'c'}", "a=e", true),
    ("a not in {\"'\", 'c'}", "a=c", false),
    ("a in {}", "a=b", false),
    ("a in {}", "", false),
    ("a not in {}", "a=b", true),
    ("a not in {}", "", true),
    ("a in {''}", "a=", true),
    ("a in {''}", "", false),
    ("a contains 'a'", "a=bab", true),
    ("a contains 'a'", "a=b", false),
    ("a contains 'a'", "b=aaa", false),
    ("a contains 'a'", "", false),
    ("a contains ''", "a=", true),
    ("a contains ''", "", false),
    ("a starts with 'a'", "a=abb", true),
    ("a starts with 'a'", "a=baa", false),
    ("a starts with 'a'", "", false),
    ("a ends with 'a'", "a=bba", true),
    ("a ends with 'a'", "a=aab", false),
    ("a ends with 'a'", "", false),
    ("has(a)", "a=b", true),
    ("has(a)", "a=", true),
    ("has(a)", "b=a", false),
    ("!has(a)", "b=b", true),
    ("!has(a)", "a=b", false),
    ("!!has(a)", "a=b", true),
    ("!!!has(a)", "a=b", false),
    ("!! ! has(a)", "a=b", false),
    ("!a in {'a'}", "a=b", true),
    ("!a == 'a1' && b == 'b1'", "a=a1 b=b1", false),
    ("!a == 'a1' && b == 'b1'", "a=a2 b=b1", true),
    ("!(a == 'a1' && b == 'b1')", "a=a1 b=b2", true),
    ("a != 'a1' && !b == 'b1'", "a=a1 b=b1", false),
    ("! a == 'a1' || ! b == 'b1'", "a=a1 b=b1", false),
    ("has(a) && !has(b)", "a=a", true),
    ("!has(b) && has(a)", "a=a", true),
    ("!(!has(a) || has(b))", "a=a", true),
    ("!(!has(a) || has(b))", "a=a b=b", false),
    ("has(a) || has(b) && has(c)", "a=1", true),
    ("has(a) || has(b) && has(c)", "b=1", false),
    ("(has(a) || has(b)) && has(c)", "a=1", false),
    ("", "", true),
    ("", "a=b", true),
    ("all()", "", true),
    ("global()", "a=b", true),
    ("!all()", "a=b", false),
    ("!global()", "", false),
    ("all() && a == 'b'", "a=c", false),
    ("in in {'in'}", "in=in", true),
    ("not in {'x'}", "not=x", true),
    ("contains contains 'contains'", "contains=contains", true),
    ("a == 'ü'", "a=ü", true),
    ("a starts with '\u{fc}'", "a=u\u{308}x", false),
];

fn labels(words: &str) -> BTreeMap<String, String> {
    words
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn selectors_match_labels() {
    for &(text, words, want) in MATCHES {
        let selector = Selector::parse(text).unwrap();
        assert_eq!(
            selector.matches(&labels(words)),
            want,
            "{text:?} on {words:?}"
        );
        let printed = Selector::parse(&selector.to_string()).unwrap();
        assert_eq!(
            printed.matches(&labels(words)),
            want,
            "{printed} on {words:?}"
        );
    }
}

#[test]
fn a_label_may_have_512_characters() {
    let longest = "l".repeat(MAX_LABEL);
    for text in [format!("{longest} == 'x'"), format!("has({longest})")] {
        assert!(Selector::parse(&text).is_ok());
    }
    for (text, column) in [
        (format!("{longest}l == 'x'"), 1),
        (format!("has({longest}l)"), 5),
    ] {
        let error = Selector::parse(&text).unwrap_err();
        assert_eq!(error.column(), column);
        assert_eq!(
            *error.problem(),
            Problem::LabelTooLong { len: 513, max: 512 }
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}has(a){}", "(".repeat(depth), ")".repeat(depth));
    assert!(Selector::parse(&nested(MAX_DEPTH)).is_ok());
    for depth in [MAX_DEPTH + 1, 30_000] {
        let error = Selector::parse(&nested(depth)).unwrap_err();
        assert_eq!(*error.problem(), Problem::TooDeep { max: MAX_DEPTH });
        assert_eq!(error.column(), MAX_DEPTH + 1);
    }
    // Each level is `… && has(b) || has(c)`: two implied pairs for one that is written.
    let implied = |depth: usize| {
        (0..depth).fold("has(a)".to_owned(), |inner, _| {
            format!("({inner}) && has(b) || has(c)")
        })
    };
    let deepest = Selector::parse(&implied(MAX_DEPTH / 2)).unwrap();
    assert_eq!(Selector::parse(&deepest.to_string()), Ok(deepest));
    let error = Selector::parse(&implied(MAX_DEPTH / 2 + 1)).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooDeep { max: MAX_DEPTH });
}

#[test]
fn negations_are_not_nesting() {
    let many = format!("{}has(a)", "!".repeat(10_001));
    assert_eq!(Selector::parse(&many).unwrap().to_string(), "!has(a)");
}

#[test]
fn length_is_bounded() {
    let of_len = |len: usize| format!("a == '{}'", "x".repeat(len - 7));
    assert!(Selector::parse(&of_len(MAX_BYTES)).is_ok());
    let error = Selector::parse(&of_len(MAX_BYTES + 1)).unwrap_err();
    let (len, max) = (MAX_BYTES + 1, MAX_BYTES);
    assert_eq!(*error.problem(), Problem::TooLong { len, max });
    assert_eq!(error.column(), 1);
}

#[test]
fn labels_asked_about_are_listed_in_order() {
    let selector =
        Selector::parse("has(b) && (a == 'x' || !(c in {'y'} && a not in {})) && all()").unwrap();
    let mut names = Vec::new();
    selector.visit_labels(|name| names.push(name.to_owned()));
    assert_eq!(names, ["b", "a", "c", "a"]);
}

#[test]
fn messages_stay_short_whatever_the_text() {
    for text in [
        "x".repeat(500),
        format!("a {}", "y".repeat(500)),
        format!("'{}'", "z".repeat(9000)),
    ] {
        let message = Selector::parse(&text).unwrap_err().to_string();
        assert!(message.len() < 300, "{message}");
    }
}

fn label_name() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        "[A-Za-z0-9_./-]{1,12}",
        prop::sample::select(vec![
            "in", "not", "notin", "contains", "starts", "has", "all", "global"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_map(Into::into)
}

/// Any text without one of the two quotes, or without the other.
fn literal() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[^\"]{0,8}", "[^']{0,8}"].prop_map(Into::into)
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Contains,
        Comparison::StartsWith,
        Comparison::EndsWith,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let set = || {
        prop::collection::btree_set(literal(), 0..4)
            .prop_map(|set| set.into_iter().collect::<Box<[_]>>())
    };
    let leaf = prop_oneof![
        Just(Expr::All),
        Just(Expr::Global),
        label_name().prop_map(Expr::Has),
        (label_name(), comparison(), literal()).prop_map(|(l, c, v)| Expr::Compare(l, c, v)),
        (label_name(), set()).prop_map(|(l, s)| Expr::In(l, s)),
        (label_name(), set()).prop_map(|(l, s)| Expr::NotIn(l, s)),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Expr::not),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner, 2..4).prop_map(Expr::Or),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_gives_the_same_tree(expr in expr()) {
        let printed = expr.to_string();
        prop_assert_eq!(Selector::parse(&printed), Ok(Selector(expr)), "{}", printed);
    }

    #[test]
    fn any_text_keeps_the_fuzz_targets_promises(text in any::<String>()) {
        crate::fuzz::fuzz_selector(text.as_bytes());
    }

    #[test]
    fn selector_like_text_keeps_the_fuzz_targets_promises(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "b", "has(", "all()", "global()", "(", ")", "!", "&&", "||", "==", "!=", "in",
            "not", "{", "}", ",", "'v'", "\"w\"", " ", "contains", "starts", "with", "\n", "“",
        ]), 0..24)
    ) {
        crate::fuzz::fuzz_selector(words.concat().as_bytes());
    }

    #[test]
    fn every_cut_of_a_selector_is_read_or_refused(
        (text, _) in prop::sample::select(ACCEPTED),
        at in any::<prop::sample::Index>(),
    ) {
        let cuts: Vec<usize> = (0..=text.len()).filter(|i| text.is_char_boundary(*i)).collect();
        crate::fuzz::fuzz_selector(&text.as_bytes()[..*at.get(&cuts)]);
    }
}
