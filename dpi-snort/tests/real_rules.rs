//! The fast path against two slow evaluators, on the community rules of the shared data.
//!
//! Units are made by a seeded generator that plants the rules' own contents: in their
//! buffers or others, in another case, cut in two, in part. The naive evaluator tries every
//! rule whose literal occurs in a new buffer; where all buffers are new, the exhaustive one
//! must find the same without asking for literals.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped or compared is printed for the record"
)]

#[path = "common/planted.rs"]
mod planted;

use std::sync::Arc;

use dpi_snort::{
    Config, MonoTime, Slot,
    config::EventQueue,
    detection::{Detection, Event, FlowState, Scratch},
    parser::{ClassificationConfig, Rule, Variables, parse_files},
    unit::InspectionUnit,
};
use planted::{Facts, Made, Random, facts_of};

fn text() -> Option<String> {
    let root = std::env::var("DPI_TEST_DATA").unwrap_or_else(|_| "../../shared/data".to_owned());
    let path = format!("{root}/rules/snort3-community.rules");
    let text = std::fs::read(&path).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The rules that are wanted, and what the generator knows of them.
fn load(text: &str, wanted: impl Fn(&str) -> bool) -> (Detection, Vec<Facts>) {
    let lines: Vec<&str> = text.lines().filter(|line| wanted(line)).collect();
    let ruleset = parse_files(
        [("community.rules", lines.join("\n").as_bytes())],
        &Variables::stock(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    let line_of = |rule: &Rule| lines[rule.origin.line as usize - 1];
    let facts = ruleset
        .rules
        .iter()
        .map(|rule| facts_of(rule, line_of(rule)));
    let facts = facts.collect();
    let (detection, errors) = Detection::compile(ruleset, &config()).unwrap();
    assert!(errors.is_empty());
    (detection, facts)
}

/// No limit is hit, since limits may cut each evaluator at another rule.
fn config() -> Config {
    Config {
        max_evaluation_steps: u32::MAX,
        event_queue: EventQueue {
            max_queue: usize::MAX,
            max_log: usize::MAX,
            ..EventQueue::default()
        },
        ..Config::default()
    }
}

/// A way to judge a unit.
type Inspect = fn(
    &Detection,
    &InspectionUnit<'_>,
    Slot,
    Option<&mut FlowState>,
    &mut Scratch,
    MonoTime,
    &mut dyn FnMut(&Event<'_>),
);

/// An evaluator with its memory.
struct Evaluator {
    inspect: Inspect,
    scratch: Scratch,
}

impl Evaluator {
    fn new(inspect: Inspect) -> Evaluator {
        Evaluator {
            inspect,
            scratch: Scratch::new(&config()),
        }
    }

    /// Sids of the last of some passes over a unit, rising.
    fn sids(&mut self, detection: &Detection, made: &Made, time: u64, passes: u32) -> Vec<u32> {
        let mut state = FlowState::default();
        let mut sids = Vec::new();
        for _ in 0..passes {
            sids.clear();
            made.with_unit(|unit| {
                let mut emit = |event: &Event<'_>| sids.push(event.rule.id.sid);
                let time = MonoTime(time * 1_000_000);
                let inspect = self.inspect;
                let state = Some(&mut state);
                inspect(
                    detection,
                    unit,
                    Slot(1),
                    state,
                    &mut self.scratch,
                    time,
                    &mut emit,
                );
            });
        }
        sids.sort_unstable();
        sids
    }
}

/// Compares the evaluators on units of a seed; says how many alerts there were.
fn compare(detection: &Detection, facts: &[Facts], seed: u64, units: u64, passes: u32) -> usize {
    let mut random = Random::new(seed);
    let mut fast = Evaluator::new(Detection::inspect);
    let mut naive = Evaluator::new(Detection::inspect_naively);
    let mut exhaustive = Evaluator::new(Detection::inspect_exhaustively);
    let mut alerts = 0;
    for number in 0..units {
        let made = Made::generate(&mut random, facts);
        let found = fast.sids(detection, &made, number, passes);
        let place = || format!("seed {seed}, unit {number}: {made:?}");
        assert_eq!(
            found,
            naive.sids(detection, &made, number, passes),
            "{}",
            place()
        );
        // It has counts of detection_filter of its own, over the units that it sees.
        if made.is_all_fresh() && !made.lead_has_filter {
            let all = exhaustive.sids(detection, &made, number, passes);
            let missed: Vec<_> = all.iter().filter(|sid| !found.contains(sid)).collect();
            assert!(missed.is_empty(), "missed {missed:?} of {}", place());
        }
        alerts += found.len();
    }
    alerts
}

#[test]
fn the_fast_path_finds_what_the_slow_ones_find() {
    let Some(text) = text() else {
        println!(
            "skipped: the_fast_path_finds_what_the_slow_ones_find: no community rules: set DPI_TEST_DATA"
        );
        return;
    };
    let (detection, facts) = load(&text, |line| {
        !line.contains("flowbits:isset") && !line.contains("flowbits:isnotset")
    });
    let mut alerts = 0;
    for seed in 1..=5 {
        alerts += compare(&detection, &facts, seed, 800, 1);
    }
    println!("{} rules, 4000 units, {alerts} alerts", detection.len());
    assert!(alerts > 1_000, "the generator hits too little: {alerts}");
}

/// Within a unit the order in which rules are tried has a say in flowbits. After two passes
/// all bits that the unit sets are set, so the third must agree.
#[test]
fn rules_that_test_flowbits_agree_once_the_bits_are_set() {
    let Some(text) = text() else {
        println!(
            "skipped: rules_that_test_flowbits_agree_once_the_bits_are_set: no community rules: set DPI_TEST_DATA"
        );
        return;
    };
    let (detection, facts) = load(&text, |line| line.contains("flowbits:"));
    let mut alerts = 0;
    for seed in 11..=13 {
        alerts += compare(&detection, &facts, seed, 1000, 3);
    }
    println!("{} rules, 3000 units, {alerts} alerts", detection.len());
    assert!(alerts > 40, "the generator hits too little: {alerts}");
}
