//! Whole rule files: places of errors, what is kept, duplicates; and text of any kind.

#![expect(
    clippy::print_stdout,
    reason = "what was skipped or refused is printed for the record"
)]

use std::sync::Arc;

use dpi_snort::{
    Config,
    detection::Detection,
    parser::{ClassificationConfig, Ruleset, Variables, parse_files},
};
use proptest::prelude::*;

fn parse(text: &[u8]) -> Ruleset {
    parse_files(
        [("test.rules", text)],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    )
}

/// Sids that are kept, and `line: option` of each error.
fn outcome(text: &str) -> (Vec<u32>, Vec<(u32, String)>) {
    let ruleset = parse(text.as_bytes());
    let sids = ruleset.rules.iter().map(|rule| rule.id.sid).collect();
    let errors = ruleset
        .errors
        .iter()
        .map(|error| {
            (
                error.line,
                error.option.as_deref().unwrap_or("-").to_owned(),
            )
        })
        .collect();
    (sids, errors)
}

#[test]
fn a_bad_rule_does_not_stop_its_file() {
    let text = "alert tcp any any -> any 80 (msg:\"one\"; sid:1;)\n\
                # a comment; alert tcp (sid:99;)\n\
                alert tcp any any -> any 80 (content:\"x\",bogus; sid:2;)\n\
                alert tcp any any -> any 80\n  (msg:\"over lines\";\n   content:\"y\"; sid:3;)\n\
                alert tcp any any => any 80 (sid:4;)\n\
                alert tcp any 70000 -> any 80 (sid:5;)\n\
                alert tcp any any -> any 80 (no_such_option:1; sid:6;)\n\
                alert udp any any -> any 53 (sid:7;)\n";
    let (sids, errors) = outcome(text);
    assert_eq!(sids, [1, 3, 7]);
    let lines: Vec<u32> = errors.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 7, 8, 9]);
    assert_eq!(errors[3].1, "no_such_option");
}

/// Line and column of the word at fault, where one is missing those of the rule.
#[test]
fn errors_in_headers_name_the_word() {
    for (header, place, reason) in [
        ("alert [tcp] any any -> any 80", (1, 7), "unknown protocol"),
        ("alert tcp 10.0.0 any -> any 80", (1, 11), "not an address"),
        ("alert tcp any 70000 -> any 80", (1, 15), "not a port"),
        ("alert tcp any any => any 80", (1, 19), "unknown direction"),
        ("alert tcp any any -> $NOWHERE 80", (1, 22), "$NOWHERE"),
        ("alert tcp any any\n  -> any 9:8", (2, 10), "ends before"),
        ("alert tcp any any -> any 80 81", (1, 31), "unexpected"),
        ("alert tcp any any", (1, 1), "a header is"),
    ] {
        let ruleset = parse(format!("{header} (sid:1;)\n").as_bytes());
        let [error] = ruleset.errors.as_slice() else {
            panic!("{header}: {:?}", ruleset.errors);
        };
        assert_eq!(
            (error.line, error.column),
            (place.0, Some(place.1)),
            "{header}"
        );
        assert!(error.reason.to_string().contains(reason), "{error}");
    }
}

#[test]
fn refusals_name_the_option() {
    for (options, option) in [
        ("content:\"\"", "content"),
        ("content:\"|zz|\"", "content"),
        ("content:\"|41\"", "content"),
        ("content:\"abc\",depth 2", "content"),
        ("content:\"abc\",offset 1,within 5", "content"),
        ("depth:5", "depth"),
        ("nocase", "nocase"),
        ("pcre:\"/(/\"", "pcre"),
        ("pcre:\"/a/U\"", "pcre"),
        ("flow:to_server,to_client", "flow"),
        ("flow:stateless,established", "flow"),
        ("flowbits:toggle,a", "flowbits"),
        ("ttl:5-7", "ttl"),
        ("ttl:7<>5", "ttl"),
        (
            "byte_math:bytes 1,offset 0,oper /,rvalue 0,result n",
            "byte_math",
        ),
        ("byte_test:1,=,n,0", "byte_test"),
        ("sid:0", "sid"),
        ("uricontent:\"x\"", "uricontent"),
        ("base64_data", "-"),
        ("msg:\"a\"; msg:\"b\"", "msg"),
    ] {
        let (sids, errors) = outcome(&format!("alert tcp any any -> any any ({options}; sid:1;)"));
        assert!(sids.is_empty(), "{options} was accepted");
        assert!(
            errors.iter().any(|(_, found)| found == option),
            "{options}: {errors:?}"
        );
    }
}

#[test]
fn the_highest_revision_stays() {
    let ruleset = parse(
        b"alert tcp any any -> any any (msg:\"old\"; sid:1; rev:2;)\n\
          alert tcp any any -> any any (msg:\"new\"; sid:1; rev:3;)\n\
          alert tcp any any -> any any (msg:\"older\"; sid:1; rev:1;)\n",
    );
    assert_eq!(ruleset.rules.len(), 1);
    assert_eq!(&*ruleset.rules[0].msg, "new");
    assert_eq!(ruleset.warnings.len(), 2);
}

/// Every file of the shared rules is read; what is refused is printed for the record.
#[test]
fn shared_rules_load() {
    let root = std::env::var("DPI_TEST_DATA").unwrap_or_else(|_| "../../shared/data".to_owned());
    let Ok(entries) = std::fs::read_dir(format!("{root}/rules")) else {
        println!("skipped: shared_rules_load: no rules in {root}: set DPI_TEST_DATA");
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path
            .extension()
            .is_none_or(|extension| extension != "rules")
        {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let ruleset = parse(&text);
        let inactive = ruleset
            .errors
            .iter()
            .filter(|error| error.is_inactive())
            .count();
        let errors: Vec<_> = ruleset
            .errors
            .iter()
            .filter(|error| !error.is_inactive())
            .collect();
        println!(
            "{}: {} loaded, {inactive} inactive, {} errors",
            path.display(),
            ruleset.rules.len(),
            errors.len()
        );
        for error in errors.iter().take(5) {
            println!("  {error}");
        }
        assert!(!ruleset.rules.is_empty(), "{}", path.display());
        Detection::compile(ruleset, &Config::default()).unwrap();
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        parse(&text);
    }

    #[test]
    fn any_options_are_read(options in "[a-z_:\"|,;! 0-9$\\\\/()<>=-]{0,120}") {
        parse(format!("alert tcp any any -> any any ({options})").as_bytes());
    }

    #[test]
    fn any_header_is_read(header in "[a-z0-9.:/$!,\\[\\] <>-]{0,60}") {
        parse(format!("alert {header} (sid:1;)").as_bytes());
    }
}
