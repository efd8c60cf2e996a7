//! Rules made to cost: each compiles or is refused within bounds, evaluation ends at a limit
//! that is counted, and the rule is named.
#![expect(
    clippy::print_stdout,
    reason = "what it took is printed for the record"
)]

#[path = "common/mod.rs"]
mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "common/tcp.rs"]
mod tcp;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::Arc,
    time::Instant,
};

use dpi_snort::{
    Config, Engine, SlotTable,
    config::EventQueue,
    detection::{Detection, RuleLimit},
    parser::{ClassificationConfig, Variables, parse_files},
};
use frames::{ipv4, open};
use tcp::run;

/// An engine with the rules that are accepted; and how many are not.
fn engine(text: &str, config: Config) -> (Engine, usize) {
    let (detection, refused) = compile(text, &config);
    let slots = Arc::new(SlotTable::default());
    (Engine::new(config, Arc::new(detection), slots), refused)
}

/// The rules that are accepted; and how many are not.
fn compile(text: &str, config: &Config) -> (Detection, usize) {
    let ruleset = parse_files(
        [("hostile.rules", text.as_bytes())],
        &Variables::default(),
        &ClassificationConfig::default(),
        Arc::default(),
    );
    let refused = ruleset.errors.len();
    let (detection, _) = Detection::compile(ruleset, config).unwrap();
    (detection, refused)
}

/// Compiles rules and makes sure that the work and the memory for it stay within bounds. Time
/// is printed and not judged: it says more of the machine than of the rules.
fn within_bounds(text: &str) -> Engine {
    let (start, before) = (Instant::now(), resident_mb());
    let config = Config::default();
    let (detection, refused) = compile(text, &config);
    let (took, more) = (start.elapsed(), resident_mb().saturating_sub(before));
    let size = detection.group_size();
    println!(
        "{} rules compiled in {took:?}, {more} MB more, {size:?}",
        detection.len()
    );
    assert_eq!(refused, 0);
    assert!(size.memberships <= MEMBERSHIPS, "{size:?}");
    assert!(more < COMPILE_MB, "{more} MB");
    Engine::new(config, Arc::new(detection), Arc::default())
}

fn counters(engine: &Engine) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    engine.each_counter(|name, value| {
        all.insert(name, value);
    });
    all
}

/// Sids that hit a limit.
fn named(engine: &Engine, limit: RuleLimit) -> BTreeSet<u32> {
    let hits = engine.limit_hits().iter();
    hits.filter(|(_, hit, _)| *hit == limit)
        .map(|(rule, _, _)| rule.sid)
        .collect()
}

/// Far above what is measured; far below what would be without bounds.
const COMPILE_MB: u64 = 1024;
/// Rules of all groups: the bound of each side's ports, twice over. Were every piece of the
/// ports to hold all its rules, there would be 100 million.
const MEMBERSHIPS: usize = 1 << 20;

/// Resident memory of this process; tests beside this one count too.
fn resident_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    kb.parse::<u64>().unwrap() / 1024
}

/// 1,000 rules of ten kinds.
fn thousand() -> String {
    let mut text = String::new();
    let many = |item: &str, times: usize| item.repeat(times);
    for sid in 1..=1000_u32 {
        let n = sid as usize / 10;
        let body = match sid % 10 {
            0 => format!(r#"pcre:"/(a+)+[bc]{{1,{}}}/""#, n + 1),
            1 => format!(r#"content:"a"; pcre:"/((a*)*[bc]){{1,{}}}/R""#, n + 1),
            2 => many(r#"content:"a",distance 0; "#, n + 2) + r#"content:"b",distance 0"#,
            3 => many(r#"content:"a",within 65535,distance 1; "#, 3) + r#"content:!"a",distance 0"#,
            4 => {
                format!("byte_extract:1,{n},x; byte_math:bytes 4,offset 0,oper /,rvalue x,result y")
            }
            5 => format!(
                "byte_math:bytes 4,offset {n},oper *,rvalue 4294967295,result y; byte_jump:4,y,multiplier 65535"
            ),
            6 => format!(r#"content:"{}""#, many("a", 8000 + n)),
            7 => many(r#"content:"aa"; "#, n + 1) + "isdataat:65535,relative",
            8 => format!(
                r#"content:"a"; md5:!"|00|",length {},offset -1,relative; content:"b",distance 0"#,
                n + 1
            ),
            _ => format!(
                r#"regex:"/(a|aa)+b{n}/"; sd_pattern:"(a+)+b",threshold {}"#,
                n + 1
            ),
        };
        let _ = writeln!(text, "alert tcp any any -> any any ({body}; sid:{sid};)");
    }
    text
}

#[test]
fn a_thousand_hostile_rules_end_at_limits_that_name_them() {
    let start = Instant::now();
    let (mut engine, refused) = engine(&thousand(), Config::default());
    let compiled = start.elapsed();
    let data = [b'a'; 12_000];
    let pieces: Vec<(bool, &[u8])> = data.chunks(1_400).map(|piece| (true, piece)).collect();
    let frames = open(&pieces, 7777);
    let start = Instant::now();
    let alerts = run(&mut engine, &frames);
    println!(
        "{refused} of 1000 rules refused, the others compiled in {compiled:?}; {} packets in {:?}, {} alerts",
        frames.len(),
        start.elapsed(),
        alerts.0.len()
    );
    let counters = counters(&engine);
    assert_eq!(counters["dropped.panic"], 0);
    assert_eq!(counters["packets"], counters["inspected"]);
    for name in ["detection.max_rule_steps", "detection.pcre_limit"] {
        assert!(counters[name] > 0, "{name} is not hit");
    }
    let by_steps = named(&engine, RuleLimit::Steps);
    assert!(by_steps.iter().any(|sid| sid % 10 == 2), "{by_steps:?}");
    let by_pcre = named(&engine, RuleLimit::Pcre);
    assert!(by_pcre.iter().any(|sid| sid % 10 <= 1), "{by_pcre:?}");
    assert!(
        by_steps.iter().all(|sid| sid % 10 != 6),
        "a long content costs nothing"
    );
}

#[test]
fn one_costly_rule_does_not_starve_the_others() {
    let rules = r#"
        alert tcp any any -> any any (content:"a"; content:"a",distance 0; content:"a",distance 0; content:"b",distance 0; sid:1;)
        alert tcp any any -> any any (content:"aaaa"; content:!"b"; sid:2;)
    "#;
    let (mut engine, _) = engine(rules, Config::default());
    let frames = open(&[(true, &[b'a'; 1_400])], 7777);
    assert_eq!(run(&mut engine, &frames).sids(), [2]);
    assert_eq!(named(&engine, RuleLimit::Steps), [1].into());
    assert_eq!(counters(&engine)["detection.max_evaluation_steps"], 0);
}

#[test]
fn sixty_five_thousand_alerts_on_one_packet_are_cut_and_counted() {
    let mut text = String::new();
    for sid in 1..=65_536 {
        let _ = writeln!(text, "alert udp any any -> any any (sid:{sid};)");
    }
    let frames = [ipv4(1, 17, 1, 0, &[0, 1, 0, 2, 0, 10, 0, 0, b'h', b'i'])];
    let (mut limited, _) = engine(&text, Config::default());
    assert_eq!(run(&mut limited, &frames).0.len(), 1000);
    assert_eq!(counters(&limited)["detection.max_queue"], 64_536);
    assert!(named(&limited, RuleLimit::Events).contains(&1001));
    let config = Config {
        event_queue: EventQueue {
            max_queue: usize::MAX,
            max_log: usize::MAX,
            ..EventQueue::default()
        },
        ..Config::default()
    };
    let (mut free, _) = engine(&text, config);
    assert_eq!(run(&mut free, &frames).0.len(), 65_536);
}

#[test]
fn a_hundred_thousand_rules_compile_and_find() {
    let mut text = String::new();
    for sid in 1..=100_000 {
        let _ = writeln!(
            text,
            r#"alert tcp any any -> any {} (content:"needle {sid:06} of many"; sid:{sid};)"#,
            sid % 65_535 + 1
        );
    }
    let mut engine = within_bounds(&text);
    let frames = open(
        &[(true, b"x needle 077778 of many, needle 012243 of many")],
        12_244,
    );
    assert_eq!(run(&mut engine, &frames).sids(), [12_243, 77_778]);
}

#[test]
fn expressions_that_are_too_large_are_refused() {
    let nested = "(".repeat(10_000) + &")".repeat(10_000);
    for expression in [
        "((a{1,60000}){1,60000})",
        "(abcdefgh){60000}",
        "a{99999}",
        nested.as_str(),
    ] {
        let rule = format!("alert tcp any any -> any any (pcre:\"/{expression}/\"; sid:1;)");
        let (_, refused) = engine(&rule, Config::default());
        assert_eq!(refused, 1, "{}", expression.get(..20).unwrap_or(expression));
    }
}

/// Lists that overlap in each of many pieces.
#[test]
fn port_lists_that_overlap_are_not_multiplied() {
    let mut text = String::new();
    for sid in 1..=10_000_u32 {
        let first = sid * 6;
        let _ = writeln!(
            text,
            "alert tcp any any -> any {first}: (content:\"needle {sid:05}\"; sid:{sid};)"
        );
        let _ = writeln!(
            text,
            "alert tcp any {first}:{} -> any any (flags:A; dsize:{}; sid:{};)",
            first + 500,
            sid % 7,
            100_000 + sid
        );
    }
    let mut engine = within_bounds(&text);
    let frames = open(&[(true, b"x needle 00100, needle 09999")], 1200);
    let sids = run(&mut engine, &frames).sids();
    assert!(sids.contains(&100), "{sids:?}");
    assert!(!sids.contains(&9_999), "port 1200 is below 59,994");
}

/// Rules that each take many steps: a unit ends at its own limit, and says by which rule.
#[test]
fn many_costly_rules_end_at_the_limit_of_the_unit() {
    let mut text = String::new();
    for sid in 1..=2_000 {
        let _ = writeln!(
            text,
            "alert tcp any any -> any any (content:\"a\"; content:\"a\",distance {}; \
             content:\"b\",distance 0; sid:{sid};)",
            sid % 97
        );
    }
    let (mut engine, _) = engine(&text, Config::default());
    let frames = open(&[(true, &[b'a'; 1_400])], 7777);
    assert!(run(&mut engine, &frames).sids().is_empty());
    let counters = counters(&engine);
    assert!(counters["detection.max_evaluation_steps"] > 0);
    assert_eq!(named(&engine, RuleLimit::Unit).len(), 1);
    let limit = u64::from(Config::default().max_evaluation_steps);
    println!(
        "{} rules were tried in {limit} steps of a unit",
        counters["detection.evaluations"]
    );
    assert!(counters["detection.evaluations"] < 2 * 2_000);
}

/// Arithmetic that leaves 32 bits, and division by what is 0 in the packet.
#[test]
fn arithmetic_that_has_no_result_fails_and_nothing_else() {
    let rule = |sid: u32, math: &str| {
        format!("alert tcp any any -> any any (content:\"x\"; {math}; sid:{sid};)\n")
    };
    let text = [
        rule(
            1,
            "byte_extract:1,1,zero; byte_math:bytes 4,offset 2,oper /,rvalue zero,result y",
        ),
        rule(
            2,
            "byte_math:bytes 4,offset 2,oper *,rvalue 4294967295,result y",
        ),
        rule(
            3,
            "byte_math:bytes 4,offset 2,oper +,rvalue 4294967295,result y",
        ),
        rule(4, "byte_math:bytes 1,offset 1,oper -,rvalue 1,result y"),
        rule(5, "byte_math:bytes 4,offset 2,oper <<,rvalue 31,result y"),
        rule(6, "byte_math:bytes 1,offset 2,oper >>,rvalue 31,result y"),
        rule(
            7,
            "byte_extract:4,2,far; byte_jump:4,2,multiplier 65535; isdataat:far",
        ),
        rule(8, "byte_math:bytes 1,offset 0,oper /,rvalue 0,result y"),
    ]
    .concat();
    let (mut engine, refused) = engine(&text, Config::default());
    assert_eq!(refused, 1, "division by a 0 of the rule");
    let frames = open(&[(true, b"x\0\xff\xff\xff\xff")], 7777);
    // A shift has a result always: what leaves the 32 bits is lost.
    assert_eq!(run(&mut engine, &frames).sids(), [5, 6]);
    assert_eq!(counters(&engine)["dropped.panic"], 0);
}
